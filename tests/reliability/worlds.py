"""The calls the runs are made with: made-up people, the same for the same seed, and long ended: all is settled."""

from datetime import UTC, datetime

from contracts.cases import World
from shim.standin import generate

NEWEST = datetime(2026, 3, 10, 20, tzinfo=UTC)
WINDOW = "from=2025-01-01&to=2026-03-10"
"""Asks for the calls of every world of this file."""


def company(seed: int, calls: int) -> World:
    """Every family of call among `calls`."""
    return generate(seed, calls, newest=NEWEST)
