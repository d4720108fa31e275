"""The forms of an id are read from its text, whatever the text."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.identifiers import Form, bare, form_of, start_of, without_suffix

UUIDS = st.uuids().map(str)
DATES = st.dates().map(lambda date: date.strftime("%Y%m%d").rjust(8, "0"))
GROUPS = st.text(st.characters(exclude_characters="-"), min_size=1, max_size=12)
FIVE_GROUPS = st.lists(GROUPS, min_size=5, max_size=5).map("-".join)
MOMENTS = st.integers(1_420_070_400, 4_102_444_799).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@pytest.mark.parametrize(
    ("id", "without_date", "form"),
    [
        ("20210511-dcasgfdd-gfb0-4ea7-8dc0-c96rer34d7", "dcasgfdd-gfb0-4ea7-8dc0-c96rer34d7", Form.DATED),
        ("20260310-a297ae04-14b6-4f4d-8b2f-1d2b8a3c4d5e", "a297ae04-14b6-4f4d-8b2f-1d2b8a3c4d5e", Form.DATED),
        ("20210511-14b6-4f4d-8b2f-1d2b8a3c4d5e", "20210511-14b6-4f4d-8b2f-1d2b8a3c4d5e", Form.BARE),
        ("20210511-a-b-c-d-e-f", "20210511-a-b-c-d-e-f", Form.BARE),
        ("2021051-a-b-c-d-e", "2021051-a-b-c-d-e", Form.BARE),
        ("20210511-a-b--d-e", "20210511-a-b--d-e", Form.BARE),
        ("٢٠٢١٠٥١١-a-b-c-d-e", "٢٠٢١٠٥١١-a-b-c-d-e", Form.BARE),
        ("20210511", "20210511", Form.CALL_ID),
        ("7018317023722949162", "7018317023722949162", Form.CALL_ID),
        ("069e986d5006516028c_1", "069e986d5006516028c_1", Form.CALL_ID),
        ("", "", Form.CALL_ID),
    ],
)
def test_reads_the_form(id: str, without_date: str, form: Form) -> None:
    """Only eight ASCII digits in front of exactly five groups are a date."""
    assert without_date == bare(id)
    assert form is form_of(id)


@given(UUIDS)
def test_leaves_a_uuid_whole(uuid: str) -> None:
    """No UUID loses its first group, not even one of eight digits."""
    assert uuid == bare(uuid)
    assert Form.BARE is form_of(uuid)


@given(st.integers(0, 99_999_999), UUIDS)
def test_leaves_a_uuid_of_digits_whole(first: int, uuid: str) -> None:
    """A UUID that begins like a date stays whole, and loses only a date put before it."""
    digits = f"{first:08d}{uuid[8:]}"
    assert digits == bare(digits)
    assert digits == bare(f"20260310-{digits}")


@given(DATES, FIVE_GROUPS)
def test_takes_the_date_off(date: str, five_groups: str) -> None:
    """Whatever the five groups are, a date before them goes."""
    assert five_groups == bare(f"{date}-{five_groups}")
    assert Form.DATED is form_of(f"{date}-{five_groups}")


@given(st.one_of(st.text(), FIVE_GROUPS, st.tuples(DATES, FIVE_GROUPS).map("-".join)))
def test_is_bare_once_bare(id: str) -> None:
    """A bare id has no date left, whatever it was."""
    assert bare(id) == bare(bare(id))
    assert Form.DATED is not form_of(bare(id))


@pytest.mark.parametrize(
    ("call_id", "without"),
    [
        ("7018317023722949162_1", "7018317023722949162"),
        ("069e986d5006516028c_12", "069e986d5006516028c"),
        ("069e986d5006516028c", "069e986d5006516028c"),
        ("7018317023722949162_", "7018317023722949162_"),
        ("a_1_2", "a_1"),
        ("_1", "_1"),
        ("", ""),
    ],
)
def test_takes_the_suffix_off(call_id: str, without: str) -> None:
    """A number after an underscore is the suffix, once."""
    assert without == without_suffix(call_id)


@given(st.text(min_size=1), st.integers(0, 999))
def test_takes_off_the_suffix_put_on(call_id: str, number: int) -> None:
    """Any call id comes back from under its suffix."""
    assert call_id == without_suffix(f"{call_id}_{number}")


@pytest.mark.parametrize(
    ("call_id", "start"),
    [
        ("7018317023722949162", datetime(2021, 10, 12, 22, 54, 30, tzinfo=UTC)),
        ("6971668473388011511", datetime(2021, 6, 9, 5, 54, 18, tzinfo=UTC)),
        ("6997939173429971528", datetime(2021, 8, 19, 0, 58, 2, tzinfo=UTC)),
        ("6997939173429971528_2", datetime(2021, 8, 19, 0, 58, 2, tzinfo=UTC)),
        ("069e986d5006516028c", datetime.fromtimestamp(0x69E986D5, UTC)),
        ("696165649876346057", None),
        ("0000000000006516028", None),
        ("0ffffffff", None),
        ("069e986d", None),
        ("069e986d5 06516028c", None),
        ("20260310-a297ae04-14b6-4f4d-8b2f-1d2b8a3c4d5e", None),
        ("", None),
    ],
)
def test_reads_the_start(call_id: str, start: datetime | None) -> None:
    """A plausible start comes out of either form, nothing out of any other id."""
    assert start == start_of(call_id)


@given(MOMENTS, st.integers(0, 2**32 - 1))
def test_reads_any_start_put_in(moment: datetime, rest: int) -> None:
    """Both forms give back the second they were made of."""
    seconds = int(moment.timestamp())
    assert moment == start_of(str(seconds << 32 | rest))
    assert moment == start_of(f"0{seconds:08x}{rest:010x}")


@given(st.one_of(st.text(), st.integers(0, 10**21).map(str), st.from_regex(r"0[0-9a-f]{8,20}", fullmatch=True)))
def test_never_reads_an_implausible_start(call_id: str) -> None:
    """Any text gives a moment of this century or none."""
    assert 2015 <= getattr(start_of(call_id), "year", 2015) < 2100
