"""What came of all mutants: the table, the totals, and whether the run is a success."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """Every mutant with the case that kills it, or None; and those declared equivalent, with the reason."""

    killers: Mapping[str, str | None]
    equivalent: Mapping[str, str]

    @property
    def survivors(self) -> list[str]:
        """Mutants no case kills though nobody declared them equivalent."""
        return [name for name, case in self.killers.items() if case is None and name not in self.equivalent]

    @property
    def mistaken(self) -> list[str]:
        """Declared equivalents that a case kills, or that are no mutants."""
        return [name for name in self.equivalent if self.killers.get(name, "no such mutant") is not None]

    def table(self) -> Iterator[str]:
        """One line for each mutant."""
        for name, case in self.killers.items():
            yield f"{case or self.equivalent.get(name) or 'SURVIVES'}: {name}"

    def troubles(self) -> Iterator[str]:
        """One line for each survivor and each mistaken equivalent."""
        for name in self.survivors:
            yield f"SURVIVES: {name}"
        for name in self.mistaken:
            yield f"NOT EQUIVALENT ({self.killers.get(name, 'no such mutant')}): {name}"

    def total(self) -> str:
        """The figures in one line."""
        cases = [case for case in self.killers.values() if case is not None]
        return (
            f"{len(self.killers)} mutants: {len(cases)} killed by {len(set(cases))} cases, "
            f"{len(self.equivalent)} equivalent, {len(self.survivors)} survive"
        )

    @property
    def exit_code(self) -> int:
        """0 when every mutant is killed or equivalent, as declared."""
        return 1 if self.survivors or self.mistaken else 0
