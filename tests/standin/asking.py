"""How the tests ask a stand-in: a clock that stands still, and a client over real sockets."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from yarl import URL

from contracts.codec import decode
from shim.standin import Standin

Params = Sequence[tuple[str, str]] | Mapping[str, str]

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
WHOLE_WINDOW = {"from": "2026-04-01", "to": "2026-05-01"}
"""Holds every call of the tests' world."""
MOST_PAGES = 100


@dataclass(slots=True)
class Clock:
    """Stands at noon until a test moves it."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        """The moment it stands at."""
        return self.now

    def advance(self, **amount: float) -> None:
        """Moves it on by an amount such as `minutes=3`."""
        self.now += timedelta(**amount)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back over the wire."""

    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Client:
    """Asks one stand-in with one bearer."""

    session: aiohttp.ClientSession
    zoom: Standin
    bearer: str

    async def ask(
        self, method: str, path: str, params: Params = (), *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """The answer to a request below the API's base address; the path goes out as it is given."""
        sent = {"Authorization": f"Bearer {self.bearer}", **(headers or {})}
        url = URL(f"{self.zoom.api_url}{path}", encoded=True)
        async with self.session.request(method, url, params=params, headers=sent) as response:
            return Answer(response.status, decode(await response.read()), response.headers.copy())

    async def get(self, path: str, params: Params = (), *, headers: Mapping[str, str] | None = None) -> Answer:
        """The answer to a GET."""
        return await self.ask("GET", path, params, headers=headers)

    async def pages(self, path: str, params: Mapping[str, str]) -> AsyncIterator[Any]:
        """Every page's body from the first to the one without a token."""
        token = ""
        for _ in range(MOST_PAGES):
            answer = await self.get(path, {**params, "next_page_token": token})
            assert answer.status == 200, answer.body
            yield answer.body
            token = answer.body["next_page_token"]
            if not token:
                return
        raise AssertionError("the walk has no end")


def uuids(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The history uuids of rows, in order."""
    return [row["call_history_uuid"] for row in rows]


async def gathered(pages: AsyncIterator[Any], array: str) -> list[Any]:
    """The items of all pages, in order."""
    return [item async for page in pages for item in page[array]]
