"""What a charge makes of a finished row, and which row it joins."""

import copy
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.translation.charges import (
    CALL_TYPES,
    CHARGED_FIELDS,
    SYMBOLS,
    charge_of,
    is_charged,
    priced,
)
from contracts.cases import load
from contracts.compare import differences
from contracts.legacy.shapes import AccountCallLog
from contracts.successor.charges import CallCharge, read_charges

ROWS: list[dict[str, Any]] = [
    row for case in load() for exchange in case.exchanges for row in exchange.reply.get("call_logs", ())
]
ROW: dict[str, Any] = {
    "id": "0000000a-bbbb-4000-8000-000000000000",
    "call_type": "pstn",
    "caller_number": "2101",
    "caller_number_type": 1,
    "callee_number": "+12025550143",
    "callee_number_type": 2,
    "direction": "outbound",
    "duration": 60,
    "result": "Call connected",
    "date_time": "2026-03-10T09:00:00Z",
    "path": "pstn",
    "call_id": "7681340796896118275",
    "device_public_ip": "192.0.2.1",
}
"""A row as it was finished without the report."""


def charge(**fields: Any) -> CallCharge:
    """What the report says of `ROW`'s call: it cost something, but for `fields`."""
    told = {
        "call_id": ROW["call_id"],
        "direction": "outbound",
        "call_type": "local",
        "start_time": ROW["date_time"],
        "rate": "0.0255",
        "currency": "USD",
        "total_charge": "0.0510",
    }
    [read] = read_charges({"call_charges": [told | fields]}).value.rows
    return read


def shown(**fields: Any) -> dict[str, Any]:
    """What the row says after the report was heard."""
    return priced(ROW, charge(**fields), profile="live")


class TestFields:
    """The three fields that the report has a say in."""

    def test_a_charged_call_shows_charge_and_rate_behind_everything_else(self):
        """The charge has the dollar's sign, the rate none; the row's own fields stay where they are."""
        assert [*ROW.items(), ("charge", "$0.0510"), ("rate", "0.0255")] == list(shown().items())

    @pytest.mark.parametrize(("currency", "sign"), SYMBOLS.items())
    def test_a_currency_is_told_by_its_sign(self, currency, sign):
        """In front of the amount, without a space."""
        assert f"{sign}0.0510" == shown(currency=currency)["charge"]

    def test_signs_are_told_apart(self):
        """No two currencies look the same."""
        assert len(SYMBOLS) == len(set(SYMBOLS.values()))
        assert "$" == SYMBOLS["USD"]

    @pytest.mark.parametrize(
        ("currency", "text"),
        [("usd", "$0.0510"), ("CHF", "CHF 0.0510"), ("chf", "CHF 0.0510"), (None, "0.0510"), ("", "0.0510")],
    )
    def test_a_currency_without_a_sign_is_told_by_its_code(self, currency, text):
        """One that is not told is not guessed."""
        assert text == shown(currency=currency)["charge"]

    @pytest.mark.parametrize("amount", ["0.0510", "3", 3, "0.10", 0.05])
    def test_the_amount_stands_as_the_report_spells_it(self, amount):
        """Nothing is rounded or filled up."""
        assert (f"${amount}", str(amount)) == (shown(total_charge=amount)["charge"], shown(rate=amount)["rate"])

    @pytest.mark.parametrize("amount", ["0", "0.0", "0.0000", 0, 0.0, None, "", "free", -1])
    def test_a_call_that_cost_nothing_shows_neither(self, amount):
        """As a call the report does not name; what kind of call it was is told all the same."""
        told = shown(total_charge=amount, call_type="tollfree")
        assert {**ROW, "call_type": "tollfree"} == told
        assert not is_charged(charge(total_charge=amount))

    def test_a_rate_that_is_not_told_is_absent(self):
        """The charge stands alone."""
        assert {"charge"} == shown(rate=None).keys() - ROW.keys()

    def test_a_rate_of_nothing_is_a_rate(self):
        """A call may be charged as a whole and not by the minute."""
        assert ("$0.0510", "0") == tuple(shown(rate="0")[field] for field in ("charge", "rate"))

    @pytest.mark.parametrize(
        ("said", "word"),
        [
            ("voip", "voip"),
            ("local", "pstn"),
            ("tollfree", "tollfree"),
            ("international", "international"),
            ("callCenter", "contactCenter"),
        ],
    )
    def test_the_report_knows_the_call_type_better(self, said, word):
        """Its word in v1's, in the place of the row's own."""
        assert word == shown(call_type=said)["call_type"]
        assert list(ROW)[:2] == list(shown(call_type=said))[:2]

    @pytest.mark.parametrize("said", [None, "", "satellite", "pstn", "contactCenter"])
    def test_a_word_the_report_does_not_have_leaves_the_rows_own(self, said):
        """Also one that is v1's."""
        assert "pstn" == shown(call_type=said)["call_type"]
        assert set(CALL_TYPES.values()) == {"voip", "pstn", "tollfree", "international", "contactCenter"}

    @pytest.mark.parametrize("profile", ["live", "docs"])
    def test_profile_docs_shows_what_the_guide_showed(self, profile: Literal["live", "docs"]):
        """The call type is in the guide's example, what the call cost is not."""
        told = priced(ROW, charge(call_type="international"), profile=profile)
        assert {"live": {"charge", "rate"}, "docs": set()}[profile] == told.keys() - ROW.keys()
        assert ("international", frozenset({"call_type"})) == (told["call_type"], CHARGED_FIELDS.guide_fields())

    @given(row=st.sampled_from(ROWS), profile=st.sampled_from(["live", "docs"]), amount=st.sampled_from(["0", "1.5"]))
    def test_every_row_stays_v1s_and_unaltered(self, row, profile, amount):
        """The priced row is one of v1's, in its order; its other fields and the row handed in stay as they were."""
        before = copy.deepcopy(row)
        told = priced(row, charge(total_charge=amount), profile=profile)
        AccountCallLog.model_validate(told)
        assert [name for name in AccountCallLog.model_fields if name in told] == list(told)
        assert [] == differences(before, row)
        rest = {"call_type", "charge", "rate"}
        assert {k: v for k, v in row.items() if k not in rest} == {k: v for k, v in told.items() if k not in rest}


