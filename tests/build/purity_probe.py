"""Run alone in a fresh interpreter: imports the translation, replays every case, prints what that asked of the machine.

Each line of output is one audit event that a pure module has no use for, with the innermost line of this project that
led to it; no output means pure.
"""

import importlib
import pkgutil
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

PROJECT = Path(__file__).parents[2]
PURE = "adapters.translation"
SUSPECT = ("socket.", "subprocess.", "os.", "shutil.", "tempfile.", "sqlite3.", "ssl.", "time.", "signal.", "urllib.")
MODULE_FILES = (".py", ".pyc", ".so")


def culprit() -> str:
    """The innermost frame inside the project, this file excepted."""
    ours = [frame for frame in traceback.extract_stack() if frame.filename.startswith(f"{PROJECT}/")]
    inner = [frame for frame in ours if frame.filename != __file__ and "/.venv/" not in frame.filename]
    return f"{Path(inner[-1].filename).relative_to(PROJECT)}:{inner[-1].lineno}" if inner else "?"


def impure(event: str, arguments: tuple[object, ...]) -> bool:
    """Whether the event is more than the import system's reading of modules and folders."""
    if event == "open":
        return not str(arguments[0]).endswith(MODULE_FILES)
    return event.startswith(SUSPECT) and event not in ("os.listdir", "os.scandir")


class Watch:
    """Tells of impure events while it runs a step; none is prevented, so that one run tells all."""

    def __init__(self) -> None:
        self._is_on = False
        sys.addaudithook(self._hear)

    def over(self, step: Callable[[], object]) -> None:
        """Runs the step under watch."""
        self._is_on = True
        try:
            step()
        finally:
            self._is_on = False

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if self._is_on and impure(event, arguments):
            sys.stdout.write(f"{culprit()} {event}\n")


def settle() -> None:
    """Lets the libraries read files of their own first: pydantic's first schema looks for plug-ins on the disk."""
    importlib.import_module("msgspec")
    importlib.import_module("pydantic").TypeAdapter(int)


def import_all() -> None:
    """Imports every module of the translation."""
    package = importlib.import_module(PURE)
    for found in pkgutil.walk_packages(package.__path__, f"{PURE}."):
        importlib.import_module(found.name)


def replays() -> Callable[[], object]:
    """A step that answers every case in every generation; the cases are read from their files here, not in it."""
    cases = importlib.import_module("contracts.cases").load()
    reply = importlib.import_module("tests.translation.replay").reply
    asked = [(case, exchange) for case in cases for exchange in case.exchanges]
    return lambda: [reply(*pair, generation=spoken) for pair in asked for spoken in ("v2", "v3", "both")]


def main() -> None:
    """Watches the import and the replay, and nothing in between."""
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(PROJECT))
    settle()
    watch = Watch()
    watch.over(import_all)
    watch.over(replays())


if __name__ == "__main__":
    main()
