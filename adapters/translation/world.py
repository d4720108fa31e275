"""What the translation must be told of the world: who has which id, where a number is at home, how countries dial.

Plain values made elsewhere; nothing here looks anything up outside.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from adapters.translation.options import Options

INT64_DIGITS: Final = 18

Places: TypeAlias = Callable[[str], str | None]
"""The place of a whole number (`+12025550143`), or None."""


def nowhere(_number: str) -> str | None:
    """No place for any number: the enrichment is off."""
    return None


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """An extension's v1 object id, and its name."""

    id: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Directory:
    """Extensions by extension id; by number where a leg has no extension id, and common areas, which have none.

    Numbers are whole numbers: 777 and "0777" are the same extension.
    """

    by_extension_id: Mapping[str, DirectoryEntry] = field(default_factory=dict)
    by_number: Mapping[int, DirectoryEntry] = field(default_factory=dict)
    common_areas: Mapping[int, DirectoryEntry] = field(default_factory=dict)

    def find(
        self, extension_id: str | None, number: str | None, *, extension_type: str | None
    ) -> DirectoryEntry | None:
        """The entry of an extension; an extension id nobody has is a former one, whose number may be another's."""
        if extension_id is not None and extension_id in self.by_extension_id:
            return self.by_extension_id[extension_id]
        whole = extension_number(number)
        if whole is None:
            return None
        if extension_type == "common_area":
            return self.common_areas.get(whole)
        return self.by_number.get(whole) if extension_id is None else None


def extension_number(number: str | None) -> int | None:
    """An extension number as the whole number v1's owner shows; None unless it is plain digits of an int64."""
    is_plain = number is not None and number.isascii() and number.isdigit() and len(number) <= INT64_DIGITS
    return int(number) if number is not None and is_plain else None


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything outside the record that a rule may ask.

    `calling_codes` maps ISO regions to calling codes without a plus sign.
    """

    options: Options = field(default_factory=Options)
    directory: Directory = field(default_factory=Directory)
    place_of: Places = nowhere
    calling_codes: Mapping[str, str] = field(default_factory=dict)
    profile: Literal["live", "docs"] = "live"
