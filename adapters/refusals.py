"""Upstream errors in v1's words: the error table applied while an operation asks upstream."""

from collections.abc import Iterator
from contextlib import contextmanager

from adapters.errors import LegacyRefusal, UpstreamRefused
from contracts.legacy.errors import legacy_error


@contextmanager
def in_legacy_words(asked: str) -> Iterator[None]:
    """Turns an upstream error that v1 told in other words into v1's own; every other failure passes."""
    try:
        yield
    except UpstreamRefused as refused:
        error = legacy_error(asked, refused.status, refused.code)
        if error is None:
            raise
        raise LegacyRefusal.of(error, headers=refused.headers) from refused
