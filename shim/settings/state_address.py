"""Where the state is kept, as an address that may hold a password: shown without it, everywhere.

Judges the address's form; refuses to open anything.
"""

import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr

from shim.settings.texts import is_visible

MEMORY: Final = "memory://"
_SQLITE: Final = "sqlite:///"
_REDIS: Final = ("redis://", "rediss://")
_DATABASE: Final = re.compile(r"(/[0-9]{0,5})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class StateAddress:
    """`memory://`, the path of a SQLite file, or a Redis or Valkey; `url` is what opens it."""

    url: SecretStr

    @classmethod
    def of(cls, text: str) -> Self:
        """The address in `text`; `ValueError`s never quote it."""
        if text.startswith(_REDIS):
            _judge_redis(text)
        elif text != MEMORY:
            _judge_file(text)
        return cls(SecretStr(text))

    @property
    def is_memory(self) -> bool:
        """Whether what is remembered ends with the process."""
        return self.url.get_secret_value() == MEMORY

    @property
    def is_redis(self) -> bool:
        """Whether replicas may share it."""
        return self.url.get_secret_value().startswith(_REDIS)

    @property
    def path(self) -> Path | None:
        """The SQLite file; None for any other kind."""
        text = self.url.get_secret_value()
        return Path(text.removeprefix(_SQLITE)) if text.startswith(_SQLITE) else None

    @property
    def redis(self) -> SplitResult:
        """The parts of a Redis address."""
        return urlsplit(self.url.get_secret_value())

    def __repr__(self) -> str:
        text = self.url.get_secret_value()
        if not self.is_redis:
            return repr(text)
        who, at, where = self.redis.netloc.rpartition("@")
        return repr(self.redis._replace(netloc=f"{'***' if who else ''}{at}{where}").geturl())

    def __str__(self) -> str:
        return repr(self).strip("'")


def _judge_redis(text: str) -> None:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise ValueError("is no Redis address") from None
    if not is_visible(text):
        raise ValueError("holds blanks or letters outside ASCII")
    if not parts.hostname:
        raise ValueError("names no host of a Redis")
    if "?" in text or "#" in text:
        raise ValueError("carries a query or a fragment")
    if not _DATABASE.fullmatch(parts.path):
        raise ValueError("names no database number of a Redis")
    if find_spec("redis") is None:
        raise ValueError("names Redis, whose package is not installed (the extra `redis`: zoom-call-log-shim[redis])")


def _judge_file(text: str) -> None:
    path = text.removeprefix(_SQLITE)
    if path == text or not path or path.endswith("/"):
        raise ValueError("names no state this version knows")
    if ":memory:" in path or "?" in path or "#" in path or not path.isprintable():
        raise ValueError("names no plain file")
