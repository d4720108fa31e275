"""What is read off the running service whenever somebody scrapes it: rooms, connections, caches, troubles.

Refuses to count: `shim.telemetry` does.
"""

import asyncio
from typing import TYPE_CHECKING

from adapters.credentials import AppToken
from adapters.finished import RecordCache
from adapters.ports import Identities
from shim import metrics
from shim.in_flight import MOST_PASSED, MOST_PASSED_OF_ONE, InFlight, Limit
from shim.listener import RunningServer
from shim.meters import Meters
from shim.own_version import own_version
from shim.settings import Settings

if TYPE_CHECKING:
    from adapters.redis.link import RedisLink


def rooms(meters: Meters) -> tuple[InFlight, InFlight]:
    """The rooms for operations and for what passes through, each shown with whom it refuses."""
    operations = InFlight(on_refusal=lambda limit: _crowded(meters, "operations", limit))
    passed = InFlight(
        most_of_one=MOST_PASSED_OF_ONE,
        most_in_all=MOST_PASSED,
        on_refusal=lambda limit: _crowded(meters, "passed", limit),
    )
    meters.show(metrics.IN_FLIGHT, operations.__len__, "operations")
    meters.show(metrics.IN_FLIGHT, passed.__len__, "passed")
    return operations, passed


def _crowded(meters: Meters, room: str, limit: Limit) -> None:
    meters.count(metrics.CROWDED, room, limit)


def show_build(meters: Meters, settings: Settings) -> None:
    """Shows what runs, and how much of it at once."""
    meters.show(metrics.TASKS, lambda: len(asyncio.all_tasks()))
    meters.show(metrics.BUILD, lambda: 1.0, own_version(), settings.fidelity, settings.profile)


def show_connections(meters: Meters, port: str, server: RunningServer) -> None:
    """Shows how many clients a port has."""
    meters.show(metrics.CONNECTIONS, lambda: server.connections, port)


def show_cache(meters: Meters, cache: RecordCache) -> None:
    """Shows what the finished records take."""
    meters.show(metrics.CACHE_BYTES, lambda: cache.size)


def show_stores(meters: Meters, *, identities: Identities, token: AppToken | None) -> None:
    """Shows what requests need before they can be answered, and whether it is there."""
    meters.show(metrics.STATE_TROUBLE, lambda: identities.trouble() is not None)
    meters.show(metrics.IDENTITIES_WAITING, identities.waiting)
    if token is not None:
        meters.show(metrics.CREDENTIAL_HELD, lambda: token.trouble() is None)


def show_replicas(meters: Meters, link: "RedisLink") -> None:
    """Shows among how many the limits are shared."""
    meters.show(metrics.REPLICAS, lambda: link.replicas)
