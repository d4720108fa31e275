"""The comparison tells every JSON value from every other, and says where and how they differ."""

import copy
import json
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.compare import differences, order_differences, token

ABSENT: dict[str, Any] = {}
ODD: tuple[Any, ...] = (None, "", 0, False, True, 1, 1.0, "0", "1", "false", [], {})
ANSWERS = [ABSENT] + [{"x": value} for value in ODD]

scalars = st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False).map(lambda x: x + 0.0)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
)


def spelled(value: Any) -> str:
    """A value's JSON text, keys sorted: the same text means the same answer."""
    return json.dumps(value, sort_keys=True)


def changed(value: Any, steps: list[str | int]) -> Any:
    """A copy of `value` with an odd word at the end of `steps`."""
    if not steps:
        return "changed"
    copied = copy.copy(value)
    copied[steps[0]] = changed(value[steps[0]], steps[1:])
    return copied


@pytest.mark.parametrize(("expected", "actual"), list(permutations(ANSWERS, 2)), ids=str)
def test_look_alikes_differ(expected: dict[str, Any], actual: dict[str, Any]) -> None:
    """Absent, null, empty, 0, false, 1, true, 1.0, "0" and "1" are all different answers, in one line each."""
    assert 1 == len(differences(expected, actual))


@pytest.mark.parametrize(
    ("expected", "actual", "line"),
    [
        (1, True, '"": expected integer 1, got boolean true'),
        ({"a": 1}, {"a": 1.0}, '"/a": expected integer 1, got number 1.0'),
        ({"a": None}, {}, '"/a": expected null, got absent'),
        ({}, {"a": ""}, '"/a": expected absent, got string ""'),
        ({"rows": [{"id": "x"}]}, {"rows": [{"id": "y"}]}, '"/rows/0/id": expected string "x", got string "y"'),
        ([1], [1, 2], '"/1": expected absent, got integer 2'),
        ([1, 2], [1], '"/1": expected integer 2, got absent'),
        ({"a/b~c": 1}, {"a/b~c": 2}, '"/a~1b~0c": expected integer 1, got integer 2'),
        ({"": 1}, {"": 2}, '"/": expected integer 1, got integer 2'),
        ({"a": []}, {"a": {}}, '"/a": expected array [], got object {}'),
        ("one\ntwo", "one", '"": expected string "one\\ntwo", got string "one"'),
        ([1], (1,), '"": expected array [1], got tuple [1]'),
    ],
)
def test_line(expected: Any, actual: Any, line: str) -> None:
    """A line names the place and both values with their types."""
    assert [line] == differences(expected, actual)


def test_every_difference_is_told() -> None:
    """One difference does not hide another."""
    found = differences({"a": 1, "b": [1, 2], "c": 0}, {"a": 2, "b": [2, 2, 3], "d": 0})
    assert ['"/a"', '"/b/0"', '"/b/2"', '"/c"', '"/d"'] == [line.split(":")[0] for line in found]


@given(values)
def test_a_value_is_itself(value: Any) -> None:
    """A value does not differ from its copy, not even in order."""
    assert [] == order_differences(value, copy.deepcopy(value))


@given(values, values)
def test_differs_exactly_when_the_text_does(expected: Any, actual: Any) -> None:
    """Two values have differences exactly when their JSON texts differ, whichever comes first."""
    different = spelled(expected) != spelled(actual)
    assert (different, different) == (bool(differences(expected, actual)), bool(differences(actual, expected)))


@given(values, values)
def test_one_line_each(expected: Any, actual: Any) -> None:
    """Whatever keys and texts hold, a difference is one line."""
    assert all(1 == len(line.splitlines()) for line in order_differences(expected, actual))


@given(st.lists(st.text(), min_size=1, max_size=5), values)
def test_points_to_the_place(keys: list[str], value: Any) -> None:
    """A single change gives a single line that begins with its pointer."""
    nested: Any = [value, "old"]
    for key in reversed(keys):
        nested = {key: nested, key + "'": value}
    (line,) = differences(nested, changed(nested, [*keys, 1]))
    assert line.startswith(json.dumps("".join(map(token, keys)) + "/1") + ": ")


def test_key_order_counts_when_asked() -> None:
    """Key order is a difference for `order_differences` alone."""
    expected, actual = {"rows": [{"id": 1, "path": 2}]}, {"rows": [{"path": 2, "id": 1}]}
    assert [] == differences(expected, actual)
    assert ['"/rows/0": expected key order ["id", "path"], got ["path", "id"]'] == order_differences(expected, actual)


def test_order_of_shared_keys() -> None:
    """A key that only one side has is a difference of its own and does not disturb the order of the others."""
    assert ['"/b": expected absent, got integer 2'] == order_differences({"a": 1, "c": 3}, {"a": 1, "b": 2, "c": 3})


@given(st.dictionaries(st.text(), st.integers(), min_size=2))
def test_reversed_order_is_told(value: dict[str, int]) -> None:
    """An object turned round has the same members in another order."""
    assert 1 == len(order_differences(value, dict(reversed(value.items()))))
