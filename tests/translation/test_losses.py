"""The declared losses are fit to be listed for readers."""

import pytest

from adapters.translation.losses import LOSSES, Loss


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.what)
def test_a_loss_says_what_comes_instead_and_why(loss: Loss) -> None:
    """Each loss names the thing, its replacement, the reason, and a section with its standing."""
    assert all((loss.what, loss.instead, loss.reason))
    book, *_, standing = loss.source.split()
    assert "semantics" == book
    assert set(standing) <= set("DOIA/")


def test_no_loss_is_listed_twice() -> None:
    """A reader meets each loss once."""
    assert len(LOSSES) == len({loss.what for loss in LOSSES})
