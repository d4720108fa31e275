"""The state file outlives its processes, is shared by two, and keeps what it must for as long as it must."""

import asyncio
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import stamina

from adapters.state import open_identities
from adapters.state.sqlite import SqliteIdentities
from tests.adapters.served_calls import proposing, served
from tests.adapters.state_files import DAY, NOW, ask, locked, started

ROOT = Path(__file__).parents[2]
PAGE = [served(number) for number in range(1, 31)]
IDS = [call.proposed_id for call in PAGE]
CALL = PAGE[0]

PINNING = """
import asyncio, sys
from pathlib import Path
import structlog
from adapters.state.sqlite import SqliteIdentities
from tests.adapters.served_calls import proposing, served

structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # a retry is told of, and is no output

async def main(path, proposer, pages):
    # However slow the disk: what is looked at is agreement, not how long a lock is waited for.
    identities = SqliteIdentities(Path(path), patience=60)
    await identities.start()
    print(await identities.sealing_key(), flush=True)
    for page in range(pages):
        calls = [proposing(served(page * 10 + number), proposer) for number in range(10)]
        print(*await identities.pin("", calls), flush=True)
    await identities.close()

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a state file may be made."""
    return tmp_path / "state.db"


@pytest.fixture
def on_retry() -> Iterator[list[Callable[[], None]]]:
    """What is to happen before a statement is asked again."""
    acts: list[Callable[[], None]] = []

    def act(details: stamina.instrumentation.RetryDetails) -> None:
        for each in acts:
            each()

    stamina.instrumentation.set_on_retry_hooks([act])
    yield acts
    stamina.instrumentation.set_on_retry_hooks(None)


