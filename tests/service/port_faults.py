"""The service with one call of one role of `adapters.ports` failing, and the requests by which it calls each of them.

Knows which requests bring a service to call a method; refuses to know what the method does.
"""

import inspect
import io
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, redirect_stdout
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import count
from typing import Any, Final, Protocol

import aiohttp
import structlog

from adapters import ports
from contracts.cases import World
from shim import logs
from shim.settings import load_settings
from shim.standin import Standin
from shim.wiring import running
from shim.wrapping import Role
from tests.service.running import Asking, environment
from tests.service.test_probes import free_port

PLANTED: Final = "zzPLANTEDzz"
"""Stands in every failure's text, and nowhere else."""
MOST_STORIES: Final = 8
"""A method is called at least once in each story, so that its fifth call comes within so many."""

Told = tuple[int, Any]
"""What a client makes of an answer: its status; rows and whether more follow, or else all of its body."""


def port_methods() -> list[str]:
    """Every method of every Protocol in `adapters.ports`, as `Port.method`."""
    found = [kind for kind in vars(ports).values() if inspect.isclass(kind) and Protocol in kind.__bases__]
    return [
        f"{port.__name__}.{name}"
        for port in found
        for name, member in vars(port).items()
        if inspect.isfunction(member) and not name.startswith("_")
    ]


@dataclass(slots=True)
class Fault:
    """Fails one call of one method, once it is armed, and counts the calls until then."""

    method: str
    failure: BaseException = field(default_factory=RuntimeError)
    has_come: bool = False
    _calls_left: int = 0

    def arm(self, call: int, failure: BaseException) -> None:
        """Has this call from now on fail; the next one is the first."""
        self._calls_left, self.failure, self.has_come = call, failure, False

    def wrap(self, port: str, made: Role) -> Role:
        """`made`, or what stands in its place when the method is its."""
        wrapped: Any = _Failing(made, self)
        return wrapped if port == self.method.partition(".")[0] else made

    def count(self) -> None:
        """Told of each call; raises at the one that is to fail."""
        self._calls_left -= 1
        if self._calls_left == 0:
            self.has_come = True
            raise self.failure


class _Failing:
    """Whoever plays a role, with a fault at one of its methods."""

    def __init__(self, made: object, fault: Fault) -> None:
        self._made = made
        self._fault = fault

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._made, name)
        if name != self._fault.method.partition(".")[2]:
            return method
        return self._later(method) if inspect.iscoroutinefunction(method) else self._now(method)

    def _later(self, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def called(*args: Any, **kwargs: Any) -> Any:
            self._fault.count()
            return await method(*args, **kwargs)

        return called

    def _now(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **kwargs: Any) -> Any:
            self._fault.count()
            return method(*args, **kwargs)

        return called


@dataclass(frozen=True, slots=True)
class Story:
    """Requests for an account nobody has asked for before, in a service with these settings of this world."""

    tell: Callable[[Asking, str], Awaitable[Sequence[Told]]]
    world: World
    settings: Mapping[str, str] = field(default_factory=dict)
    has_ops_port: bool = False


@dataclass(slots=True)
class Stage:
    """A running service that tells one story over and over, each time for another account."""

    story: Story
    asking: Asking
    fault: Fault
    log: io.StringIO
    _accounts: Iterator[int] = field(default_factory=count)
    _account: str = ""

    async def tell(self) -> Sequence[Told]:
        """The story, for an account of its own."""
        self._account = f"account-{next(self._accounts)}"
        return await self.tell_again()

    async def tell_again(self) -> Sequence[Told]:
        """The story once more for the account of the last one."""
        self.asking.zoom.forget_faults()
        return await self.story.tell(self.asking, self._account)

    async def tell_with(self, call: int, failure: BaseException) -> Sequence[Told]:
        """The story in which this call fails, where need be after others in which the earlier calls succeed."""
        self.fault.arm(call, failure)
        for _ in range(MOST_STORIES):
            told = await self.tell()
            if self.fault.has_come:
                return told
        raise AssertionError(f"{self.fault.method} is not called by its story")


@asynccontextmanager
async def staged(method: str, story: Story) -> AsyncIterator[Stage]:
    """The story's service, with the fault laid at `method`, and everything it logs."""
    fault = Fault(method)
    ops = {"SHIM_OPS_PORT": free_port()} if story.has_ops_port else {}
    async with Standin(story.world) as zoom:
        settings = load_settings(environment(zoom.api_url, {**story.settings, **ops}))
        with captured_log() as log:
            async with running(settings, wrap=fault.wrap) as shim, aiohttp.ClientSession() as client:
                client._retry_connection = False  # a connection that is cut must be seen
                host, port = shim.server.addresses[0]
                yield Stage(story, Asking(f"http://{host}:{port}", zoom, client, shim), fault, log)


@contextmanager
def captured_log() -> Iterator[io.StringIO]:
    """What the service would write on standard output, every level of it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with redirect_stdout(io.StringIO()) as written:
        logs.configure(format="json", level="debug")
        try:
            yield written
        finally:
            logging.captureWarnings(False)
            root.handlers[:] = handlers
            root.setLevel(level)
            structlog.reset_defaults()


def is_envelope_of_ours(told: Told) -> bool:
    """Whether an answer is a failure of this service in v1's envelope, with the standard's own words."""
    status, body = told
    return status in range(500, 505) and body == {"code": status, "message": HTTPStatus(status).phrase}
