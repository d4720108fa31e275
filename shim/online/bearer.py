"""The token that `check --online` is lent: from a file or standard input, never from the command line."""

from typing import BinaryIO, Final

LONGEST: Final = 8192


def read_bearer(stream: BinaryIO) -> str:
    """The token in `stream`, with or without the word Bearer before it; `ValueError` for what is no token."""
    sent = stream.read(LONGEST + 1)
    words = sent.decode("ascii", errors="replace").split()
    if words and words[0].lower() == "bearer":
        del words[0]
    token = words[0] if len(words) == 1 else ""
    if len(sent) > LONGEST or not token or not token.isascii() or not token.isprintable():
        raise ValueError("holds no bearer token")
    return token
