"""Which request targets are refused before anyone matches or forwards them.

Knows how servers downstream may read a path differently from us; refuses to know routes, hosts and meanings. The
target is judged as it came over the wire and never decoded, for what is judged is what is matched and forwarded.
"""

import re
from typing import Final

_FOREIGN: Final = re.compile(r"[^!-~]|[#\\]")
_ENCODED_CONTROL: Final = re.compile(r"%(?:[01][0-9a-f]|7f)", re.IGNORECASE)
_SEPARATOR: Final = re.compile(r"/|%2f|%5c", re.IGNORECASE)
_ENCODED_DOT: Final = re.compile(r"%2e", re.IGNORECASE)


def refusal_status(target: str) -> int | None:
    """The HTTP status `target` is refused with, or None when it may be matched and forwarded as it is."""
    if not target.startswith("/") or _FOREIGN.search(target):
        return 400
    if target.startswith("//"):
        return 404
    path = target.partition("?")[0]
    if _ENCODED_CONTROL.search(path) or any(map(_is_dots, _SEPARATOR.split(path))):
        return 400
    return None


def _is_dots(segment: str) -> bool:
    """Whether some server would climb at this segment: `.` or `..`, encoded or with a parameter as well."""
    return _ENCODED_DOT.sub(".", segment).partition(";")[0] in {".", ".."}
