"""Secrets made up for a run, how else they may be spelt, and where such a spelling turns up in files.

It refuses to know the service: whoever plants one says how it was used.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from cryptography.fernet import Fernet

from tests.reliability.plan import Plan

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def secret(plan: Plan, name: str) -> str:
    """A secret of 40 characters, the same for the same seed and name."""
    rng = plan.rng(f"secret {name}")
    return "".join(rng.choices(_LETTERS, k=40))


def sealing_key(plan: Plan, name: str) -> str:
    """A Fernet key by the run's seed."""
    key = base64.urlsafe_b64encode(plan.rng(f"secret {name}").randbytes(32)).decode()
    Fernet(key)  # one that would be refused is no secret
    return key


def spellings(text: str) -> Iterator[tuple[str, bytes]]:
    """The ways in which a secret may leak: as it is, coded for a URL, in base64, and by its hash."""
    yield "as it is", text.encode()
    if (quoted := quote(text, safe="")) != text:
        yield "quoted", quoted.encode()
    yield "reversed", text[::-1].encode()
    yield "hashed", hashlib.sha256(text.encode()).hexdigest().encode()
    yield "in hexadecimal", text.encode().hex().encode()
    # In front of other text, behind one byte of it, and behind two: base64 spells each in another way.
    for shift in range(3):
        coded = base64.b64encode(bytes(shift) + text.encode())
        yield f"in base64, shifted by {shift}", coded[4 if shift else 0 : -4]


def hits(folder: Path, secrets: Mapping[str, str]) -> Iterator[str]:
    """Where in the files below `folder` one of the secrets stands, in whichever spelling."""
    wanted = [(name, how, text) for name, secret in secrets.items() for how, text in spellings(secret)]
    for path in files(folder):
        found = path.read_bytes()
        for name, how, text in wanted:
            if text in found:
                yield f"{name} {how} in {path.relative_to(folder)}"


def files(folder: Path) -> Sequence[Path]:
    """All files below a folder."""
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]
