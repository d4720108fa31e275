"""What a broken state file is called: the closed set of texts an operator reads in `/readyz`.

It refuses to know what to do about a trouble, and keeps no foreign exception's text.
"""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final


class StateTrouble(Exception):
    """The file cannot be used now; `reason` is one of a few fixed texts."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class StateCorrupt(StateTrouble):
    """The file's content is no state of ours and never will be again."""


NO_FOLDER: Final = "the folder of the state file does not exist"
IS_FOLDER: Final = "a folder stands in the place of the state file"
READ_ONLY: Final = "the state file cannot be written"
LOCKED: Final = "the state file is locked by another process"
NO_SPACE: Final = "the disk of the state file is full"
DISK_ERROR: Final = "the disk of the state file reports errors"
UNOPENED: Final = "the state file cannot be opened"
CORRUPT: Final = "the state file is corrupt"
NEWER: Final = "the state file belongs to a newer version of this service"
UNUSABLE: Final = "the state file cannot be used"
SILENT: Final = "the state file does not answer"
CLOSED: Final = "the state has been closed"

_BY_SQLITE: Final = {
    sqlite3.SQLITE_BUSY: LOCKED,
    sqlite3.SQLITE_LOCKED: LOCKED,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_PERM: READ_ONLY,
    sqlite3.SQLITE_FULL: NO_SPACE,
    sqlite3.SQLITE_IOERR: DISK_ERROR,
    sqlite3.SQLITE_CANTOPEN: UNOPENED,
    sqlite3.SQLITE_CORRUPT: CORRUPT,
    sqlite3.SQLITE_NOTADB: CORRUPT,
}
_BY_ERRNO: Final = {
    errno.ENOENT: NO_FOLDER,
    errno.ENOTDIR: NO_FOLDER,
    errno.EACCES: READ_ONLY,
    errno.EPERM: READ_ONLY,
    errno.EROFS: READ_ONLY,
    errno.ENOSPC: NO_SPACE,
    errno.EDQUOT: NO_SPACE,
    errno.EIO: DISK_ERROR,
}


def is_locked(error: Exception) -> bool:
    """Whether another connection stands in the way."""
    return isinstance(error, sqlite3.OperationalError) and _reason(error) == LOCKED


def _reason(error: sqlite3.Error) -> str:
    return _BY_SQLITE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, UNUSABLE)


@contextmanager
def named_troubles() -> Iterator[None]:
    """Raises a `StateTrouble` from whatever SQLite, its wrapper or the file system says."""
    try:
        yield
    except sqlite3.Error as error:
        reason = _reason(error)
        raise (StateCorrupt if reason == CORRUPT else StateTrouble)(reason) from error
    except OSError as error:
        raise StateTrouble(_BY_ERRNO.get(error.errno or 0, UNOPENED)) from error
    except ValueError as error:  # what aiosqlite raises on a connection closed meanwhile
        raise StateTrouble(UNUSABLE) from error
