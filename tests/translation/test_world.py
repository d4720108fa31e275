"""What the translation asks of the world: extensions by id and number, and places nobody told."""

import pytest

from adapters.translation.world import Directory, DirectoryEntry, World, extension_number, nowhere

NADIA = DirectoryEntry("object-nadia", "Nadia Haddad")
LOBBY = DirectoryEntry("object-lobby", "Lobby")
DIRECTORY = Directory(by_extension_id={"ext-nadia": NADIA}, by_number={777: NADIA}, common_areas={777: LOBBY})


@pytest.mark.parametrize(
    ("extension_id", "number", "kind", "found"),
    [
        ("ext-nadia", "2101", "user", NADIA),
        ("ext-nadia", None, "common_area", NADIA),
        (None, "0777", "user", NADIA),
        (None, "777", None, NADIA),
        ("ext-former", "777", "user", None),
        ("ext-lobby", "777", "common_area", LOBBY),
        (None, "777", "common_area", LOBBY),
        (None, "778", "user", None),
        (None, "n/a", "user", None),
        (None, None, "user", None),
    ],
)
def test_an_extension_is_found(
    extension_id: str | None, number: str | None, kind: str | None, found: DirectoryEntry | None
) -> None:
    """By its id, by its number where a leg has no id, and common areas by number alone; a former id finds nobody."""
    assert found == DIRECTORY.find(extension_id, number, extension_type=kind)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2101", 2101),
        ("0777", 777),
        ("9" * 18, 10**18 - 1),
        ("9" * 19, None),
        ("+2101", None),
        ("21 01", None),
        ("٢١", None),
        ("", None),
        (None, None),
    ],
)
def test_an_extension_number_is_plain_digits(text: str | None, number: int | None) -> None:
    """Digits become a whole number, leading zeros lost; anything else is none."""
    assert number == extension_number(text)


def test_nobody_told_any_place() -> None:
    """Without a list of places no number has one."""
    assert nowhere("+12025550143") is None
    assert World().place_of is nowhere
