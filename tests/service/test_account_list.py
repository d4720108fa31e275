"""The account's call logs as a legacy program asks for them: parameters, echo, envelope, errors of its own."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, quote

import pytest
import time_machine

from contracts.legacy.shapes import AccountCallLogs
from shim.standin import Standin
from tests.service.running import BEARER, Asking, service
from tests.service.worlds import CASES, DAY, LIST, busy, plain

NOW = datetime(2026, 3, 10, 21, 30, 5, tzinfo=UTC)
ENVELOPE = ["next_page_token", "page_size", "total_records", "from", "to", "call_logs"]


def sent(zoom: Standin) -> dict[str, list[str]]:
    """The query of the last list call that reached upstream."""
    lists = [call for call in zoom.calls if call.path.endswith("/phone/call_history")]
    return parse_qs(lists[-1].query, strict_parsing=True)


async def test_the_envelope_has_v1s_keys_in_v1s_order():
    """No page_count, and the token is a string on the last page too."""
    async with service(plain(1, 2)) as asking:
        answer = await asking.get(DAY)
    assert (200, ENVELOPE) == (answer.status, list(answer.body))
    assert ("", 30, 2, "2026-03-10", "2026-03-10") == tuple(answer.body[key] for key in ENVELOPE[:-1])


async def test_page_count_comes_only_where_the_operator_wants_it(tmp_path):
    """With the rule it counts the pages of this size and stands where the schema has it."""
    rules = tmp_path / "rules.toml"
    rules.write_text('page_count = "emit"\n')
    async with service(plain(1, 2, 3), settings={"SHIM_RULES": str(rules)}) as asking:
        answer = await asking.get(f"{DAY}&page_size=2")
    assert (["next_page_token", "page_count", *ENVELOPE[1:]], 2) == (list(answer.body), answer.body["page_count"])


async def test_the_json_is_of_the_published_shape():
    """A page of every kind of call satisfies the strict v1 shape."""
    async with service(busy(1, 40)) as asking:
        answer = await asking.get(f"{LIST}?from=2026-03-01&to=2026-03-10&page_size=300")
    assert 40 < len(AccountCallLogs.model_validate(answer.body).call_logs)
    assert answer.headers["Content-Type"] == "application/json;charset=UTF-8"


@pytest.mark.parametrize(
    ("asked", "size"),
    [
        ("", 30),
        ("&page_size=", 30),
        ("&page_size=1", 1),
        ("&page_size=300", 300),
        ("&page_size=301", 300),
        ("&page_size=1000000000", 300),
        ("&page_size=0", 30),
        ("&page_size=-5", 30),
        ("&page_size=ten", 30),
        ("&page_size=%00", 30),
        ("&page_size=%ff", 30),
        ("&page_size=2&page_size=9", 2),
    ],
)
async def test_page_size_is_clamped_or_the_default_and_echoed(asked, size):
    """What is no positive whole number is the default; upstream is asked for the size that is echoed."""
    async with service(plain(1)) as asking:
        answer = await asking.get(DAY + asked)
        assert (200, size) == (answer.status, answer.body["page_size"])
        assert [str(size)] == sent(asking.zoom)["page_size"]


@pytest.mark.parametrize(
    ("text", "upstream"),
    [
        ("2026-03-09", "2026-03-09"),
        ("2026-03-09T08:00:00Z", "2026-03-09T08:00:00Z"),
        ("2026-03-09T08:00:00.123Z", "2026-03-09T08:00:00Z"),
        ("2026-03-09 08:00:00", "2026-03-09T08:00:00Z"),
    ],
)
async def test_every_form_of_time_reaches_upstream_and_comes_back_verbatim(text, upstream):
    """The successor is asked in its own form; the echo is the client's own text."""
    async with service(plain(1)) as asking:
        answer = await asking.get(f"{LIST}?from={quote(text)}&to={quote(text)}")
        assert (200, text, text) == (answer.status, answer.body["from"], answer.body["to"])
        assert ([upstream], [upstream]) == (sent(asking.zoom)["from"], sent(asking.zoom)["to"])


async def test_blanks_around_a_value_do_not_count():
    """Neither in times nor in sizes."""
    async with service(plain(1)) as asking:
        answer = await asking.get(f"{LIST}?from=+2026-03-10&to=2026-03-10%20&page_size=+7+")
    assert (200, "2026-03-10", "2026-03-10", 7) == (
        answer.status,
        *(answer.body[key] for key in ("from", "to", "page_size")),
    )


@pytest.mark.parametrize("text", ["2026-3-9", "yesterday", "9999-99-99", "2026-03-09T08:00:00%2B01:00", "%00", "%ff"])
@pytest.mark.parametrize("query", ["from={}", "from={}&to=2026-03-10", "from=2026-03-01&to={}"])
async def test_another_form_of_time_is_refused_before_upstream_is_asked(query, text):
    """v1's own text, and no call is made."""
    async with service(plain(1)) as asking:
        answer = await asking.get(f"{LIST}?{query.format(text)}")
        assert (400, {"code": 300, "message": "Validation Failed."}) == (answer.status, answer.body)
        assert [] == asking.zoom.calls


