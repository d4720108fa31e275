"""A state file that does not answer holds up no request: the answers go on, and what waited is written later."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from adapters.state.sqlite import SqliteIdentities
from adapters.state.sqlite_file import StateFile
from tests.adapters.served_calls import proposing, served
from tests.adapters.state_files import ask, started

SILENT = "the state file does not answer"
FIRST, SECOND, THIRD = served(1), served(2), served(3)
ENOUGH = 3.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a state file may be made."""
    return tmp_path / "state.db"


@asynccontextmanager
async def hanging(monkeypatch: pytest.MonkeyPatch, *methods: str) -> AsyncIterator[asyncio.Event]:
    """Has these methods of the file wait for the event."""
    answers = asyncio.Event()

    def hang(method: str) -> None:
        real = getattr(StateFile, method)

        async def late(*args: object) -> object:
            await answers.wait()
            return await real(*args)

        monkeypatch.setattr(StateFile, method, late)

    for method in methods:
        hang(method)
    try:
        yield answers
    finally:
        answers.set()


async def well(identities: SqliteIdentities) -> None:
    """Returns once the trouble has ended with nobody asking."""
    async with asyncio.timeout(ENOUGH):
        while identities.trouble() is not None:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)


async def test_answers_while_the_writer_hangs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two requests get their ids, the trouble is told, and the file is given what waited once it answers."""
    async with started(path) as identities, hanging(monkeypatch, "pin") as answers:
        async with asyncio.timeout(ENOUGH):
            ids = await asyncio.gather(identities.pin("", [FIRST]), identities.pin("", [SECOND]))
        assert ([FIRST.proposed_id], [SECOND.proposed_id]) == tuple(map(list, ids))
        assert (SILENT, 2) == (identities.trouble(), identities.waiting())
        async with asyncio.timeout(0.2):
            assert [THIRD.proposed_id] == list(await identities.pin("", [THIRD]))
            assert [FIRST.proposed_id] == list(await identities.pin("", [proposing(FIRST, "later")]))
            assert [THIRD.proposed_id] == [call.v1_id for call in await identities.find("", THIRD.call_id)]
            assert await identities.sealing_key() == await identities.sealing_key()
        answers.set()
        await well(identities)
        assert 0 == identities.waiting()
        assert [(3,)] == ask(path, "SELECT count(*) FROM calls")


async def test_begins_no_more_while_the_writer_hangs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred clients that leave a file that does not answer leave no work behind."""
    async with started(path) as identities, hanging(monkeypatch, "pin"):
        before = len(asyncio.all_tasks())
        for number in range(100):
            with suppress(TimeoutError):
                async with asyncio.timeout(0.001):
                    await identities.pin("", [served(number)])
        assert before + 1 >= len(asyncio.all_tasks())


async def test_finds_what_waits_while_the_reader_hangs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look-up is given up, the next ones are at once, and the trouble ends with the silence."""
    async with started(path) as identities, hanging(monkeypatch, "named") as answers:
        await identities.pin("", [FIRST])
        async with asyncio.timeout(ENOUGH):
            assert [] == list(await identities.find("", FIRST.call_id))
        assert SILENT == identities.trouble()
        async with asyncio.timeout(0.2):
            assert [] == list(await identities.find("", FIRST.call_id))
        answers.set()
        await well(identities)
        assert [FIRST.proposed_id] == [call.v1_id for call in await identities.find("", FIRST.call_id)]


async def test_closes_while_the_writer_hangs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing ends, whatever the file does, and leaves no task."""
    async with started(path) as identities, hanging(monkeypatch, "pin"):
        before = len(asyncio.all_tasks())
        async with asyncio.timeout(8):
            with suppress(TimeoutError):
                async with asyncio.timeout(ENOUGH):
                    await identities.pin("", [FIRST])
            await identities.close()
        assert before == len(asyncio.all_tasks())


async def test_closes_while_a_statement_hangs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same with the thread of the connection itself inside a statement."""
    go_on = threading.Event()
    connect = sqlite3.connect

    def stalling(*args: str, **options: object) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **options)  # type: ignore[call-overload]
        connection.create_function("stall", 0, lambda: go_on.wait(20))
        return connection

    monkeypatch.setattr(sqlite3, "connect", stalling)
    async with started(path) as identities:
        ask(path, "CREATE TRIGGER stalls BEFORE INSERT ON calls BEGIN SELECT stall(); END")
        try:
            async with asyncio.timeout(8):
                assert [FIRST.proposed_id] == list(await identities.pin("", [FIRST]))
                assert SILENT == identities.trouble()
                await identities.close()
        finally:
            go_on.set()
