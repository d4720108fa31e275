"""One table of names tells the successor generations apart."""

import pytest

from contracts.successor.generations import (
    ALIASES,
    ELEMENT_ID,
    HISTORY_ROWS,
    HISTORY_UUID,
    RECORD_ELEMENTS,
    Generation,
    Names,
    generation_of,
    newest,
)


@pytest.mark.parametrize(
    ("names", "v2", "v3"),
    [
        (HISTORY_ROWS, "call_logs", "call_history"),
        (HISTORY_UUID, "id", "call_history_uuid"),
        (RECORD_ELEMENTS, "call_path", "call_elements"),
        (ELEMENT_ID, "id", "call_element_id"),
    ],
)
def test_a_thing_has_a_name_in_each_generation(names: Names, v2: str, v3: str) -> None:
    """The names are the ones Zoom's schema has."""
    assert (v2, v3) == (names.of(Generation.V2), names.of(Generation.V3))
    assert names in ALIASES


def test_the_newest_name_that_says_something_wins() -> None:
    """While both generations stand in one answer, the newer one is read."""
    assert "new" == newest({"call_history_uuid": "new", "id": "old"}, HISTORY_UUID)


@pytest.mark.parametrize("nothing", [None, "", []])
def test_a_name_that_says_nothing_gives_way(nothing: object) -> None:
    """Null, an empty text and an empty array are passed over for the older name."""
    assert "old" == newest({"call_history_uuid": nothing, "id": "old"}, HISTORY_UUID)


def test_zero_and_false_say_something() -> None:
    """Other false values are values."""
    assert 0 == newest({"call_history_uuid": 0, "id": "old"}, HISTORY_UUID)


def test_neither_name_is_none() -> None:
    """An answer with neither name says nothing."""
    assert newest({"spam": 1}, HISTORY_UUID) is None


@pytest.mark.parametrize(
    ("answer", "generation"),
    [
        ({"call_history": [], "call_logs": []}, Generation.V3),
        ({"call_history": []}, Generation.V3),
        ({"call_logs": []}, Generation.V2),
        ({}, None),
    ],
)
def test_the_newest_name_there_tells_the_generation(answer: dict[str, object], generation: Generation | None) -> None:
    """A name counts also when it holds nothing."""
    assert generation == generation_of(answer, HISTORY_ROWS)
