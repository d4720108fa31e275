"""What is wrong with the settings, in words an operator can act on; never a value that was given."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to put right: the setting, what is wrong with it, what to do."""

    name: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.name} {self.what}: {self.remedy}"


class BadSettings(Exception):
    """The settings cannot be used; all problems at once."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems
