"""The files that settings name: the rules, the places of number prefixes, the TLS chain.

Reads and judges them; refuses to know who uses them. Errors are `ValueError`s that quote no line of a file whose
lines may be private.
"""

import csv
import re
import ssl
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from adapters.translation.options import Options, parse_options

_HEADER = ["prefix", "place"]
_PREFIX = re.compile(r"\+[1-9][0-9]{0,14}", re.ASCII)
_BUILTIN = "builtin"


@dataclass(frozen=True, slots=True)
class Rules:
    """The translation's options, and the file that chose them."""

    path: Path | None = None
    options: Options = field(default_factory=Options)

    def __repr__(self) -> str:
        return repr(str(self.path))


@dataclass(frozen=True, slots=True)
class NumberLocations:
    """Place by number prefix (`+` and digits) and the file that lists them, or the ranges libphonenumber knows."""

    path: Path | None = None
    places: Mapping[str, str] = field(default_factory=dict)
    is_builtin: bool = False

    def __repr__(self) -> str:
        return repr(_BUILTIN if self.is_builtin else str(self.path))


def readable(path: Path) -> Path:
    """`path` itself, when it is a file that can be opened."""
    try:
        with path.open("rb"):
            return path
    except OSError as error:
        raise ValueError(f"names a file that cannot be read ({error.strerror})") from None


def read_text(path: Path) -> str:
    """The UTF-8 text of a file, with or without a byte order mark."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ValueError(f"names a file that cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ValueError("names a file that is no UTF-8 text") from None


def read_rules(path: Path) -> Rules:
    """The options of a TOML file of `rule id = "option"` lines."""
    try:
        chosen = tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as broken:
        raise ValueError(f"names a file that is no TOML ({broken})") from None
    try:
        return Rules(path, parse_options(chosen))
    except ValueError as unknown:
        raise ValueError(f"names a file with mistakes ({unknown})") from None


def number_locations(text: str) -> NumberLocations:
    """What the setting names: the word `builtin`, or a file (one of that name is `./builtin`)."""
    if text.strip().lower() == _BUILTIN:
        return NumberLocations(is_builtin=True)
    return read_number_locations(Path(text))


def read_number_locations(path: Path) -> NumberLocations:
    """The places of a CSV with the header `prefix,place`, one a line; every bad line is named by its number."""
    header, *lines = read_text(path).splitlines() or [""]
    places: dict[str, str] = {}
    faults = [] if _cells(header) == _HEADER else ["line 1: the header is not prefix,place"]
    for number, line in enumerate(lines, start=2):
        cells = _cells(line)
        fault = _fault(cells, places)
        if fault:
            faults.append(f"line {number}: {fault}")
        elif cells:
            places[cells[0]] = cells[1]
    if faults:
        raise ValueError(f"names a file with mistakes ({'; '.join(faults)})")
    return NumberLocations(path, places)


def _cells(line: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], strict=True), [])]
    except csv.Error:
        return [line]


def _fault(cells: list[str], seen: Mapping[str, str]) -> str | None:
    match cells:
        case []:
            return None
        case [prefix, _] if not _PREFIX.fullmatch(prefix):
            return "the prefix is not + and up to 15 digits"
        case [_, ""]:
            return "the place is empty"
        case [prefix, _] if prefix in seen:
            return "the prefix stands twice"
        case [_, _]:
            return None
        case _:
            return "not two cells"


def prove_chain(certificate: Path, key: Path) -> None:
    """Passes when the two files make a TLS server; a key behind a pass phrase does not, nobody would type it."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=lambda: b"")
    except (ssl.SSLError, OSError) as broken:
        raise ValueError(f"does not fit SHIM_TLS_CERT ({getattr(broken, 'reason', None) or 'unreadable'})") from None
