"""Puts other values in the place of module constants for a moment, and the old ones back.

The tables of the translation are constants on purpose; this is the one place that may exchange them.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

Changes = Mapping[str, Any]
"""Dotted name of a module's constant (`adapters.translation.words.RESULTS`) to the value it gets."""


@contextmanager
def altered(changes: Changes) -> Iterator[None]:
    """The block runs with `changes`; the constants are themselves again after it, however it ends."""
    places = [(sys.modules[module], name) for module, _, name in (dotted.rpartition(".") for dotted in changes)]
    before = [getattr(module, name) for module, name in places]
    try:
        for (module, name), value in zip(places, changes.values(), strict=True):
            setattr(module, name, value)
        yield
    finally:
        for (module, name), value in zip(places, before, strict=True):
            setattr(module, name, value)
