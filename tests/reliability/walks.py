"""A legacy program that reads a whole list, page by page, and keeps what it was told and how long it took."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.reliability.raw_client import BEARER, Answer, Pool

LIST = "/v2/phone/call_logs"
MOST_PAGES = 2_000


@dataclass(slots=True)
class Walk:
    """What a walk was served. `answers` are all answers in order, also refused ones; `is_whole`: it came to its end."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    is_whole: bool = False

    @property
    def errors(self) -> list[Answer]:
        """The answers that were not 200."""
        return [answer for answer in self.answers if answer.status != 200]

    @property
    def slowest(self) -> float:
        """Seconds of the slowest answer."""
        return max((answer.seconds for answer in self.answers), default=0.0)


async def walk(
    pool: Pool,
    query: str,
    *headers: tuple[str, str],
    bearer: str | None = BEARER,
    retries: int = 0,
    pause: float = 0.0,
    most_pages: int = MOST_PAGES,
    allowed: Sequence[int] = (429, 500, 502, 503, 504),
    on_answer: Callable[[int], None] = lambda _: None,
) -> Walk:
    """Follows tokens to the end; pages refused with an `allowed` status are asked again, `retries` times in all.

    A client that is refused waits `pause` seconds first. `on_answer` is told how many answers have come.
    """
    walked, token = Walk(), ""
    for _ in range(most_pages):
        target = f"{LIST}?{query}" + (f"&next_page_token={token}" if token else "")
        answer = await pool.get(target, *headers, bearer=bearer)
        walked.answers.append(answer)
        on_answer(len(walked.answers))
        if answer.status != 200:
            retries -= 1
            if answer.status not in allowed or retries < 0:
                return walked
            await asyncio.sleep(pause)
            continue
        page = answer.json
        walked.rows += page["call_logs"]
        token = page["next_page_token"]
        if not token:
            walked.is_whole = True
            return walked
    return walked