@pytest.mark.parametrize("query", ["", "?to=2026-03-01", "?to=nonsense", "?from=&to=", "?page_number=2"])
async def test_without_from_it_is_the_last_day(query):
    """`to` alone is ignored; the echo is the two dates."""
    with time_machine.travel(NOW, tick=False):
        async with service(plain(1), clock=lambda: NOW) as asking:
            answer = await asking.get(LIST + query)
            assert ("2026-03-09", "2026-03-10", 1) == (
                answer.body["from"],
                answer.body["to"],
                answer.body["total_records"],
            )
            assert (["2026-03-09T21:30:05Z"], ["2026-03-10T21:30:05Z"]) == (
                sent(asking.zoom)["from"],
                sent(asking.zoom)["to"],
            )


async def test_without_to_it_ends_now():
    """`from` alone reaches to the present day."""
    with time_machine.travel(NOW, tick=False):
        async with service(plain(1), clock=lambda: NOW) as asking:
            answer = await asking.get(f"{LIST}?from=2026-03-01")
            assert ("2026-03-01", "2026-03-10") == (answer.body["from"], answer.body["to"])
            assert ["2026-03-10"] == sent(asking.zoom)["to"]


async def test_the_window_is_upstreams_to_judge():
    """A window that runs backwards is upstream's refusal, relayed."""
    async with service(plain(1)) as asking:
        answer = await asking.get(f"{LIST}?from=2026-03-10&to=2026-03-01")
    assert (400, {"code": 300, "message": "Validation Failed."}) == (answer.status, answer.body)


@pytest.mark.parametrize(
    "query",
    [
        "page_number=3",
        "user=x&extension_number=2001",
        "frm=2020-01-01",
        "From=2020-01-01",
        "page-size=1",
        "%ff=%ff",
        "=",
        "&&",
        ";from=2020-01-01",
        "a=" + "b" * 4000,
        "&".join(["x=1"] * 1500),
        "recording_status=recorded",
    ],
)
async def test_unknown_parameters_change_nothing(query):
    """They are neither an error nor sent on."""
    async with service(plain(1)) as asking:
        answer = await asking.get(f"{DAY}&{query}")
        assert (200, 1) == (answer.status, answer.body["total_records"])
        assert {"page_size", "from", "to"} == set(sent(asking.zoom))


async def test_of_repeated_parameters_the_first_counts():
    """Also beside others that would be refused."""
    async with service(plain(1)) as asking:
        answer = await asking.get(f"{DAY}&from=nonsense&to=2020-01-01")
    assert (200, "2026-03-10") == (answer.status, answer.body["from"])


async def test_an_empty_token_is_the_first_page():
    """Programs that always send the parameter start with an empty one."""
    async with service(plain(1)) as asking:
        first, same = await asking.get(DAY), await asking.get(f"{DAY}&next_page_token=")
    assert first.body == same.body


async def test_a_day_without_calls_is_an_empty_page():
    """Nothing is no error, and no detail is asked for."""
    async with service(plain(1)) as asking:
        answer = await asking.get(f"{LIST}?from=2026-02-01&to=2026-02-01")
        assert (200, [], 0, "") == (
            answer.status,
            answer.body["call_logs"],
            answer.body["total_records"],
            answer.body["next_page_token"],
        )
        assert {"list_call_history": 1} == asking.zoom.counts


@pytest.mark.parametrize("case", ["internal_call", "blind_transfer", "voicemail"])
async def test_no_value_is_null_or_empty_where_v1_left_the_key_out(case):
    """Typed clients break on nulls: absent stays absent, in lists and details."""
    async with service(CASES[case]) as asking:
        listed = await asking.get(f"{LIST}?from=2026-01-01&to=2026-12-31&page_size=300")
        details = [await asking.get(f"{LIST}/{row['id']}") for row in listed.body["call_logs"]]
    assert details != []
    assert [] == [text for answer in (listed, *details) for text in re.findall("None|null", repr(answer.body))]


async def test_summary_fidelity_costs_one_call_a_page():
    """Rows come from the list alone, their ids are those of the calls as a whole."""
    async with service(plain(1, 2), settings={"SHIM_FIDELITY": "summary"}) as asking:
        answer = await asking.get(DAY)
        assert (0, 2) == (asking.zoom.counts["get_call_history"], answer.body["total_records"])
    assert ["00000001-aaaa-4000-8000-000000000000", "00000002-aaaa-4000-8000-000000000000"] == [
        row["id"] for row in answer.body["call_logs"]
    ]


async def test_a_recent_call_is_found_by_the_default_window():
    """What ended a minute ago stands in the list of the last day."""
    moment = datetime.now(UTC)
    start, end = (f"{moment - timedelta(minutes=ago):%Y-%m-%dT%H:%M:%SZ}" for ago in (3, 1))
    async with service(plain(1, start_time=start, answer_time=start, end_time=end)) as asking:
        answer = await asking.get(LIST)
    assert [start] == [row["date_time"] for row in answer.body["call_logs"]]


async def page_of(asking: Asking, query: str) -> list[str]:
    """The ids of a page."""
    answer = await asking.get(f"{LIST}?{query}", authorization=BEARER)
    return [row["id"] for row in answer.body["call_logs"]]


async def test_the_window_decides_which_calls_there_are():
    """Calls outside are not listed."""
    early, late = plain(1, start_time="2026-03-01T09:00:00Z"), plain(2)
    async with service(early) as asking:
        asking.zoom.add_call(late.call_history[0], late.records[0])
        assert [1, 1, 2] == [
            len(await page_of(asking, query))
            for query in (
                "from=2026-03-01&to=2026-03-01",
                "from=2026-03-10T08:00:00Z&to=2026-03-10T10:00:00Z",
                "from=2026-03-01&to=2026-03-10",
            )
        ]
