"""Citations of docs/semantics.md and links between documents, read and followed.

Knows how sections are numbered and how a source is written; refuses to know what a section says.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from adapters.translation.options import OPTIONS
from tests.build.recipe import PROJECT

EVIDENCE = PROJECT / "docs" / "semantics.md"

_HEADING = re.compile(r"^#{2,3} (\d+(?:\.\d+)?)\.? ", re.MULTILINE)
_ITEM = re.compile(r"^(?:\| (\d+) \||(\d+)\. )", re.MULTILINE)
_SECTION = re.compile(r"\d+(?:\.\d+)?")
_ITEMS = re.compile(r"(rows?|no\.|step) (\d.*)")
_ITEM_LISTS = frozenset({"rows", "no."})
"""Behind these a bare number is one more item; behind `row` and `step` it is a section."""
_STANDING = re.compile(r" [DOIA](?:/[DOIA])*$")
_REMARK = re.compile(r" \([^)]*\)")
_AND = r"(?:,\s|\sand\s|\sto\s)"
_LOOSE = re.compile(rf"(\d+(?:\.\d+)?)(?:\s(?:rows?|no\.|step)\s(\d+(?:{_AND}\d+(?!\.?\d))*))?(?:\s\([^)]*\))?")
_LINK = re.compile(r"\]\((?![a-z]+:)([^)\s#]*)(?:#([^)\s]+))?\)")


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the evidence: its text without markup, and the numbers of its rows and steps."""

    text: str
    items: tuple[str, ...]


@cache
def sections() -> dict[str, Section]:
    """Every section by its number; a chapter's own text ends where its first section begins."""
    parts = _HEADING.split(EVIDENCE.read_text())[1:]
    return {
        number: Section(text.replace("`", "").lower(), tuple(row or step for row, step in _ITEM.findall(text)))
        for number, text in zip(parts[::2], parts[1::2], strict=True)
    }


def broken_sources(source: str) -> list[str]:
    """What a declared source cites and the evidence does not have; empty when all of it is there.

    A source is `semantics` and parts with commas between: a section, with rows, items, a step or words that stand in
    it; more of these for the section before; `option` and its id.
    """
    cited = source.removeprefix("semantics ")
    if cited == source:
        return [source]
    return list(_followed(_REMARK.sub("", _STANDING.sub("", cited)).split(", ")))


def loose_citations(text: str, *, word: str) -> list[str]:
    """What running text cites behind `word` and the evidence does not have."""
    trains = re.finditer(rf"\b{word}\s+({_LOOSE.pattern}(?:{_AND}{_LOOSE.pattern})*)", text, re.IGNORECASE)
    return [
        missing
        for train in trains
        for section, items in _LOOSE.findall(train[1])
        for missing in _missing(section, re.findall(r"\d+", items))
    ]


def broken_links(page: Path) -> list[str]:
    """The relative links of a page that lead to no file, or to no heading of it."""
    links = _LINK.findall(page.read_text())
    return [
        path + (f"#{fragment}" if fragment else "")
        for path, fragment in links
        if not (target := page.parent / path if path else page).exists()
        or (fragment and fragment not in _anchors(target))
    ]


def _followed(parts: Iterable[str]) -> Iterator[str]:
    section, kind = "", ""
    for part in parts:
        head, _, rest = part.partition(" ")
        if head == "option":
            yield from () if rest in {option.id for option in OPTIONS} else (part,)
            continue
        if head.isdigit() and not rest and kind in _ITEM_LISTS:
            yield from _missing(section, [head])
            continue
        if _SECTION.fullmatch(head):
            section, kind = head, ""
            yield from _missing(section, ())
        else:
            rest = part
        if items := _ITEMS.fullmatch(rest):
            kind = items[1]
            yield from _missing(section, re.findall(r"\d+", items[2]))
        elif rest and section in sections() and rest.lower() not in sections()[section].text:
            yield f"{section} {rest}"


def _missing(section: str, items: Iterable[str]) -> Iterator[str]:
    if section not in sections():
        yield section
        return
    yield from (f"{section} {item}" for item in items if item not in sections()[section].items)


def _anchors(page: Path) -> set[str]:
    """The fragments a page's headings answer to."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
