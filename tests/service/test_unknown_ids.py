"""Details of a call this service never listed: found by any form of its id, answered as if it had been listed."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from contracts.cases import World
from shim.standin import Standin, generate
from tests.adapters.successor_bodies import id_of, record_body, row_body
from tests.adapters.virtual_time import in_virtual_time
from tests.service.running import BEARER, Asking, in_front_of, now, service
from tests.service.worlds import LIST

MISSING = (404, {"code": 404, "message": "Call Log does not exist."})
NOBODYS = "a297ae04-a875-4cfd-85ab-4adcead91edb"
MOST_DATES = 184
MOST_MONTHS = 6
FORMS = (
    "bare",
    "dated",
    "history dated",
    "call id",
    "call id with a suffix",
    "log entry bare",
    "log entry dated",
    "call id of an entry",
)


def recent(seed: int = 15, count: int = 24) -> World:
    """Calls of every kind that ended within the last hours, but not so late that their records might be missing."""
    return generate(seed, count, newest=now() - timedelta(minutes=40))


def forms_of(record: dict[str, Any], form: str) -> Iterator[str]:
    """The ids of one form by which a call may be asked for."""
    root, *others = record["call_elements"]
    match form:
        case "bare":
            yield bare(root["call_element_id"])
        case "dated":
            yield root["call_element_id"]
        case "history dated":
            yield record["call_history_uuid"]
        case "history bare":
            yield bare(record["call_history_uuid"])
        case "call id":
            yield root["call_id"]
        case "call id with a suffix":
            yield f"{root['call_id']}_1"
        case "log entry bare":
            yield from (bare(element["call_element_id"]) for element in others)
        case "log entry dated":
            yield from (element["call_element_id"] for element in others)
        case "call id of an entry":
            yield from (element["call_id"] for element in others if is_of_call(element, root))


def is_of_call(element: dict[str, Any], root: dict[str, Any]) -> bool:
    """Whether an entry carries its call's id; the leg after a warm transfer has another one altogether."""
    return element.get("call_id", "").partition("_")[0] == root["call_id"]


def bare(dated: str) -> str:
    """An id of the stand-in without its date."""
    return dated.partition("-")[2]


def listing() -> str:
    """The list that holds all recent calls."""
    return f"{LIST}?from={now() - timedelta(days=3):%Y-%m-%d}&to={now():%Y-%m-%d}&page_size=300"


async def raw(asking: Asking, asked_id: str) -> tuple[int, bytes]:
    """Status and body of the details, byte for byte."""
    async with asking.client.get(f"{asking.base}{LIST}/{asked_id}", headers={"Authorization": BEARER}) as response:
        return response.status, await response.read()


def asked(asking: Asking) -> Counter[str]:
    """How often each resource was asked since the last look, directories left out."""
    names = ("list_call_history", "get_call_history", "get_call_element", "get_call_history_detail")
    counts = Counter({name: asking.zoom.counts[name] for name in names if asking.zoom.counts[name]})
    asking.zoom.forget_calls()
    return counts


def one_call(world: World) -> dict[str, Any]:
    """The record of an answered call to a user: one element, no twin, no other record of its call id."""
    singles = (record for record in world.records if len(record["call_elements"]) == 1)
    return next(record for record in singles if record["connect_type"] == "external")


@pytest.mark.parametrize("generation", ["v3", "v2"])
@pytest.mark.parametrize("form", FORMS)
async def test_a_call_never_listed_is_answered_as_if_it_had_been(form, generation):
    """Whatever the form of the id and the generation behind it, the bytes are those after listing the call."""
    world = recent()
    ids = [asked_id for record in world.records for asked_id in forms_of(record, form)]
    async with Standin(world, generation) as zoom:
        async with in_front_of(zoom) as listed:
            await listed.get(listing())
            expected = {asked_id: await raw(listed, asked_id) for asked_id in ids}
        async with in_front_of(zoom) as cold:
            found = {asked_id: await raw(cold, asked_id) for asked_id in ids}
    assert {200} == {status for status, _ in expected.values()}
    assert expected == found


@pytest.mark.parametrize("form", ["bare", "history bare"])
async def test_summary_fidelity_finds_the_ids_it_serves(form):
    """An id once served is found after the memory of it is lost, and is the call's id from then on."""
    world = recent()
    record = one_call(world)
    (asked_id,) = forms_of(record, form)
    async with service(world, settings={"SHIM_FIDELITY": "summary"}) as asking:
        answer = await asking.get(f"{LIST}/{asked_id}")
        rows = (await asking.get(listing())).body["call_logs"]
    assert (200, asked_id, True) == (answer.status, answer.body["id"], asked_id in {row["id"] for row in rows})


