"""How two JSON values differ, type by type: absent, null, empty, 0, false, "0" and 0.0 are all different answers.

It knows JSON's own kinds and nothing of call logs.
"""

import json
from collections.abc import Iterator

from contracts.codec import Json

_KINDS: dict[type, str] = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
}


def differences(expected: Json, actual: Json) -> list[str]:
    """One line for each place where `actual` is not exactly `expected`; empty when they are the same answer.

    A line starts with the place as an RFC 6901 pointer in its JSON string form. Key order does not count.
    """
    return list(_walk(expected, actual, pointer="", ordered=False))


def order_differences(expected: Json, actual: Json) -> list[str]:
    """The `differences`, and a line for each object whose shared keys come in another order."""
    return list(_walk(expected, actual, pointer="", ordered=True))


def token(key: str) -> str:
    """`key` as one step of an RFC 6901 pointer."""
    return "/" + key.replace("~", "~0").replace("/", "~1")


def _walk(expected: Json, actual: Json, *, pointer: str, ordered: bool) -> Iterator[str]:
    if type(expected) is not type(actual):
        yield _line(pointer, _shown(expected), _shown(actual))
    elif isinstance(expected, dict):
        yield from _objects(expected, actual, pointer=pointer, ordered=ordered)
    elif isinstance(expected, list):
        yield from _arrays(expected, actual, pointer=pointer, ordered=ordered)
    elif expected != actual:
        yield _line(pointer, _shown(expected), _shown(actual))


def _objects(expected: dict[str, Json], actual: dict[str, Json], *, pointer: str, ordered: bool) -> Iterator[str]:
    for key, value in expected.items():
        if key in actual:
            yield from _walk(value, actual[key], pointer=pointer + token(key), ordered=ordered)
        else:
            yield _line(pointer + token(key), _shown(value), "absent")
    for key, value in actual.items():
        if key not in expected:
            yield _line(pointer + token(key), "absent", _shown(value))
    if ordered:
        wanted = [key for key in expected if key in actual]
        found = [key for key in actual if key in expected]
        if wanted != found:
            yield _line(pointer, f"key order {_text(wanted)}", _text(found))


def _arrays(expected: list[Json], actual: list[Json], *, pointer: str, ordered: bool) -> Iterator[str]:
    for index, (wanted, found) in enumerate(zip(expected, actual, strict=False)):
        yield from _walk(wanted, found, pointer=f"{pointer}/{index}", ordered=ordered)
    for index in range(len(actual), len(expected)):
        yield _line(f"{pointer}/{index}", _shown(expected[index]), "absent")
    for index in range(len(expected), len(actual)):
        yield _line(f"{pointer}/{index}", "absent", _shown(actual[index]))


def _line(pointer: str, expected: str, actual: str) -> str:
    return f"{json.dumps(pointer)}: expected {expected}, got {actual}"


def _shown(value: Json) -> str:
    kind = _KINDS.get(type(value), type(value).__name__)
    return kind if value is None else f"{kind} {_text(value)}"


def _text(value: Json) -> str:
    return json.dumps(value, default=repr)
