"""The forms an id of a call comes in, read from its text alone.

It refuses to know which call an id belongs to, and never refuses an id for not being a UUID: ids are opaque text.
"""

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final


class Form(StrEnum):
    """What an unremembered id looks like: a leg or a call with its date, the same without, or a telephony call id."""

    DATED = "dated"
    BARE = "bare"
    CALL_ID = "call_id"


# A UUID may itself begin with eight digits: only five groups after the date tell the two apart (semantics 2).
_DATED: Final = re.compile(r"[0-9]{8}-([^-]+(?:-[^-]+){4})")
_SUFFIXED: Final = re.compile(r"(.+)_[0-9]+", re.DOTALL)
_DECIMAL: Final = re.compile(r"[1-9][0-9]{17,19}")
_HEXADECIMAL: Final = re.compile(r"0([0-9a-fA-F]{8})[0-9a-fA-F]*")

_EARLIEST: Final = int(datetime(2015, 1, 1, tzinfo=UTC).timestamp())
_LATEST: Final = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp())


def bare(id: str) -> str:
    """`id` without its date prefix; the id itself when what stands before the dash is no date prefix."""
    dated = _DATED.fullmatch(id)
    return dated[1] if dated else id


def form_of(id: str) -> Form:
    """The form `id` has by its spelling."""
    if _DATED.fullmatch(id):
        return Form.DATED
    return Form.BARE if "-" in id else Form.CALL_ID


def without_suffix(call_id: str) -> str:
    """`call_id` without the `_n` that a transfer appends."""
    suffixed = _SUFFIXED.fullmatch(call_id)
    return suffixed[1] if suffixed else call_id


def start_of(call_id: str) -> datetime | None:
    """The UTC second hidden in a call id, decimal or hexadecimal; None when there is no plausible one.

    Observed, not documented (semantics 2): a hint where to look first, never a proof.
    """
    text = without_suffix(call_id)
    if hexadecimal := _HEXADECIMAL.fullmatch(text):
        seconds = int(hexadecimal[1], 16)
    elif _DECIMAL.fullmatch(text):
        seconds = int(text) >> 32
    else:
        return None
    return datetime.fromtimestamp(seconds, UTC) if _EARLIEST <= seconds < _LATEST else None
