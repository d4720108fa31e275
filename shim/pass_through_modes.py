"""With whose credential other paths go to Zoom (`SHIM_PASS_THROUGH`), decided before a byte leaves.

Refuses to know how a request is forwarded: `shim.pass_through` does that.
"""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from aiohttp import hdrs, web

from adapters.errors import LegacyRefusal, OwnCredentialFailed
from adapters.ports import Credential
from shim.answers import envelope
from shim.boundary import answer_to
from shim.callers import Callers
from shim.own_secrets import OwnSecrets
from shim.pass_through import Lent, PassThrough
from shim.presented import presented
from shim.routing import query_of


class Passing(Protocol):
    """The answer to a request for a path of Zoom's that is no operation here."""

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Zoom's answer, or a refusal in the envelope; raises `UpstreamBroken` for one that broke off."""


class Shut:
    """Nothing passes."""

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """403 for everybody."""
        del request
        return envelope(HTTPStatus.FORBIDDEN)


@dataclass(frozen=True, slots=True)
class WithCallersCredential:
    """A request passes as it came, unless it holds a secret of this service."""

    way: PassThrough
    secrets: OwnSecrets | None

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """403 for whoever would show Zoom a client key or a bearer of ours."""
        if self.secrets is not None and self.secrets.stand_in(request):
            return envelope(HTTPStatus.FORBIDDEN)
        return await self.way.forward(request, request.raw_path)


@dataclass(frozen=True, slots=True, kw_only=True)
class WithAppsCredential:
    """A known caller's request passes with the app's credential; `deadline` is the seconds to have that in."""

    way: PassThrough
    callers: Callers
    secrets: OwnSecrets
    credential: Credential
    deadline: float

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """401 for a caller that is nobody, 403 where a secret would travel, 503 when the app's own is refused."""
        shown = presented(request.headers.get(hdrs.AUTHORIZATION, ""), query_of(request.raw_path.partition("?")[2]))
        until = asyncio.get_running_loop().time() + self.deadline
        try:
            caller = self.callers.caller(shown, account=None, deadline=until)
            # TRACE would bring the app's own credential back.
            if request.method == hdrs.METH_TRACE or self.secrets.stand_besides_authorization(request):
                return envelope(HTTPStatus.FORBIDDEN)
            return await self.way.forward(request, request.raw_path, lent=Lent(self.credential, caller))
        except (LegacyRefusal, OwnCredentialFailed) as failure:
            return answer_to(failure)
