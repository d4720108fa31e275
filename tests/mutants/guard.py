"""One guard of the service, and what is put in its place to switch it off."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Guard:
    """`text` stands once in `file` and keeps something out; with `without` in its place `test` must fail.

    `test` is one or several names as pytest knows them, with a blank between; `why` is what the guard keeps out.
    """

    name: str
    file: str
    text: str
    without: str
    test: str
    why: str

    def stands_in(self, tree: Path) -> bool:
        """Whether the text is there, once."""
        return (tree / self.file).is_file() and (tree / self.file).read_text().count(self.text) == 1

    def switch_off(self, tree: Path) -> None:
        """Exchanges the text in a copy of the tree."""
        file = tree / self.file
        file.write_text(file.read_text().replace(self.text, self.without))
