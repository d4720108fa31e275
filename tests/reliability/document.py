"""The machine a run was made on, and the figures of the last run in `docs/reliability.md`.

Between the markers stands one line for each figure ever measured; a run of some families replaces theirs alone.
"""

import json
import os
import platform
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from tests.reliability.figures import Figure, as_json, table

DOCUMENT: Final = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
_KEPT: Final = re.compile(r"(<!-- figures -->\n).*?(<!-- /figures -->)", re.DOTALL)
FIGURES: Final = DOCUMENT.with_name("reliability.json")


def machine() -> str:
    """Processor, cores, Python and aiohttp."""
    return f"{_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}, aiohttp {version('aiohttp')}"


def _processor() -> str:
    for line in _lines(Path("/proc/cpuinfo")):
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor() or platform.machine()


def _lines(path: Path) -> Sequence[str]:
    return path.read_text().splitlines() if path.exists() else ()


def document(figures: Sequence[Figure], reasons: Mapping[tuple[str, str], str], *, share: str, seed: int) -> None:
    """Puts the figures into the document, beside those of other families that an earlier run left there."""
    fresh = {
        (figure.goal, figure.what): {"share": share, "seed": seed, "day": f"{datetime.now(UTC):%Y-%m-%d}", **each}
        for figure, each in zip(figures, as_json(figures)["figures"], strict=True)
    }
    known: dict[tuple[str, str], dict[str, Any]] = {}
    if FIGURES.exists():
        known = {(each["goal"], each["what"]): each for each in json.loads(FIGURES.read_text())["figures"]}
    kept = sorted((known | fresh).values(), key=lambda each: (int(each["goal"].lstrip("G")), each["what"]))
    FIGURES.write_text(json.dumps({"machine": machine(), "figures": kept}, indent=1) + "\n")
    DOCUMENT.write_text(_KEPT.sub(lambda found: f"{found[1]}{_section(kept, reasons)}{found[2]}", DOCUMENT.read_text()))


def _section(kept: Sequence[dict[str, Any]], reasons: Mapping[tuple[str, str], str]) -> str:
    figures = [
        Figure(
            goal=each["goal"],
            what=each["what"],
            value=each["value"],
            bound=each["bound"],
            is_met=each["is_met"],
            note="; ".join(filter(None, (each["note"], f"share {each['share']}"))),
        )
        for each in kept
    ]
    return f"Measured on {machine()}.\n\n{table(figures, reasons)}\n"
