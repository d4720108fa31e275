"""Every case through the pure translation, in every successor generation."""

from importlib import resources

import pytest

from contracts.cases import Case, Exchange, load
from contracts.cases.worlds import Spoken
from contracts.codec import decode
from contracts.compare import differences, order_differences
from tests.translation.replay import reply

FOLDER = resources.files("contracts.cases")
EXCHANGES = [
    pytest.param(case, exchange, id=f"{case.id}-{number}")
    for case in load()
    for number, exchange in enumerate(case.exchanges)
]
# A variation puts its new keys at the end: only a case that is written out says where they stand.
WRITTEN_OUT = [
    exchange for exchange in EXCHANGES if "like" not in decode((FOLDER / f"{exchange.values[0].id}.json").read_bytes())
]


@pytest.mark.parametrize("generation", ["v3", "v2", "both"])
@pytest.mark.parametrize(("case", "exchange"), EXCHANGES)
def test_a_case_is_answered_as_it_promises(case: Case, exchange: Exchange, generation: Spoken) -> None:
    """Every generation of the successor gives the reply the case promises, value for value."""
    assert [] == differences(exchange.reply, reply(case, exchange, generation=generation))


@pytest.mark.parametrize(("case", "exchange"), WRITTEN_OUT)
def test_keys_stand_in_their_order(case: Case, exchange: Exchange) -> None:
    """The keys of a reply come in the order real v1 sent them."""
    assert [] == order_differences(exchange.reply, reply(case, exchange, generation="v3"))
