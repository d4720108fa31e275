"""Where a host name leads: the machine's own resolver, made to say so when it leads nowhere.

Refuses to know who asks and what for.
"""

import socket

from aiohttp import ThreadedResolver
from aiohttp.abc import ResolveResult


class HostNames(ThreadedResolver):
    """The machine's resolver. A name without any address is an `OSError`, as an unknown one is.

    aiohttp goes on with the empty list and ends in an exception of no family of its own.
    """

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """See `aiohttp.abc.AbstractResolver.resolve`; always at least one address."""
        found = await super().resolve(host, port, family)
        if not found:
            raise OSError(socket.EAI_NONAME, "no address")
        return found
