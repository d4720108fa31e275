"""The tolerant reader: an upstream answer becomes shapes, and what nobody declared is told beside them.

A value of the wrong type, a padded or empty text, a key or a word outside the schema: none is fatal. Only an answer
that is not of the resource asked for raises. The reader refuses to judge what a call means.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, Generic, NewType, TypeVar, get_args

import msgspec

from contracts.successor.generations import ALIASES, ELEMENT_ID, HISTORY_ROWS, HISTORY_UUID, RECORD_ELEMENTS, newest
from contracts.successor.shapes import TIMES, UNREAD, UNREAD_IN_ELEMENTS, VALUES, CallElement, CallHistory

Shape = TypeVar("Shape")
Amount = NewType("Amount", str)
"""A sum of money or a rate as it is spelled: digits, with or without decimals."""


class Unreadable(ValueError):
    """The answer is not of the resource that was asked for: no array of rows, no row with an id among them, no id."""


@dataclass(frozen=True, slots=True, order=True)
class Unknown:
    """One thing the schema does not have.

    `value` is the word met in a closed vocabulary, or "" for a key or a type nobody declared; a word that could be
    more than a word is not kept.
    """

    shape: str
    field: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Reading(Generic[Shape]):
    """What was read, and every unknown met on the way."""

    value: Shape
    unknown: frozenset[Unknown]


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """One page of the account list, rows in the order they came; `next_page_token` is "" at the end.

    `passed_over` counts entries that are no rows, for want of an id or of anything at all.
    """

    rows: tuple[CallHistory, ...]
    next_page_token: str
    total_records: int | None
    passed_over: int = 0


_PLAIN_WORD: Final = re.compile(r"[a-z][a-z_]{0,39}")
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
_PLAIN_AMOUNT: Final = re.compile(r"\d{1,18}(?:\.\d{1,18})?", re.ASCII)
_DIGITS: Final = re.compile(r"\d{1,9}", re.ASCII)
_INT64: Final = 2**63
_PLAIN_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_ALIAS_NAMES: Final = frozenset(name for names in ALIASES for name in (names.v2, names.v3))


@dataclass(frozen=True, slots=True)
class Fields:
    """What is declared of an object: the kind of each field that is read, names that are no news, closed vocabularies.

    `shape` is what unknowns are told as.
    """

    shape: str
    kinds: Mapping[str, Any]
    no_news: frozenset[str]
    words: Mapping[str, frozenset[str]]


def fields_of(
    name: str, shape: type[msgspec.Struct], unread: Iterable[str], *, words: Mapping[str, frozenset[str]]
) -> Fields:
    """The fields of a shape, each either of a kind or absent; `unread` names what may come beside them."""
    kinds = {
        field.name: (get_args(field.type) or (field.type,))[0]
        for field in msgspec.structs.fields(shape)
        if field.name != "elements"
    }
    return Fields(name, kinds, frozenset({*kinds, *unread}), words)


_HISTORY: Final = fields_of("history", CallHistory, {*UNREAD, *_ALIAS_NAMES}, words=VALUES)
_ELEMENT: Final = fields_of("element", CallElement, {*UNREAD_IN_ELEMENTS, *_ALIAS_NAMES}, words=VALUES)


def _text(raw: object) -> str | None:
    if isinstance(raw, str):
        return raw.strip() or None
    if isinstance(raw, int) and not isinstance(raw, bool):
        return str(raw) if abs(raw) < _INT64 else None
    return None


def _whole(raw: object) -> int | None:
    if isinstance(raw, int) and not isinstance(raw, bool):
        return raw if 0 <= raw < _INT64 else None
    if isinstance(raw, str) and _DIGITS.fullmatch(raw.strip()):
        return int(raw)
    return None


def _truth(raw: object) -> bool | None:
    if isinstance(raw, bool):
        return raw
    return {"true": True, "false": False}.get(raw.strip().lower()) if isinstance(raw, str) else None


def _moment(text: str) -> str | None:
    try:
        moment = datetime.fromisoformat(text)
        if _PLAIN_TIME.fullmatch(text):
            return text
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return f"{moment.replace(microsecond=0, tzinfo=None).isoformat()}Z"


def _amount(raw: object) -> str | None:
    if isinstance(raw, float):
        raw = format(Decimal(repr(raw)), "f")
    text = _text(raw)
    return text if text is not None and _PLAIN_AMOUNT.fullmatch(text) else None


_READERS: Final[Mapping[Any, Any]] = {str: _text, int: _whole, bool: _truth, Amount: _amount}


def _empty(raw: object) -> bool:
    return raw is None or (isinstance(raw, str) and not raw.strip())


def read_fields(raw: Mapping[str, Any], fields: Fields, unknown: set[Unknown]) -> Iterator[tuple[str, Any]]:
    """Name and value of every declared field that says something; adds to `unknown` what nobody declared."""
    for name, kind in fields.kinds.items():
        if _empty(raw.get(name)):
            continue
        value = _READERS[kind](raw[name])
        if value is not None and name in TIMES:
            value = _moment(value)
        if value is None:
            unknown.add(Unknown(fields.shape, name))
            continue
        if name in fields.words and value not in fields.words[name]:
            unknown.add(Unknown(fields.shape, name, value if _PLAIN_WORD.fullmatch(value) else ""))
        yield name, value
    for name in raw.keys() - fields.no_news:
        unknown.add(Unknown(fields.shape, name if _NAME.fullmatch(name) else ""))


def _element(raw: Mapping[str, Any], unknown: set[Unknown]) -> CallElement:
    values = dict(read_fields(raw, _ELEMENT, unknown))
    values["call_element_id"] = _text(newest(raw, ELEMENT_ID))
    return CallElement(**values)


def _elements(raw: Mapping[str, Any], unknown: set[Unknown]) -> Iterator[CallElement]:
    entries = newest(raw, RECORD_ELEMENTS)
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict):
            yield _element(entry, unknown)
        else:
            unknown.add(Unknown("element", ""))


def _history(raw: object, unknown: set[Unknown]) -> CallHistory:
    if not isinstance(raw, dict):
        raise Unreadable("a call history that is no object")
    uuid = _text(newest(raw, HISTORY_UUID))
    if uuid is None:
        raise Unreadable("a call history without its id")
    values = dict(read_fields(raw, _HISTORY, unknown))
    values["call_history_uuid"] = uuid
    return CallHistory(**values, elements=tuple(_elements(raw, unknown)))


def read_record(body: Mapping[str, Any]) -> Reading[CallHistory]:
    """One call's record: header and elements; `Unreadable` when it has no id."""
    unknown: set[Unknown] = set()
    return Reading(_history(body, unknown), frozenset(unknown))


def read_page(body: Mapping[str, Any]) -> Reading[HistoryPage]:
    """One page of the account list; an entry that is no row or has no id is passed over and told as unknown.

    `Unreadable` when there is no array of rows, or nothing in it is one.
    """
    unknown: set[Unknown] = set()
    entries = newest(body, HISTORY_ROWS)
    if entries is None and any(isinstance(body.get(name), list) for name in (HISTORY_ROWS.v2, HISTORY_ROWS.v3)):
        entries = []
    if not isinstance(entries, list):
        raise Unreadable("a call history list without rows")
    rows = tuple(_rows(entries, unknown))
    if entries and not rows:
        raise Unreadable("a call history list without any row that has its id")
    page = HistoryPage(
        rows=rows,
        next_page_token=_text(body.get("next_page_token")) or "",
        total_records=_whole(body.get("total_records")),
        passed_over=len(entries) - len(rows),
    )
    return Reading(page, frozenset(unknown))


def _rows(entries: Iterable[Any], unknown: set[Unknown]) -> Iterator[CallHistory]:
    for entry in entries:
        try:
            yield _history(entry, unknown)
        except Unreadable:
            unknown.add(Unknown("history", "" if not isinstance(entry, dict) else HISTORY_UUID.v3))