ID, SUFFIXED = "7681340796896118275", "7681340796896118275_1"
LATER = "2026-03-10T09:01:05Z"


def joined(*charges: CallCharge, group: int = 0, **row: Any) -> CallCharge | None:
    """The charge that `ROW` with other values joins."""
    values = {**ROW, **row}
    return charge_of({name: value for name, value in values.items() if value is not None}, charges, group=group)


class TestJoining:
    """Which charge is a row's."""

    def test_the_call_id_decides(self):
        """Another call's charge is not this one's."""
        ours, theirs = charge(), charge(call_id="7681340796896118276")
        assert ours == joined(theirs, ours)
        assert joined(theirs) is None
        assert joined() is None

    @pytest.mark.parametrize(
        ("charged", "row", "is_joined"),
        [
            ("outbound", "outbound", True),
            ("outbound", "inbound", False),
            ("inbound", "outbound", False),
            ("inbound", "inbound", True),
            (None, "inbound", True),
            ("inbound", None, True),
            (None, None, True),
        ],
    )
    def test_the_direction_decides_where_both_tell_it(self, charged, row, is_joined):
        """The caller's charge is not the callee's."""
        assert is_joined is (joined(charge(direction=charged), direction=row) is not None)

    def test_a_row_without_a_call_id_joins_nothing(self):
        """However late a part it is."""
        assert [None, None] == [joined(charge(), group=group, call_id=None) for group in (0, 1)]

    def test_a_charge_counts_before_one_of_nothing(self):
        """Whichever stands first in the report; of two charges the first."""
        free, costly, other = charge(total_charge="0"), charge(), charge(total_charge="9")
        assert costly == joined(free, costly, other)
        assert other == joined(free, other, costly)

    def test_of_several_charges_of_nothing_the_first_counts(self):
        """It still tells the call's type."""
        first, second = charge(total_charge="0", call_type="voip"), charge(total_charge="0")
        assert first == joined(first, second)

    def test_a_transferred_part_joins_the_charge_of_its_own_id(self):
        """The suffix is part of the id."""
        first, later = charge(call_id=ID), charge(call_id=SUFFIXED, total_charge="2")
        assert first == joined(later, first, call_id=ID)
        assert later == joined(first, later, group=1, call_id=SUFFIXED)

    def test_a_transferred_part_does_not_show_the_first_ones_charge(self):
        """Whoever adds charges up would count it twice."""
        assert joined(charge(call_id=ID), group=1, call_id=SUFFIXED) is None

    def test_a_first_part_is_also_told_without_its_suffix(self):
        """A record may begin with the part behind a transfer; its own id counts before."""
        stem, own = charge(call_id=ID), charge(call_id=SUFFIXED, total_charge="0")
        assert stem == joined(stem, call_id=SUFFIXED)
        assert own == joined(stem, own, call_id=SUFFIXED)

    def test_a_suffix_does_not_matter_the_other_way_round(self):
        """A part's charge is not the whole call's."""
        assert joined(charge(call_id=SUFFIXED), call_id=ID) is None

    @pytest.mark.parametrize(
        ("began", "is_joined"),
        [(ROW["date_time"], False), ("2026-03-10T09:01:04Z", False), (LATER, True), (None, False)],
    )
    def test_a_later_part_without_a_suffix_joins_what_began_with_it(self, began, is_joined):
        """The part behind a warm transfer has an id of its own; the first part's id may also stand on all parts."""
        assert is_joined is (joined(charge(start_time=began), group=1, date_time=LATER) is not None)

    def test_a_later_part_whose_start_nobody_knows_joins_nothing(self):
        """It could be the first part's charge."""
        assert joined(charge(), group=1, date_time=None) is None

    def test_the_suffix_outweighs_the_start(self):
        """A part's own id needs no time beside it."""
        assert joined(charge(call_id=SUFFIXED, start_time=None), group=1, call_id=SUFFIXED) is not None

    def test_the_first_part_does_not_look_at_the_start(self):
        """The report's clock may differ by a second."""
        assert joined(charge(start_time="2026-03-10T08:59:59Z")) is not None
