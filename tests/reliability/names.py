"""What the service under test is told of host names, while it runs."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from tests.reliability.shim_process import PROJECT

HOST: Final = "localhost"
"""The name upstream goes by; plain HTTP is good for no other."""
HERE: Final = "127.0.0.1"
RESOLVER: Final = Path(__file__).with_name("resolver")


@dataclass(frozen=True, slots=True)
class Names:
    """One process's names; `folder` is its own."""

    folder: Path

    @property
    def settings(self) -> Mapping[str, str]:
        """The variables that make the process ask here."""
        return {"PYTHONPATH": os.pathsep.join((str(RESOLVER), str(PROJECT))), "RUN_NAMES": str(self.folder)}

    def tell(self, told: Literal["unknown", "silent", "empty"] | str) -> None:
        """From now on the name has this address, or fails like this."""
        fresh = self.folder / "names.fresh"
        fresh.write_text(json.dumps({HOST: told}))
        fresh.replace(self.folder / "names.json")

    def heal(self) -> None:
        """The name is known."""
        self.tell(HERE)

    def most_at_once(self) -> int:
        """The most look-ups that were under way in one moment."""
        lines = self.folder / "lookups.txt"
        return max(map(int, lines.read_text().split())) if lines.exists() else 0
