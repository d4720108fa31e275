"""Worlds made up from the flow cases: as many calls as wanted, the same for the same seed; and the demo's world.

It knows which flows there are, how often each is played, and how times are drawn.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any, Final
from uuid import UUID

from contracts.cases import World, load
from shim.standin.charges import bill
from shim.standin.company import Company, Extension, Kind, found_company, meet_outsider
from shim.standin.flows import Flow, Values, flow_of, when, who
from shim.standin.world import merged, newest_first

GUIDE: Final = "marketing_hotline"
"""The case of the vendor guide's own call; it keeps its people and its dates."""
FAMILIES: Final[Mapping[str, int]] = {
    "direct_inbound_user": 20,
    "outbound_call": 20,
    "call_queue": 12,
    "internal_call": 8,
    "missed": 6,
    "voicemail": 6,
    "ar_dial_by_extension": 5,
    "caller_abandons_queue": 4,
    "queue_overflow": 3,
    "shared_line": 3,
    "blind_transfer": 3,
    "outbound_as_auto_receptionist": 2,
    "forward_to_pstn": 2,
    "warm_transfer": 2,
    "busy": 1,
    "rejected": 1,
    "blocked": 1,
    "park_pickup": 1,
}
"""Flow case -> how often it is played among a hundred calls."""

SECONDS_BETWEEN_CALLS: Final = (20, 400)
SHORT_SECONDS: Final = 45
DEMO_SEED: Final = 20210511
DEMO_CALLS: Final = 300
HOURS_BETWEEN_FLOWS: Final = 3


def generate(seed: int, count: int, *, newest: datetime) -> World:
    """`count` call history rows with their records and charges, newest first, none ending after `newest` (aware)."""
    rng = Random(seed)
    company = found_company(rng)
    flows = {name: flow_of(world) for name, world in _case_worlds().items()}
    rows: list[dict[str, Any]] = []
    records: list[dict[str, Any]] = []
    ending = newest.astimezone(UTC).replace(microsecond=0)
    while len(rows) < count:
        (name,) = rng.choices([*FAMILIES], [*FAMILIES.values()])
        flow = flows[name]
        if len(flow.rows) <= count - len(rows):
            ending -= timedelta(seconds=rng.randint(*SECONDS_BETWEEN_CALLS))
            played = _played(flow, company, rng, ending)
            rows += played.call_history
            records += played.records
    listed = newest_first(rows)
    # Another die than the calls': what they cost must not change who calls whom.
    charges = list(bill(listed, Random(f"charges {seed}")))
    return World(listed, newest_first(records), company.directory(), charges)


def demo_world(now: datetime) -> World:
    """The guide's call at its own date, every flow in the last days before `now`, and some hundred other calls."""
    cases = {case.id: case.world for case in load()}
    moved = (
        _moved(cases[name], now - timedelta(hours=1 + HOURS_BETWEEN_FLOWS * place))
        for place, name in enumerate(FAMILIES)
    )
    return merged(cases[GUIDE], *moved, generate(DEMO_SEED, DEMO_CALLS, newest=now))


def _case_worlds() -> dict[str, World]:
    worlds = {case.id: case.world for case in load()}
    return {name: worlds[name] for name in FAMILIES}


def _moved(world: World, start: datetime) -> World:
    """The same people and ids at another time."""
    flow = flow_of(world)
    shift = start.astimezone(UTC).replace(microsecond=0) - flow.moments[0]
    moments = {moment: moment + shift for moment in flow.moments}
    filled = flow.filled(when(flow, moments, uuid=lambda same: same, low_bits=lambda same, _: same))
    return World(filled.call_history, filled.records, world.directory)


def _played(flow: Flow, company: Company, rng: Random, ending: datetime) -> World:
    """The flow with other people, other ids and at another pace, over at `ending`."""
    cast = _cast(flow.roles, company, rng)
    values: Values = who(flow, cast, lambda: meet_outsider(rng))
    values |= {slot: f"{rng.getrandbits(128):032x}" for slot in flow.slots.get("media", ())}
    values |= when(
        flow,
        _paced(flow, rng, ending),
        uuid=lambda _: str(UUID(int=rng.getrandbits(128), version=4)),
        low_bits=lambda _, width: rng.getrandbits(width),
    )
    return flow.filled(values)


def _cast(roles: Mapping[str, Kind], company: Company, rng: Random) -> dict[str, Extension]:
    cast: dict[str, Extension] = {}
    for kind in Kind:
        names = [name for name, wanted in roles.items() if wanted is kind]
        cast |= zip(names, rng.sample(company.of(kind), len(names)), strict=True)
    return cast


def _paced(flow: Flow, rng: Random, ending: datetime) -> dict[datetime, datetime]:
    """New times in the old order: what happened at once still does, what did not still takes at least a second."""
    gaps = [int((later - earlier).total_seconds()) for earlier, later in pairwise(flow.moments)]
    drawn = [_drawn(gap, rng) for gap in gaps]
    moment = ending - timedelta(seconds=sum(drawn))
    moments = {flow.moments[0]: moment}
    for old, gap in zip(flow.moments[1:], drawn, strict=True):
        moment += timedelta(seconds=gap)
        moments[old] = moment
    return moments


def _drawn(gap: int, rng: Random) -> int:
    """Rings and menus stay short, talk ranges from a few seconds to a quarter of an hour."""
    factor = rng.uniform(0.5, 1.5) if gap <= SHORT_SECONDS else rng.uniform(0.1, 1) * rng.choice((1, 2, 8))
    return max(1, round(gap * factor))
