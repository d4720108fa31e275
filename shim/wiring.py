"""Settings in, a running service out: everything is made here, once, and closed in reverse."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from adapters.ahead import Ahead
from adapters.call_search import CallSearch
from adapters.charges import Charges
from adapters.credentials import CallersOwn
from adapters.details import Details
from adapters.directory import ExtensionDirectory
from adapters.exchange import api_session
from adapters.finished import RecordCache
from adapters.kept_pages import KeptPages
from adapters.numbers import calling_codes, places_by_prefix, places_by_range
from adapters.operations.service import Service
from adapters.page_tokens import PageTokens
from adapters.ports import Credential, Identities
from adapters.rate_budget import RateBudget
from adapters.records import FINISHING, Records
from adapters.shared_calls import SharedCalls
from adapters.state import open_identities
from adapters.translation.world import World
from adapters.upstream_health import UpstreamHealth
from adapters.upstream_watch import WatchedBudget
from adapters.zoom_api import ZoomApi
from shim.app_credential import app_token, keep_token
from shim.connection import Limits
from shim.dispatch import Dispatcher
from shim.entrance import entrance
from shim.gauges import rooms, show_build, show_cache, show_connections, show_replicas, show_stores
from shim.listener import OPS_CLIENTS, RunningServer, clients_that_fit, open_files, start_server, tls_context
from shim.loop_lag import watch_loop
from shim.operations import Operations
from shim.ops import Ops
from shim.owned_tasks import beside
from shim.pages import load_pages
from shim.pass_through import PassThrough
from shim.pass_through_session import pass_through_session, proxy_for
from shim.replicas import Sharing, link_of, open_sharing
from shim.settings import Settings
from shim.telemetry import Telemetry
from shim.wrapping import Wrapping, as_made


@dataclass(frozen=True, slots=True)
class RunningShim:
    """The service with its listeners open; `ops_server` is None when that port is off."""

    server: RunningServer
    ops_server: RunningServer | None
    ops: Ops
    ahead: Ahead

    def drain(self) -> None:
        """Tells probes and clients to go elsewhere while every request is still answered."""
        self.ahead.stop()
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
async def running(settings: Settings, *, wrap: Wrapping = as_made) -> AsyncIterator[RunningShim]:
    """The service as `settings` want it, listening; closed without grace when the block ends before `close`.

    `wrap` may put something around every role of `adapters.ports`.
    """
    async with AsyncExitStack() as stack:
        link = await stack.enter_async_context(link_of(settings))
        state = settings.state_url.url.get_secret_value()
        identities = wrap("Identities", await stack.enter_async_context(open_identities(state, link=link)))
        telemetry = Telemetry()
        token_keys = await _token_keys(settings, identities)
        sharing = await stack.enter_async_context(open_sharing(settings, link, token_keys=token_keys))
        token = await stack.enter_async_context(
            app_token(settings, on_call=telemetry.upstream_called, share=sharing.grants)
        )
        credential: Credential = wrap("Credential", CallersOwn() if token is None else token)
        directory, service = await _service(
            settings,
            identities,
            telemetry,
            stack,
            credential=credential,
            token_keys=token_keys,
            sharing=sharing,
            wrap=wrap,
        )
        pages = load_pages() if settings.ops_port else {}
        ops = Ops(
            identities=identities,
            directory=directory,
            charges=service.charges,
            meters=telemetry.meters,
            pages=pages,
            token=token,
            is_state_shared=settings.state_url.is_redis,
        )
        api_proxy = proxy_for(settings.api_url)
        passing = await stack.enter_async_context(pass_through_session(proxy=api_proxy))
        way = PassThrough(api_url=settings.api_url, oauth_url=settings.oauth_url, session=passing)
        lent = None if token is None else credential
        door = entrance(settings, way=way, credential=lent, token_keys=token_keys, now=_now)
        in_flight, passed = rooms(telemetry.meters)
        dispatcher = Dispatcher(
            operations=Operations(
                service=service, callers=door.callers, in_flight=in_flight, deadline=settings.deadline
            ),
            ops=ops,
            own_tokens=door.own_tokens,
            passing=door.passing,
            passed=passed,
            telemetry=telemetry,
        )
        shim = await _listening(settings, dispatcher, ops, telemetry)
        stack.push_async_callback(shim.close, 0)
        show_build(telemetry.meters, settings)
        show_stores(telemetry.meters, identities=identities, token=token)
        if link is not None:
            show_replicas(telemetry.meters, link)
        if token is not None:
            await stack.enter_async_context(beside("token", keep_token(token)))
        if settings.ops_port:  # nobody could read it otherwise
            await stack.enter_async_context(beside("loop lag", watch_loop(telemetry.loop_lagged)))
        yield shim


async def _service(
    settings: Settings,
    identities: Identities,
    telemetry: Telemetry,
    stack: AsyncExitStack,
    *,
    credential: Credential,
    token_keys: Sequence[str],
    sharing: Sharing,
    wrap: Wrapping,
) -> tuple[ExtensionDirectory, Service]:
    clock = asyncio.get_running_loop().time
    session = await stack.enter_async_context(api_session(proxy=proxy_for(settings.api_url)))
    observer, watch = wrap("Observer", telemetry), wrap("UpstreamWatch", telemetry)
    api = ZoomApi(
        session,
        api_url=settings.api_url,
        credential=credential,
        budget=WatchedBudget(
            wrap("Budget", RateBudget(settings.plan, settings.rate_share, clock=clock, shared=sharing.windows)),
            watch,
            clock=clock,
        ),
        health=UpstreamHealth(clock=clock, watch=watch),
        clock=clock,
        on_call=telemetry.upstream_called,
    )
    shared = SharedCalls(wrap("TraceableZoom", api), clock=clock, watch=watch)
    stack.push_async_callback(shared.aclose)
    zoom = wrap("Zoom", shared)
    directory = ExtensionDirectory(zoom, clock=clock)
    stack.push_async_callback(directory.aclose)
    ahead = Ahead(is_quiet=api.is_quiet, calls_made=lambda: shared.made, clock=clock, watch=watch)
    stack.push_async_callback(ahead.aclose)
    finishing = min(FINISHING, settings.deadline / 10)
    cache = RecordCache(mib=settings.cache_mib, clock=clock, shelf=sharing.shelf)
    show_cache(telemetry.meters, cache)
    records = Records(
        Details(zoom, observer=observer, now=_now, clock=clock, on_had=cache.detail_was_had),
        identities,
        directory=directory,
        cache=cache,
        world=_world(settings),
        observer=observer,
        finishing=finishing,
    )
    search = CallSearch(zoom, observer=observer, fidelity=settings.fidelity, now=_now, clock=clock, finishing=finishing)
    return directory, Service(
        zoom=zoom,
        records=records,
        search=search,
        charges=Charges(zoom, observer=observer, clock=clock, profile=settings.profile, finishing=finishing),
        identities=identities,
        page_tokens=PageTokens(token_keys),
        kept_pages=KeptPages(clock=clock),
        ahead=ahead,
        observer=observer,
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


async def _listening(settings: Settings, dispatcher: Dispatcher, ops: Ops, telemetry: Telemetry) -> RunningShim:
    context = tls_context(settings.tls_cert, settings.tls_key) if settings.tls_cert and settings.tls_key else None
    server = await start_server(
        dispatcher,
        host=settings.host,
        port=settings.port,
        ssl_context=context,
        limits=Limits(connections=clients_that_fit(open_files())),
        on_refusal=partial(telemetry.refused, "main"),
    )
    show_connections(telemetry.meters, "main", server)
    if settings.ops_port == 0:
        return RunningShim(server, None, ops, dispatcher.operations.service.ahead)
    try:
        ops_server = await start_server(
            ops.handle,
            host=settings.host,
            port=settings.ops_port,
            limits=Limits(connections=OPS_CLIENTS),
            on_refusal=partial(telemetry.refused, "ops"),
        )
    except OSError:
        await server.close(0)
        raise
    show_connections(telemetry.meters, "ops", ops_server)
    return RunningShim(server, ops_server, ops, dispatcher.operations.service.ahead)
