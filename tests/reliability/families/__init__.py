"""All families in the order they run. Each is a module with `GOALS` and `run`, imported only when it is asked for."""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Protocol, cast

from tests.reliability.figures import Figure, Goal
from tests.reliability.plan import Plan, Share


class Family(Protocol):
    """A module that measures some goals."""

    GOALS: tuple[Goal, ...]

    async def run(self, plan: Plan) -> list[Figure]:
        """The figures of this run."""


FAMILIES: Mapping[str, str] = MappingProxyType(
    {
        "faults": "G1: every fault of upstream, each under a whole walk",
        "outage": "G2, G3: attempts while upstream is down, and the first second after",
        "brownout": "G2, G4: attempts while upstream fails at times, and what the rows are worth",
        "load": "G5, G15: others' waits under faults, lag of the loop",
        "hostile": "G6: requests meant to harm",
        "differential": "G7: framing a second parser refuses",
        "slow": "G8: sockets that say nothing, little, or read slowly",
        "drain": "G9: SIGTERM under load",
        "crash": "G10: kill -9 while ids are written",
        "herd": "G14: all at once, cold",
        "tenants": "G13: two accounts, mixed and cancelled",
        "replicas": "G19: two behind a balancer, also while their Redis is gone",
        "overhead": "G17: what the guards cost while nothing goes wrong",
        "timing": "G18: what the time of a refusal tells of a key",
        "soak": "G11: half an hour of everything",
        "secrets": "G12: planted secrets in all that the runs have written; last, for it searches the others' traces",
    }
)
"""Name -> what it measures. The module has the family's name."""

LEFT_OUT: Mapping[Share, frozenset[str]] = MappingProxyType(
    {"ci": frozenset({"soak"}), "short": frozenset(), "full": frozenset()}
)
"""Families that a share has no time for; they run when asked for by name."""


def load_family(name: str) -> Family:
    """The family's module."""
    return cast(Family, import_module(f"{__name__}.{name}"))
