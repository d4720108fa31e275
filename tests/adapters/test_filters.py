"""Filters of the account list as values: what a request asks for, what upstream is told, which rows stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.errors import LegacyRefusal
from adapters.filters import (
    MISSED,
    are_vain,
    asked_filters,
    keeping,
    leave_out,
    same_filters,
    upstream_filters,
)
from adapters.finished import FinishedCall
from adapters.legacy_request import LegacyRequest
from contracts.legacy.parameters import PATHS_NEVER_WRITTEN
from contracts.legacy.shapes import PATHS
from tests.adapters.fake_ports import caller

PUBLISHED_PATHS = frozenset(
    """
    voiceMail message forward extension callQueue ivrMenu companyDirectory autoReceptionist contactCenter disconnected
    commonAreaPhone pstn transfer sharedLines sharedLineGroup tollFreeBilling meetingService parkPickup parkTimeout
    monitor takeover sipGroup
    """.split()
)


def asking(*query: tuple[str, str]) -> LegacyRequest:
    """A request with these parameters."""
    return LegacyRequest(caller(), query)


def row(**values: str) -> FinishedCall:
    """A finished row with these facts."""
    return FinishedCall(0, "id", "", b"", b"", is_listed=True, **values)


def test_every_published_path_is_either_written_or_never_written():
    """The two sets share out v1's own enumeration."""
    assert PUBLISHED_PATHS == PATHS | PATHS_NEVER_WRITTEN
    assert frozenset() == PATHS & PATHS_NEVER_WRITTEN


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (("type", "missed"), ("type", "missed")),
        (("path", "voiceMail"), ("path", "voiceMail")),
        (("path", "ivrMenu"), ("path", "ivrMenu")),
        (("time_type", "endTime"), ("time_type", "endTime")),
        (("timeType", "endTime"), ("time_type", "endTime")),
        (("site_id", " 8f71O6rWT8KFUGQmJIFAdQ "), ("site_id", "8f71O6rWT8KFUGQmJIFAdQ")),
        (("charged_call_logs", "true"), ("charged_call_logs", "true")),
        (("charged_call_logs", "TRUE"), ("charged_call_logs", "true")),
        (("charged_call_logs", "True"), ("charged_call_logs", "true")),
    ],
)
def test_a_filter_is_kept_under_its_own_name(sent, kept):
    """Misspelt names and booleans of any case count, blanks around do not."""
    assert (kept,) == asked_filters(asking(sent))


@pytest.mark.parametrize(
    "sent",
    [
        ("type", "all"),
        ("type", "outbound"),
        ("type", "Missed"),
        ("path", "voicemail"),
        ("path", "nowhere"),
        ("time_type", "startTime"),
        ("time_type", "end_time"),
        ("charged_call_logs", "false"),
        ("charged_call_logs", "1"),
        ("site_id", ""),
        ("path", ""),
        ("page_number", "2"),
        ("user", "missed"),
    ],
)
def test_an_unknown_value_is_no_filter(sent):
    """As v1 took it: everything is listed, nothing is refused."""
    assert () == asked_filters(asking(sent))


def test_the_first_value_counts():
    """Of a repeated parameter, and of one that is sent under both of its names; an empty one does not count."""
    assert (("path", "pstn"),) == asked_filters(asking(("path", "pstn"), ("path", "forward")))
    assert () == asked_filters(asking(("time_type", "startTime"), ("timeType", "endTime")))
    assert (("time_type", "endTime"),) == asked_filters(asking(("time_type", ""), ("timeType", "endTime")))


