"""How much of the measuring is done this time, from which seed, and where its traces go."""

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

Share = Literal["ci", "short", "full"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Plan:
    """One run. `out` is the folder of everything the processes under test write; the family `secrets` searches it.

    `only` confines a family that plays scenarios to those whose name holds it.
    """

    seed: int
    share: Share
    out: Path
    only: str = ""

    def pick(self, *, ci: T, short: T, full: T) -> T:
        """The count or duration of this share."""
        return {"ci": ci, "short": short, "full": full}[self.share]

    def rng(self, what: str) -> random.Random:
        """Chance of the run's seed, its own for each purpose, so that one more draw here changes nothing there."""
        return random.Random(f"{self.seed} {what}")

    def folder(self, name: str) -> Path:
        """A folder below `out` for one process's output and state; another one each time."""
        number = 1
        while (folder := self.out / f"{name}-{number}").exists():
            number += 1
        folder.mkdir(parents=True)
        return folder