def pinning(path: Path, proposer: str, pages: int) -> subprocess.Popen[str]:
    """Another process that pins pages and prints the key, then the ids of each page once they are pinned."""
    command = [sys.executable, "-c", PINNING, str(path), proposer, str(pages)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


async def test_outlives_the_process(path: Path) -> None:
    """Ids, names and the key are there again after a restart."""
    async with open_identities(f"sqlite:///{path}") as identities:
        await identities.pin("", PAGE)
        key = await identities.sealing_key()
    async with open_identities(f"sqlite:///{path}") as identities:
        assert IDS == list(await identities.pin("", [proposing(call, "later") for call in PAGE]))
        assert [CALL.proposed_id] == [call.v1_id for call in await identities.find("", CALL.entries[2])]
        assert key == await identities.sealing_key()


async def test_takes_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three slashes and a relative path mean the working folder."""
    monkeypatch.chdir(tmp_path)
    async with open_identities("sqlite:///./here.db") as identities:
        assert identities.trouble() is None
    assert (tmp_path / "here.db").is_file()


async def test_keeps_ids_and_times_only_for_its_owner(path: Path) -> None:
    """The file holds the key that seals tokens: nobody else may read it or its journal."""
    async with started(path) as identities:
        await identities.pin("", PAGE)
        modes = {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert {0o600} == modes


@pytest.mark.parametrize("reopened", [False, True])
async def test_writes_nothing_for_a_known_page(path: Path, reopened: bool) -> None:
    """300 calls that are pinned already cost no write, whether this process pinned them or an earlier one."""
    page = [served(number) for number in range(300)]
    async with started(path) as writer:
        await writer.pin("", page)
        async with started(path) as other:
            with closing(sqlite3.connect(path)) as watcher:
                before = watcher.execute("PRAGMA data_version").fetchall()
                await (writer, other)[reopened].pin("", page)
                assert before == watcher.execute("PRAGMA data_version").fetchall()


async def test_serves_known_calls_while_the_file_is_locked(path: Path) -> None:
    """A known page asks nothing of the file, so a lock does not even show."""
    async with started(path) as identities:
        await identities.pin("", PAGE)
        with closing(locked(path)):
            assert IDS == list(await identities.pin("", PAGE))
            assert identities.trouble() is None


async def test_two_instances_agree(path: Path) -> None:
    """Two openers of one file that pin the same calls at once serve the same ids and find each other's."""
    async with open_identities(f"sqlite:///{path}") as one, open_identities(f"sqlite:///{path}") as two:
        answers = await asyncio.gather(
            *(store.pin("", [proposing(call, who)]) for call in PAGE for store, who in ((one, "one"), (two, "two")))
        )
        assert answers[::2] == answers[1::2]
        assert await one.find("", CALL.call_id) == await two.find("", CALL.call_id) != []
        assert await one.sealing_key() == await two.sealing_key()
        assert (None, None) == (one.trouble(), two.trouble())


def test_two_processes_agree(path: Path) -> None:
    """Two processes that make one file and pin the same 30 pages at once print the same key and ids."""
    processes = [pinning(path, proposer, 30) for proposer in ("one", "two")]
    printed = [process.communicate(timeout=60)[0].splitlines() for process in processes]
    assert [31, 31] == [len(lines) for lines in printed]
    assert printed[0] == printed[1]
    assert [(300,)] == ask(path, "SELECT count(*) FROM calls")


@pytest.mark.parametrize("pages", [1, 2, 5, 13, 29, 53])
async def test_loses_no_id_to_a_kill(path: Path, pages: int) -> None:
    """Every id a process gave out is found after it was killed in the middle of pinning."""
    process = pinning(path, "killed", 100_000)
    assert process.stdout is not None
    with process.stdout as stdout:
        key = stdout.readline().strip()
        lines = [stdout.readline() for _ in range(pages)]
        process.kill()
        lines += [line for line in stdout if line.endswith("\n")]
    process.wait()
    async with started(path) as identities:
        given = [id for line in lines for id in line.split()]
        assert given == [call.v1_id for id in given for call in await identities.find("", id)]
        assert key == await identities.sealing_key()
    assert [("ok",)] == ask(path, "PRAGMA integrity_check")


async def test_forgets_after_thirteen_months(path: Path) -> None:
    """Calls first seen more than 396 days ago are deleted at start with their names, younger ones stay."""
    async with started(path, [NOW - 397 * DAY]) as identities:
        await identities.pin("", [served(1)])
    async with started(path, [NOW - 395 * DAY]) as identities:
        await identities.pin("", [served(2)])
    async with started(path) as identities:
        assert () == tuple(await identities.find("", served(1).call_id))
        assert 1 == len(await identities.find("", served(2).call_id))
    assert [(1,)] == ask(path, "SELECT count(DISTINCT number) FROM names")


async def test_forgets_once_a_day(path: Path) -> None:
    """A process that runs for months prunes with the first page of a day, and pins anew what it then serves."""
    clock = [NOW - 300 * DAY]
    async with started(path, clock) as identities:
        await identities.pin("", [served(1)])
        clock.append(NOW + 100 * DAY)
        assert 1 == len(await identities.find("", served(1).call_id))
        await identities.pin("", [served(2)])
        assert () == tuple(await identities.find("", served(1).call_id))
        await identities.pin("", [proposing(served(1), "later")])
        assert [served(1).proposed_id] == [call.v1_id for call in await identities.find("", served(1).call_id)]
        ask(path, "UPDATE calls SET seen = '2020-01-01'")
        await identities.pin("", [served(3)])
        assert 1 == len(await identities.find("", served(2).call_id))


async def test_leaves_no_thread_behind(path: Path) -> None:
    """After close no thread holds the exit of the process."""
    await asyncio.to_thread(int)  # the loop's own pool of threads stays
    before = set(threading.enumerate())
    async with started(path) as identities:
        await identities.pin("", PAGE)
    left = set(threading.enumerate()) - before
    for thread in left:
        thread.join(timeout=5)
    assert not any(thread.is_alive() for thread in left)


async def test_finishes_what_a_cancelled_caller_began(path: Path) -> None:
    """A page whose client went away while it waited for a lock is still pinned, whole."""
    async with open_identities(f"sqlite:///{path}") as identities:
        with closing(locked(path)):
            task = asyncio.ensure_future(identities.pin("", PAGE))
            for _ in range(20):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert IDS == list(await identities.pin("", [proposing(call, "later") for call in PAGE]))
        assert identities.trouble() is None


@pytest.mark.parametrize("journal", ["delete", "wal"])
async def test_many_may_make_the_file_at_once(path: Path, journal: str) -> None:
    """Sixteen openers of a file without tables all find it in order and agree on the key."""
    ask(path, f"PRAGMA journal_mode = {journal}")
    openers = [SqliteIdentities(path, patience=60) for _ in range(16)]
    await asyncio.gather(*(opener.start() for opener in openers))
    troubles = {opener.trouble() for opener in openers}
    keys = {await opener.sealing_key() for opener in openers}
    for opener in openers:
        await opener.close()
    assert {None} == troubles
    assert 1 == len(keys)


async def test_tries_again_to_switch_the_journal(path: Path, on_retry: list[Callable[[], None]]) -> None:
    """The one statement that does not wait for locks by itself is asked again until the lock is gone."""
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    on_retry.append(holder.close)
    async with started(path) as identities:
        assert identities.trouble() is None