class TestBesideAToken:
    """Filters of a walk that goes on."""

    KEPT = (("type", "missed"), ("site_id", "s1"))

    @pytest.mark.parametrize(
        "query",
        [
            (),
            (("type", "missed"),),
            (("type", "missed"), ("site_id", "s1"), ("path", "nowhere"), ("time_type", "startTime")),
            (("type", ""), ("charged_call_logs", "false")),
        ],
    )
    def test_what_is_absent_or_the_same_keeps_its_value(self, query):
        """Whatever means the same as before goes on."""
        assert self.KEPT == same_filters(self.KEPT, asking(*query))

    @pytest.mark.parametrize(
        "query",
        [
            ("type", "all"),
            ("type", "outbound"),
            ("site_id", "s2"),
            ("path", "pstn"),
            ("timeType", "endTime"),
            ("charged_call_logs", "true"),
        ],
    )
    def test_another_value_is_the_token_error(self, query):
        """The token belongs to another list."""
        with pytest.raises(LegacyRefusal) as refused:
            same_filters(self.KEPT, asking(query))
        assert (400, 400, "The next page token is invalid or expired.") == (
            refused.value.status,
            refused.value.code,
            refused.value.message,
        )


def test_upstream_is_told_only_what_cannot_lose_a_row():
    """Voicemail, outgoing calls to outside numbers, the direction of missed calls, and which time the window means."""
    told = {
        (name, value): upstream_filters(((name, value),))
        for name, values in {
            "type": ["missed"],
            "path": sorted(PUBLISHED_PATHS),
            "time_type": ["endTime"],
            "site_id": ["s1"],
            "charged_call_logs": ["true"],
        }.items()
        for value in values
    }
    assert {
        ("type", "missed"): (("directions", "inbound"),),
        ("path", "voiceMail"): (("call_results", "voicemail"),),
        ("path", "pstn"): (("directions", "outbound"), ("connect_types", "external")),
        ("time_type", "endTime"): (("time_type", "end_time"),),
    } == {filter: query for filter, query in told.items() if query}


@pytest.mark.parametrize("result", sorted(MISSED))
def test_a_missed_call_is_an_inbound_one_nobody_answered(result):
    """An outgoing call that nobody answered is none."""
    keep = keeping((("type", "missed"),))
    assert (True, True, False) == (
        keep(row(result=result, direction="inbound")),
        keep(row(result=result)),
        keep(row(result=result, direction="outbound")),
    )


@pytest.mark.parametrize("result", ["Call connected", "Auto Recorded", "Blocked", "Answered by Other Member"])
def test_other_results_are_not_missed(result):
    """Blocked calls and those a colleague took neither."""
    assert not keeping((("type", "missed"),))(row(result=result, direction="inbound"))


def test_path_and_site_are_the_rows_own():
    """A row without a site is in none."""
    assert (True, False) == tuple(map(keeping((("path", "pstn"),)), [row(path="pstn"), row(path="forward")]))
    keep = keeping((("site_id", "s1"),))
    assert (True, False, False) == (keep(row(site_id="s1")), keep(row(site_id="s2")), keep(row()))


def test_all_filters_must_pass():
    """Each alone is not enough."""
    keep = keeping((("path", "pstn"), ("site_id", "s1")))
    assert [True, False, False] == [
        keep(row(path="pstn", site_id="s1")),
        keep(row(path="pstn", site_id="s2")),
        keep(row(path="forward", site_id="s1")),
    ]


@pytest.mark.parametrize("path", sorted(PATHS_NEVER_WRITTEN))
def test_a_path_no_row_has_is_vain(path):
    """So is an outgoing call that was missed."""
    assert are_vain((("path", path),))
    assert are_vain((("type", "missed"), ("path", "pstn")))
    assert not are_vain((("type", "missed"), ("path", "voiceMail")))


def test_the_kind_of_time_leaves_no_row_out():
    """All other filters may."""
    assert not leave_out((("time_type", "endTime"),))
    assert all(map(leave_out, [(("type", "missed"),), (("path", "pstn"),), (("charged_call_logs", "true"),)]))


@given(
    st.lists(
        st.tuples(st.sampled_from(["type", "path", "time_type", "timeType", "site_id", "x"]), st.text()), max_size=6
    )
)
def test_no_value_is_ever_refused_on_a_first_page(query):
    """Whatever a parameter holds, it filters or does not; a walk with it goes on when it is sent again."""
    filters = asked_filters(asking(*query))
    assert filters == same_filters(filters, asking(*query))
