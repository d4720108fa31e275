"""Every case through the pure translation, in every successor generation."""

from collections.abc import Iterable
from importlib import resources

import pytest

from contracts.cases import Case, Exchange, load
from contracts.cases.worlds import Spoken
from contracts.codec import decode
from contracts.compare import differences, order_differences
from tests.translation.replay import reply

FOLDER = resources.files("contracts.cases")


def _exchanges(cases: Iterable[Case]) -> list:
    return [
        pytest.param(case, exchange, id=f"{case.id}-{number}")
        for case in cases
        for number, exchange in enumerate(case.exchanges)
    ]


def _is_written_out(case: Case) -> bool:
    return "like" not in decode((FOLDER / f"{case.id}.json").read_bytes())


CASES = load()
EXCHANGES = _exchanges(CASES)
# A variation puts its new keys at the end: only a case that is written out says where they stand.
WRITTEN_OUT = _exchanges(filter(_is_written_out, CASES))


@pytest.mark.parametrize("generation", ["v3", "v2", "both"])
@pytest.mark.parametrize(("case", "exchange"), EXCHANGES)
def test_a_case_is_answered_as_it_promises(case: Case, exchange: Exchange, generation: Spoken) -> None:
    """Every generation of the successor gives the reply the case promises, value for value."""
    assert [] == differences(exchange.reply, reply(case, exchange, generation=generation))


@pytest.mark.parametrize(("case", "exchange"), WRITTEN_OUT)
def test_keys_stand_in_their_order(case: Case, exchange: Exchange) -> None:
    """The keys of a reply come in the order real v1 sent them."""
    assert [] == order_differences(exchange.reply, reply(case, exchange, generation="v3"))
