"""What one request cost and got so far: kept beside its task, told in its one event."""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final


@dataclass(slots=True)
class Ledger:
    """Counts of one request; `generation` is the successor's that answered, `page` what kind of page was served."""

    upstream_calls: int = 0
    generation: str = ""
    page: str = ""
    rows: int = 0
    from_summary: int = 0
    cache_hits: int = 0
    limits_met: int = 0
    repeats: int = 0
    held_back: int = 0
    budget_wait: float = 0.0

    def told(self) -> dict[str, str | int | float]:
        """The event's fields: what there is nothing to say of is left out, calls never are."""
        told: dict[str, str | int | float] = {
            "generation": self.generation,
            "page": self.page,
            "rows": self.rows,
            "from_summary": self.from_summary,
            "cache_hits": self.cache_hits,
            "limits_met": self.limits_met,
            "repeats": self.repeats,
            "held_back": self.held_back,
            "budget_wait_ms": round(self.budget_wait * 1000, 1),
        }
        return {"upstream_calls": self.upstream_calls, **{name: value for name, value in told.items() if value}}


_LEDGER: Final[ContextVar[Ledger | None]] = ContextVar("ledger", default=None)


def open_ledger() -> Ledger:
    """Starts counting for the request of the running task and all tasks it makes."""
    ledger = Ledger()
    _LEDGER.set(ledger)
    return ledger


def ledger() -> Ledger:
    """The ledger of the request that is served; one that nobody reads where none is."""
    return _LEDGER.get() or Ledger()
