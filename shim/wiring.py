"""Settings in, a running service out: everything is made here, once, and closed in reverse."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from adapters.call_search import CallSearch
from adapters.charges import Charges
from adapters.directory import ExtensionDirectory
from adapters.exchange import api_session
from adapters.finished import RecordCache
from adapters.numbers import calling_codes, places_by_prefix, places_by_range
from adapters.operations.service import Service
from adapters.page_tokens import PageTokens
from adapters.ports import Credential, Identities
from adapters.rate_budget import RateBudget
from adapters.records import FINISHING, Records
from adapters.shared_calls import SharedCalls
from adapters.state import open_identities
from adapters.translation.world import World
from adapters.zoom_api import ZoomApi
from shim.app_credential import app_token
from shim.dispatch import Dispatcher
from shim.entrance import entrance
from shim.in_flight import InFlight
from shim.listener import RunningServer, start_server, tls_context
from shim.ops import Ops
from shim.pages import load_pages
from shim.pass_through import PassThrough, pass_through_session, proxy_for
from shim.settings import Settings
from shim.telemetry import Telemetry


@dataclass(frozen=True, slots=True)
class RunningShim:
    """The service with its listeners open; `ops_server` is None when that port is off."""

    server: RunningServer
    ops_server: RunningServer | None
    ops: Ops

    def drain(self) -> None:
        """Tells probes and clients to go elsewhere while every request is still answered."""
        self.ops.draining = True
        self.server.drain()

    async def close(self, grace: float) -> None:
        """Closes the listeners; requests under way get `grace` seconds."""
        await self.server.close(grace)
        if self.ops_server is not None:
            await self.ops_server.close(0)


def _now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[RunningShim]:
    """The service as `settings` want it, listening; closed without grace when the block ends before `close`."""
    async with AsyncExitStack() as stack:
        identities = await stack.enter_async_context(open_identities(settings.state_url))
        telemetry = Telemetry()
        credential = await stack.enter_async_context(app_token(settings, on_call=telemetry.upstream_called))
        token_keys = await _token_keys(settings, identities)
        directory, service = await _service(
            settings, identities, telemetry, stack, credential=credential, token_keys=token_keys
        )
        pages = load_pages() if settings.ops_port else {}
        ops = Ops(identities=identities, directory=directory, charges=service.charges, telemetry=telemetry, pages=pages)
        api_proxy = proxy_for(settings.api_url)
        passing = await stack.enter_async_context(pass_through_session(proxy=api_proxy))
        way = PassThrough(api_url=settings.api_url, oauth_url=settings.oauth_url, session=passing)
        door = entrance(settings, way=way, credential=credential, token_keys=token_keys, now=_now)
        dispatcher = Dispatcher(
            service=service,
            ops=ops,
            callers=door.callers,
            own_tokens=door.own_tokens,
            passing=door.passing,
            telemetry=telemetry,
            in_flight=InFlight(),
            deadline=settings.deadline,
        )
        shim = await _listening(settings, dispatcher, ops)
        try:
            yield shim
        finally:
            await shim.close(0)


async def _service(
    settings: Settings,
    identities: Identities,
    telemetry: Telemetry,
    stack: AsyncExitStack,
    *,
    credential: Credential | None,
    token_keys: Sequence[str],
) -> tuple[ExtensionDirectory, Service]:
    clock = asyncio.get_running_loop().time
    session = await stack.enter_async_context(api_session(proxy=proxy_for(settings.api_url)))
    zoom = SharedCalls(
        ZoomApi(
            session,
            api_url=settings.api_url,
            credential=credential,
            budget=RateBudget(settings.plan, settings.rate_share, clock=clock),
            clock=clock,
            on_call=telemetry.upstream_called,
        )
    )
    directory = ExtensionDirectory(zoom, clock=clock)
    finishing = min(FINISHING, settings.deadline / 10)
    records = Records(
        zoom,
        identities,
        directory=directory,
        cache=RecordCache(mib=settings.cache_mib, clock=clock),
        world=_world(settings),
        observer=telemetry,
        now=_now,
        finishing=finishing,
    )
    search = CallSearch(
        zoom, observer=telemetry, fidelity=settings.fidelity, now=_now, clock=clock, finishing=finishing
    )
    return directory, Service(
        zoom=zoom,
        records=records,
        search=search,
        charges=Charges(zoom, observer=telemetry, clock=clock, profile=settings.profile, finishing=finishing),
        identities=identities,
        page_tokens=PageTokens(token_keys),
        observer=telemetry,
        options=settings.rules.options,
        fidelity=settings.fidelity,
        are_charges_told=settings.charges == "on",
        now=_now,
    )


async def _token_keys(settings: Settings, identities: Identities) -> Sequence[str]:
    """The keys that seal what clients carry: those given, else the one kept with the state."""
    return [key.get_secret_value() for key in settings.token_keys] or [await identities.sealing_key()]


def _world(settings: Settings) -> World:
    named = settings.number_locations
    return World(
        options=settings.rules.options,
        place_of=places_by_range() if named.is_builtin else places_by_prefix(named.places),
        calling_codes=calling_codes(),
        profile=settings.profile,
    )


async def _listening(settings: Settings, dispatcher: Dispatcher, ops: Ops) -> RunningShim:
    context = tls_context(settings.tls_cert, settings.tls_key) if settings.tls_cert and settings.tls_key else None
    server = await start_server(dispatcher, host=settings.host, port=settings.port, ssl_context=context)
    if settings.ops_port == 0:
        return RunningShim(server, None, ops)
    try:
        ops_server = await start_server(ops.handle, host=settings.host, port=settings.ops_port)
    except OSError:
        await server.close(0)
        raise
    return RunningShim(server, ops_server, ops)