@pytest.mark.parametrize(
    ("form", "cost"),
    [
        ("bare", {"get_call_element": 5, "get_call_history": 1}),
        ("dated", {"get_call_element": 1, "get_call_history": 2}),
        ("history dated", {"get_call_element": 1, "get_call_history": 2}),
        ("call id", {"list_call_history": 1, "get_call_history": 1}),
        ("call id with a suffix", {"list_call_history": 1, "get_call_history": 1}),
    ],
)
async def test_what_finding_a_call_costs_and_that_it_is_paid_once(form, cost):
    """A few probes and the record; from then on the id is known, and another credential makes one call."""
    world = recent()
    (asked_id,) = forms_of(one_call(world), form)
    async with service(world) as asking:
        first = await asking.get(f"{LIST}/{asked_id}")
        assert (200, cost) == (first.status, asked(asking))
        again = await asking.get(f"{LIST}/{asked_id}")
        assert (first.body, {}) == (again.body, asked(asking))
        await asking.get(f"{LIST}/{asked_id}", authorization="Bearer another")
        assert {"get_call_history": 1} == asked(asking)


async def test_a_known_id_is_not_looked_for():
    """A listed call costs its record, by any form of its id."""
    world = recent()
    record = one_call(world)
    async with service(world) as asking:
        await asking.get(listing())
        asked(asking)
        for form in ("bare", "dated", "history dated", "history bare", "call id", "call id with a suffix"):
            await asking.get(f"{LIST}/{next(forms_of(record, form))}", authorization=f"Bearer {form}")
            assert {"get_call_history": 1} == asked(asking)


@pytest.mark.parametrize("url", ["memory://", "sqlite:///{}/state.db"])
async def test_an_entry_that_v1_never_showed_leads_to_its_call(url, tmp_path):
    """A key press is no row and no log entry: its id is answered with the call, and remembered."""
    world = recent()
    record = one_call(world)
    pressed = {**record["call_elements"][0], "call_element_id": f"{now():%Y%m%d}-{NOBODYS}", "is_node": 0}
    record["call_elements"].append(pressed)
    async with service(world, settings={"SHIM_STATE_URL": url.format(tmp_path)}) as asking:
        answer = await asking.get(f"{LIST}/{NOBODYS}")
        assert (200, bare(record["call_elements"][0]["call_element_id"])) == (answer.status, answer.body["id"])
        asked(asking)
        again = await asking.get(f"{LIST}/{NOBODYS}", authorization="Bearer another")
        assert (answer.body, {"get_call_history": 1}) == (again.body, asked(asking))


@pytest.mark.parametrize(
    ("asked_id", "cost"),
    [
        (NOBODYS, {"get_call_element": 1 + MOST_DATES}),
        ("no-such-id", {"get_call_element": 1 + MOST_DATES}),
        (f"20260310-{NOBODYS}", {"get_call_element": 3, "get_call_history": 3}),
        ("20260310-", {"get_call_element": 1 + MOST_DATES}),
        ("'--", {"get_call_element": 1 + MOST_DATES}),
        ("7", {"list_call_history": MOST_MONTHS}),
        ("%25", {"list_call_history": MOST_MONTHS}),
        ("%ff", {"list_call_history": MOST_MONTHS}),
        ("%zz", {"list_call_history": MOST_MONTHS}),
    ],
)
async def test_a_call_that_is_not_there_costs_its_plan_once(asked_id, cost):
    """Every text is looked for as the id it might be, then answered by v1's 404 without asking anybody."""
    async with service(recent()) as asking:
        answer = await asking.get(f"{LIST}/{asked_id}")
        assert (*MISSING, cost) == (answer.status, answer.body, asked(asking))
        again = await asking.get(f"{LIST}/{asked_id}")
        assert (*MISSING, []) == (again.status, again.body, asking.zoom.calls)


async def test_what_one_credential_did_not_find_another_may_look_for():
    """A 404 of one account is none for another."""
    world = recent()
    (asked_id,) = forms_of(one_call(world), "bare")
    empty = World([], [], {})
    async with service(world, bearers={"rich": world, "poor": empty}) as asking:
        poor = await asking.get(f"{LIST}/{asked_id}", authorization="Bearer poor")
        rich = await asking.get(f"{LIST}/{asked_id}", authorization="Bearer rich")
    assert (404, 200) == (poor.status, rich.status)


async def test_a_call_listed_since_is_found_though_it_was_missing():
    """What was served is remembered before what was not found."""
    world = recent()
    record = one_call(world)
    (asked_id,) = forms_of(record, "bare")
    row = next(row for row in world.call_history if row["call_history_uuid"] == record["call_history_uuid"])
    async with service(World([], [], world.directory)) as asking:
        before = await asking.get(f"{LIST}/{asked_id}")
        asking.zoom.add_call(row, record)
        still = await asking.get(f"{LIST}/{asked_id}")
        await asking.get(listing())
        after = await asking.get(f"{LIST}/{asked_id}")
    assert (404, 404, 200) == (before.status, still.status, after.status)


