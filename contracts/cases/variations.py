"""A small case told as its differences from another one, and how the whole case is made of it.

It knows RFC 6901 pointers and where a variation may point; what the values mean is none of its business.
"""

import copy
from typing import Any

from contracts.cases.files import VariationFile
from contracts.compare import differences


class PointsNowhere(ValueError):
    """A pointer leads to no place in the base case, or changes nothing there."""


def whole_case(variation: VariationFile, base: dict[str, Any]) -> dict[str, Any]:
    """The full case file that `variation` stands for; `base` stays as it is.

    Hand-written v2 data is not inherited: it would still tell the base's story. In each pair the values are put
    first, then the rest is taken away, in the order of the file.
    """
    case = copy.deepcopy({key: value for key, value in base.items() if key != "upstream_v2"})
    case |= {"id": variation.id, "why": variation.why, "source": variation.source}
    case["settings"] = _merged(case.get("settings", {}), variation.settings)
    for field, below, values in (("set", "/upstream/", variation.set), ("expect", "/exchanges/", variation.expect)):
        for pointer, value in values.items():
            _within(pointer, below, field)
            _put(case, pointer, value, field)
    for field, below, gone in (("unset", "/upstream/", variation.unset), ("absent", "/exchanges/", variation.absent)):
        for pointer in gone:
            _within(pointer, below, field)
            _take_away(case, pointer, field)
    return case


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        known = merged.get(key)
        merged[key] = known | value if isinstance(known, dict) and isinstance(value, dict) else value
    return merged


def _within(pointer: str, below: str, field: str) -> None:
    if not pointer.startswith(below):
        raise PointsNowhere(f"{field}: {pointer} does not point below {below}")


def _put(case: dict[str, Any], pointer: str, value: Any, field: str) -> None:
    parent, last = _parent(case, pointer, field)
    if isinstance(parent, list) and last == "-":
        parent.append(copy.deepcopy(value))
        return
    key: Any = _index(parent, last, pointer, field) if isinstance(parent, list) else last
    if (isinstance(parent, list) or key in parent) and not differences(parent[key], value):
        raise PointsNowhere(f"{field}: {pointer} has this value already")
    parent[key] = copy.deepcopy(value)


def _take_away(case: dict[str, Any], pointer: str, field: str) -> None:
    parent, last = _parent(case, pointer, field)
    if isinstance(parent, list):
        del parent[_index(parent, last, pointer, field)]
    elif last in parent:
        del parent[last]
    else:
        raise PointsNowhere(f"{field}: {pointer} is not there")


def _parent(case: dict[str, Any], pointer: str, field: str) -> tuple[Any, str]:
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    here: Any = case
    for step in steps[:-1]:
        here = here[_index(here, step, pointer, field)] if isinstance(here, list) else _member(here, step)
        if here is None:
            break
    if not isinstance(here, dict | list):
        raise PointsNowhere(f"{field}: {pointer} has no parent")
    return here, steps[-1]


def _member(here: Any, step: str) -> Any:
    return here.get(step) if isinstance(here, dict) else None


def _index(array: list[Any], step: str, pointer: str, field: str) -> int:
    if not step.isdecimal() or int(step) >= len(array):
        raise PointsNowhere(f"{field}: {pointer} is outside its array")
    return int(step)
