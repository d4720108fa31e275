"""`check --online` against a local server that plays Zoom: look-ups, scopes, totals."""

import pytest

from contracts.cases import World
from shim.online.lookups import LOOKUPS
from shim.online.report import Report
from tests.adapters.successor_bodies import row_body
from tests.shim.online_zoom import CHARGES_PATH, FORECAST, WELL, check, unlike_well, zoom


class TestWell:
    """Everything is there."""

    @pytest.mark.parametrize("generation", ["v3", "both"])
    async def test_all_is_well(self, generation):
        """One line for each look-up, the three totals, the forecast."""
        async with zoom(generation=generation) as server:
            found = await check(server)
        assert Report((*WELL, *FORECAST), is_well=True) == found

    async def test_each_question_is_asked_once_and_is_cheap(self):
        """Thirteen calls in all, lists by a page of one row, over one window of settled calls."""
        async with zoom() as server:
            await check(server)
            queries = [dict(pair.split("=") for pair in call.query.split("&") if pair) for call in server.calls]
            lists = [query for query in queries if "page_size" in query and "call_ids" not in query]
        assert 13 == len(server.calls) == len(set(server.calls))
        assert {"1"} == {query["page_size"] for query in lists}
        assert {("2026-02-18T11%3A00%3A00Z", "2026-03-20T11%3A00%3A00Z")} == {
            (query["from"], query["to"]) for query in queries if "from" in query
        }

    async def test_the_older_generation_lacks_one_path_and_does_the_job(self):
        """Elements by themselves are of the newer generation."""
        async with zoom(generation="v2") as server:
            found = await check(server)
        (line,) = unlike_well(found)
        assert (True, True) == (found.is_well, line.startswith("unknown  a single call element: Zoom says 404/2300"))

    async def test_an_account_without_calls_leaves_open_what_needs_one(self):
        """Nothing is guessed, and nothing has failed."""
        async with zoom(World([], [], {})) as server:
            found = await check(server)
        assert unlike_well(found) == [
            "unknown  details of a call: nothing to try it on",
            "unknown  a single user: nothing to try it on",
            "unknown  a single call element: nothing to try it on",
            "unknown  unrecorded calls: no call in 30 days; check again after some calls",
        ]
        assert (True, []) == (found.is_well, [line for line in found.lines if line.startswith("forecast")])


class TestScopes:
    """A scope is missing."""

    @pytest.mark.parametrize(
        ("path", "subject", "also"),
        [
            ("/phone/users", "users", ["unknown  a single user: nothing to try it on"]),
            ("/phone/users/", "a single user", []),
            ("/phone/call_queues", "call queues", []),
            ("/phone/auto_receptionists", "auto receptionists", []),
            ("/phone/shared_line_groups", "shared line groups", []),
            ("/phone/common_areas", "common areas", []),
            ("/phone/rooms", "rooms", []),
            ("/phone/call_element/", "a single call element", []),
        ],
    )
    async def test_one_look_up_less_is_a_warning_with_its_scope(self, path, subject, also):
        """What is left out is said with the scope that brings it; the service can do its job."""
        (lookup,) = [each for each in LOOKUPS if each.subject == subject]
        async with zoom() as server:
            server.revoke(path, scopes=(lookup.scope,))
            found = await check(server)
        assert found.is_well
        assert unlike_well(found) == [
            f"missing  {subject}: {lookup.without} (Zoom says 400/4711 Invalid access token, does not contain scopes:"
            f"[{lookup.scope}]); add the scope {lookup.scope}",
            *also,
        ]

    async def test_the_charges_report_is_such_a_look_up(self):
        """Without charges the rest of a row is there."""
        async with zoom() as server:
            server.fail(CHARGES_PATH, status=400, body={"code": 4711, "message": "does not contain scopes"})
            found = await check(server, settings={"SHIM_CHARGES": "on"})
        (line,) = unlike_well(found)
        assert line.startswith(
            "missing  charges report (asked for every row, SHIM_CHARGES is on): charge and rate are "
        )
        assert found.is_well

    async def test_without_details_the_job_cannot_be_done(self):
        """Details are half of the service."""
        async with zoom() as server:
            server.revoke("/phone/call_history/")
            found = await check(server)
        assert not found.is_well
        assert unlike_well(found)[0].startswith("failed   details of a call: there are no details")
        assert unlike_well(found)[0].endswith("; add the scope phone:read:call_log:admin")

    async def test_without_the_list_the_other_scopes_are_told_all_the_same(self):
        """All that is missing is named at once; what needs a call stays open."""
        async with zoom() as server:
            server.revoke("/phone/call_history")
            server.revoke("/phone/rooms")
            found = await check(server)
        assert not found.is_well
        assert [line.partition(":")[0] for line in unlike_well(found)] == [
            "failed   list of calls",
            "unknown  details of a call",
            "missing  rooms",
            "unknown  a single call element",
        ]


class TestUnrecorded:
    """Zoom's default list may leave out the calls nobody recorded."""

    async def test_hidden_calls_are_told_with_the_option_that_brings_them(self):
        """The service can do its job, but the operator must choose."""
        async with zoom() as server:
            server.hides_unrecorded = True
            found = await check(server)
        assert found.is_well
        assert unlike_well(found) == [
            'missing  unrecorded calls: 2 listed, 2 recorded and 4 not; write recording_status = "both" into the file '
            "SHIM_RULES names"
        ]

    async def test_with_the_option_the_check_is_well(self, tmp_path):
        """The remedy is one."""
        (tmp_path / "rules.toml").write_text('recording_status = "both"\n')
        async with zoom() as server:
            server.hides_unrecorded = True
            found = await check(server, settings={"SHIM_RULES": str(tmp_path / "rules.toml")})
        assert unlike_well(found) == ["ok       unrecorded calls: 2 listed, 2 recorded and 4 not"]

    async def test_totals_nobody_tells_leave_it_open(self):
        """Neither a verdict nor a forecast without figures."""
        async with zoom() as server:
            server.fail("/phone/call_history", status=200, body={"call_history": [row_body(0)]}, times=None)
            found = await check(server)
        assert unlike_well(found) == [
            "unknown  a single call element: nothing to try it on",
            "unknown  unrecorded calls: Zoom did not tell its totals; compare a day with an old archive",
        ]
        assert not [line for line in found.lines if line.startswith("forecast")]