@in_virtual_time
async def test_a_search_goes_on_where_the_deadline_stopped_it():
    """503 and a second's wait instead of a 404; only what had no answer is asked again."""
    stuck = f"/phone/call_element/{now() - timedelta(days=50):%Y%m%d}"
    released = asyncio.Event()
    async with service(recent(), settings={"SHIM_DEADLINE": "5"}) as asking:
        asking.zoom.fail(stuck, delay=released)
        first = await asking.get(f"{LIST}/{NOBODYS}")
        released.set()
        second = await asking.get(f"{LIST}/{NOBODYS}")
        counts = Counter(call.path for call in asking.zoom.calls)
    assert (503, "1", 503) == (first.status, first.headers["Retry-After"], first.body["code"])
    assert MISSING == (second.status, second.body)
    assert 1 + MOST_DATES == len(counts)
    assert [f"/v2{stuck}-{NOBODYS}"] == [path for path, times in counts.items() if times > 1]


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"status": 500, "times": None}, (500, 500)),
        ({"status": 401}, (401, 124)),
        ({"status": 429, "headers": {"X-RateLimit-Type": "Daily-limit", "Retry-After": "3600"}}, (429, 429)),
        ({"status": 200, "body": b"<html>", "times": None}, (502, 502)),
    ],
    ids=str,
)
@in_virtual_time
async def test_trouble_upstream_is_no_404(fault, told):
    """A search that could not be made to the end is answered by what stopped it."""
    async with service(recent()) as asking:
        asking.zoom.fail(f"/phone/call_element/{now() - timedelta(days=9):%Y%m%d}", **fault)
        answer = await asking.get(f"{LIST}/{NOBODYS}")
    assert told == (answer.status, answer.body["code"])


async def test_a_missing_scope_is_told():
    """A credential that may not ask for elements hears so, in upstream's words."""
    async with service(recent()) as asking:
        asking.zoom.revoke("/phone/call_element")
        answer = await asking.get(f"{LIST}/{NOBODYS}")
    assert (400, 4711) == (answer.status, answer.body["code"])


async def test_the_search_stays_in_its_account():
    """Probes go out under the account prefix of the request."""
    world = recent()
    (asked_id,) = forms_of(one_call(world), "bare")
    async with service(world) as asking:
        answer = await asking.get(f"/v2/accounts/acct1/phone/call_logs/{asked_id}")
        assert (200, {"/v2/accounts/acct1/phone"}) == (
            answer.status,
            {"/".join(call.path.split("/")[:5]) for call in asking.zoom.calls},
        )


async def test_a_suffix_is_looked_for_in_every_record_of_the_call_id():
    """Of an internal call's two records the one whose leg carries it, though the other one comes first."""
    start = now() - timedelta(hours=2)
    call_id = str(int(start.timestamp()) << 32 | 77)
    told: dict[str, Any] = {"call_id": call_id, "start_time": f"{start:%Y-%m-%dT%H:%M:%SZ}"}
    rows = [row_body(1, direction="outbound", **told), row_body(2, **told)]
    records = [record_body(1, direction="outbound", **told), record_body(2, groups=2, **told)]
    records[1]["call_elements"][-1]["call_id"] = f"{call_id}_1"
    async with service(World(rows, records, {})) as asking:
        answers = [await asking.get(f"{LIST}/{asked_id}") for asked_id in (f"{call_id}_1", call_id)]
    assert [id_of(2, 1), id_of(1)] == [answer.body["id"] for answer in answers]


async def test_the_number_of_a_warm_transfers_second_leg_names_nothing():
    """No list row carries it: such a call is found by it only after it was served (semantics 10, no. 32)."""
    world = recent()
    elements = [
        (element, record["call_elements"][0]) for record in world.records for element in record["call_elements"]
    ]
    other, *_ = (element["call_id"] for element, root in elements if not is_of_call(element, root))
    async with service(world) as asking:
        cold = await asking.get(f"{LIST}/{other}")
        await asking.get(listing())
        served = await asking.get(f"{LIST}/{other}")
    assert (404, 200) == (cold.status, served.status)


def test_the_calls_compared_are_of_many_kinds():
    """Internal calls, transfers and calls with several entries, or the tests above would prove little."""
    world = recent()
    assert {1, 2, 3, 4} < {len(record["call_elements"]) for record in world.records}
    assert {"internal", "external"} == {record["connect_type"] for record in world.records}
    assert any("_" in element.get("call_id", "") for record in world.records for element in record["call_elements"])
