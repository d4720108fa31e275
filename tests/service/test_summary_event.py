"""The one event of each request: what it cost and what it got, at a level that goes by its result."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from shim.ledger import Ledger, ledger, open_ledger
from tests.adapters.successor_bodies import id_of, uuid_of
from tests.service.running import Asking, service
from tests.service.worlds import DAY, LIST, plain

ALWAYS = {"event", "log_level", "request_id", "operation", "status", "ms", "upstream_calls"}


async def event_of(asking: Asking, target: str, **more: Any) -> dict[str, Any]:
    """The event of one request, without what every one has of its own."""
    with capture_logs() as events:
        await asking.get(target, **more)
    (event,) = [one for one in events if one["event"] == "request.answered"]
    assert set(event) >= ALWAYS
    return {name: value for name, value in event.items() if name not in ("event", "request_id", "ms", "budget_wait_ms")}


class TestFields:
    """What an operator needs, and nothing that is not there."""

    @pytest.mark.parametrize("generation", ["v2", "v3"])
    async def test_a_page(self, generation):
        """Its rows, the generation that answered, the calls it took; the second time its records were kept."""
        async with service(plain(1, 2), generation) as asking:
            first, second = await event_of(asking, DAY), await event_of(asking, DAY)
        assert ("whole", 2, generation, True) == (
            first["page"],
            first["rows"],
            first["generation"],
            first["upstream_calls"] >= 3,
        )
        assert ({"cache_hits": 2, "upstream_calls": 1}, False) == (
            {name: second[name] for name in ("cache_hits", "upstream_calls")},
            "cache_hits" in first,
        )

    async def test_a_page_cut_short(self):
        """Its rows so far, the limit that cut it, and that it is short."""
        async with service(plain(1, 2, 3)) as asking:
            asking.zoom.fail(
                f"/phone/call_history/{uuid_of(2)}",
                status=429,
                times=None,
                headers={"X-RateLimit-Type": "Daily-limit", "Retry-After": "2100-01-01T00:00:00Z"},
            )
            event = await event_of(asking, DAY)
        assert ("short", 1, 1, "info") == (event["page"], event["rows"], event["limits_met"], event["log_level"])

    async def test_a_row_from_its_summary_and_its_repeats(self):
        """How many of each."""
        async with service(plain(1, 2)) as asking:
            asking.zoom.fail(f"/phone/call_history/{uuid_of(2)}", status=404, times=None)
            asking.zoom.fail(f"/phone/call_history/{uuid_of(1)}", status=503, times=1)
            event = await event_of(asking, DAY)
        assert (2, 1, 1) == (event["rows"], event["from_summary"], event["repeats"])

    async def test_details_and_others_have_less(self):
        """No page, no rows; what passes through has no cost of ours."""
        async with service(plain(1)) as asking:
            await asking.get(DAY)
            details, other = await event_of(asking, f"{LIST}/{id_of(1)}"), await event_of(asking, "/v2/users/me")
        assert {"operation": "getCallLogDetails", "status": 200, "upstream_calls": 0, "cache_hits": 1} == {
            name: value for name, value in details.items() if name != "log_level"
        }
        assert {"operation": "passThrough", "status": 200, "upstream_calls": 0, "log_level": "info"} == other

    async def test_nothing_of_the_request_is_in_it(self):
        """Neither ids nor numbers, names, paths, queries or tokens."""
        async with service(plain(1)) as asking:
            events = [
                await event_of(asking, target)
                for target in (DAY, f"{LIST}/{id_of(1)}", f"{LIST}/zzMARKzz", "/v2/zzMARKzz?a=zzMARKzz", "/zzMARKzz")
            ]
        traces = ["zzMARKzz", id_of(1), uuid_of(1), "2026-03-10", "/v2", "+1202", "User", "synthetic-token"]
        assert [] == [trace for trace in traces if trace in str(events)]


class TestLevels:
    """By the result."""

    @pytest.mark.parametrize(
        ("fault", "target", "level"),
        [
            ({}, DAY, "info"),
            ({}, f"{LIST}?from=nonsense", "info"),
            ({}, "/healthz", "debug"),
            ({"status": 400}, DAY, "info"),
            ({"status": 501}, DAY, "warning"),
            ({"status": 200, "body": b"nonsense"}, DAY, "warning"),
        ],
        ids=["served", "refused", "probe", "refused by zoom", "failed", "broken"],
    )
    async def test_a_failure_of_the_service_is_a_warning(self, fault, target, level):
        """A client's own mistake is none, and a probe is no news."""
        async with service(plain(1)) as asking:
            asking.zoom.fail("/phone/call_history" if fault else "/nowhere", times=None, **fault)
            assert level == (await event_of(asking, target))["log_level"]


class TestLedger:
    """The counts behind it."""

    def test_what_there_is_nothing_to_say_of_is_left_out(self):
        """Calls never are: that none was made is worth knowing."""
        assert {"upstream_calls": 0} == Ledger().told()
        assert {"upstream_calls": 0, "rows": 1, "budget_wait_ms": 1234.6} == Ledger(rows=1, budget_wait=1.23456).told()

    async def test_without_a_request_it_is_nobodys(self):
        """What counts there is not kept."""
        ledger().rows += 1
        assert (0, 0) == (ledger().rows, open_ledger().rows)
