"""The state file outlives its processes, is shared by two, and heals from what happens to disks."""

import asyncio
import json
import os
import resource
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
import stamina
from structlog.testing import capture_logs

from adapters.state import open_identities
from adapters.state.sqlite import SqliteIdentities
from tests.adapters.served_calls import proposing, served

ROOT = Path(__file__).parents[2]
DAY = 86_400
NOW = 1_773_100_000.0
PAGE = [served(number) for number in range(1, 31)]
IDS = [call.proposed_id for call in PAGE]
CALL = PAGE[0]

PINNING = """
import asyncio, sys
from adapters.state import open_identities
from tests.adapters.served_calls import proposing, served

async def main(path, proposer, pages):
    async with open_identities("sqlite:///" + path) as identities:
        print(await identities.sealing_key(), flush=True)
        for page in range(pages):
            calls = [proposing(served(page * 10 + number), proposer) for number in range(10)]
            print(*await identities.pin("", calls), flush=True)

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a state file may be made."""
    return tmp_path / "state.db"


@pytest.fixture
def read_only_folder() -> Iterator[Path]:
    """A folder in which this process, even when it is root's, may not write."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o555)
    was_root = os.geteuid() == 0
    if was_root:
        os.seteuid(65_534)
    yield folder
    if was_root:
        os.seteuid(0)
    folder.chmod(0o755)
    shutil.rmtree(folder)


@pytest.fixture
def on_retry() -> Iterator[list[Callable[[], None]]]:
    """What is to happen before a statement is asked again."""
    acts: list[Callable[[], None]] = []

    def act(_: stamina.instrumentation.RetryDetails) -> None:
        for each in acts:
            each()

    stamina.instrumentation.set_on_retry_hooks([act])
    yield acts
    stamina.instrumentation.set_on_retry_hooks(None)


@asynccontextmanager
async def started(
    path: Path, clock: list[float] | None = None, *, most_waiting: int = 100
) -> AsyncIterator[SqliteIdentities]:
    """Identities that wait hardly at all for locks and read the time from `clock`."""
    times = clock or [NOW]
    identities = SqliteIdentities(path, now=lambda: times[-1], patience=0.05, most_waiting=most_waiting)
    await identities.start()
    try:
        yield identities
    finally:
        await identities.close()


def pinning(path: Path, proposer: str, pages: int) -> subprocess.Popen[str]:
    """Another process that pins pages and prints the key, then the ids of each page once they are pinned."""
    command = [sys.executable, "-c", PINNING, str(path), proposer, str(pages)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def ask(path: Path, question: str) -> list[tuple[object, ...]]:
    """What the file answers to a connection of its own."""
    with closing(sqlite3.connect(path, timeout=5)) as connection, connection:
        return connection.execute(question).fetchall()


def locked(path: Path) -> sqlite3.Connection:
    """A connection that holds the file's lock until it is closed."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    return connection


def read(path: Path) -> bytes:
    """The whole file."""
    return path.read_bytes()


def write(path: Path, content: bytes) -> None:
    """Makes the file hold `content` alone."""
    path.write_bytes(content)


def spoil(path: Path) -> None:
    """Overwrites everything behind the first page of the file."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4_096)
        file.write(b"\xff" * (size - 4_096))


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


async def served_in_spite(identities: SqliteIdentities) -> None:
    """A broken store serves the same ids again and again, finds them, and has a key."""
    assert IDS == list(await identities.pin("", PAGE))
    assert IDS == list(await identities.pin("", [proposing(call, "later") for call in PAGE]))
    assert [CALL.proposed_id] == [call.v1_id for call in await identities.find("", CALL.history_uuid)]
    assert await identities.sealing_key() == await identities.sealing_key()


async def healed(identities: SqliteIdentities, path: Path) -> None:
    """What waited is written at the next pin, even an empty one, and another opener finds it."""
    await identities.pin("", [])
    assert identities.trouble() is None
    async with started(path) as other:
        assert IDS == [call.v1_id for id in IDS for call in await other.find("", id)]


async def test_waits_for_a_folder(tmp_path: Path) -> None:
    """Without its folder the store says so, and writes once somebody makes it."""
    path = tmp_path / "later" / "state.db"
    async with started(path) as identities:
        assert "the folder of the state file does not exist" == identities.trouble()
        await served_in_spite(identities)
        key = await identities.sealing_key()
        path.parent.mkdir()
        await healed(identities, path)
        assert key == await identities.sealing_key()


async def test_looks_again_for_a_file(tmp_path: Path) -> None:
    """A look-up alone opens a file that was out of reach when the process started."""
    path = tmp_path / "later" / "state.db"
    async with started(path) as identities:
        path.parent.mkdir()
        async with started(path) as other:
            await other.pin("", PAGE)
        assert [CALL.proposed_id] == [call.v1_id for call in await identities.find("", CALL.call_id)]
        assert identities.trouble() is None


async def test_writes_all_that_waited(tmp_path: Path) -> None:
    """However much waited, the next pin writes it all."""
    path = tmp_path / "later" / "state.db"
    async with started(path, most_waiting=2_500) as identities:
        await identities.pin("", [served(number) for number in range(2_500)])
        path.parent.mkdir()
        await identities.pin("", [])
        assert [(2_500,)] == ask(path, "SELECT count(*) FROM calls")


async def test_waits_for_its_place(path: Path) -> None:
    """A folder in the file's place is named and left alone."""
    os.mkdir(path)
    async with started(path) as identities:
        assert "a folder stands in the place of the state file" == identities.trouble()
        await served_in_spite(identities)
        os.rmdir(path)
        await healed(identities, path)


async def test_waits_for_permission(read_only_folder: Path) -> None:
    """In a read-only folder ids wait; nothing is left there."""
    async with started(read_only_folder / "state.db") as identities:
        assert "the state file cannot be written" == identities.trouble()
        await served_in_spite(identities)
    assert [] == os.listdir(read_only_folder)


async def test_waits_for_a_lock(path: Path) -> None:
    """While another process holds the file, ids wait, and those pinned before can still be seen."""
    async with started(path) as before:
        await before.pin("", PAGE[:10])
    async with started(path) as identities:
        with closing(locked(path)):
            page = [proposing(call, "later") for call in PAGE[:10]] + PAGE[10:]
            assert IDS == list(await identities.pin("", page))
            assert "the state file is locked by another process" == identities.trouble()
            await served_in_spite(identities)
        await healed(identities, path)


async def test_nobody_queues_behind_a_lock(path: Path) -> None:
    """Two hundred pages at once wait for a lock once, not one after the other, and one event tells of it."""
    identities = SqliteIdentities(path, patience=0.2)
    await identities.start()
    with closing(locked(path)), capture_logs() as logs:
        async with asyncio.timeout(20):
            answers = await asyncio.gather(*(identities.pin("", [served(number)]) for number in range(200)))
    await identities.close()
    assert [served(number).proposed_id for number in range(200)] == [answer[0] for answer in answers]
    degraded = {"event": "state.degraded", "reason": "the state file is locked by another process"}
    assert [{**degraded, "log_level": "error"}] == logs


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


async def test_takes_back_half_a_page(path: Path) -> None:
    """When a write fails in the middle, nothing of the page stays behind to block the next."""
    async with started(path) as identities:
        ask(path, "CREATE TRIGGER t BEFORE INSERT ON names BEGIN SELECT RAISE(FAIL, 'no'); END")
        await served_in_spite(identities)
        assert "the state file cannot be used" == identities.trouble()
        assert [(0,)] == ask(path, "SELECT count(*) FROM calls")
        ask(path, "DROP TRIGGER t")
        await healed(identities, path)


@pytest.mark.parametrize("journal", ["delete", "wal"])
async def test_many_may_make_the_file_at_once(path: Path, journal: str) -> None:
    """Sixteen openers of a file without tables all find it in order and agree on the key."""
    ask(path, f"PRAGMA journal_mode = {journal}")
    openers = [SqliteIdentities(path) for _ in range(16)]
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


async def test_waits_for_space(path: Path) -> None:
    """When the disk takes no more, ids wait; when it does again, none is missing and the file is sound."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    async with started(path) as identities:
        await identities.pin("", [served(1_000)])
        grown = path.with_name("state.db-wal").stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (grown, limits[1]))
        try:
            await served_in_spite(identities)
            assert "the disk of the state file reports errors" == identities.trouble()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        await healed(identities, path)
    assert [("ok",)] == ask(path, "PRAGMA integrity_check")


async def test_leaves_a_newer_file_alone(path: Path) -> None:
    """The file of a newer version is neither read as ours nor changed."""
    with closing(sqlite3.connect(path)) as newer:
        newer.execute("PRAGMA user_version = 2")
    content = read(path)
    async with started(path) as identities:
        assert "the state file belongs to a newer version of this service" == identities.trouble()
        await served_in_spite(identities)
    assert content == read(path)


@pytest.mark.parametrize("content", [b"no database at all\n" * 100, b"SQLite format 3\x00" + b"\xff" * 8_000])
async def test_moves_a_corrupt_file_aside(path: Path, content: bytes) -> None:
    """A corrupt file keeps its content under another name with the time in it, and a new one takes its place."""
    write(path, content)
    async with started(path) as identities:
        assert identities.trouble() is None
        await identities.pin("", PAGE)
        assert content == path.with_name("state.db.corrupt-20260309T234640Z").read_bytes()
        await healed(identities, path)


async def test_keeps_every_corrupt_file(path: Path) -> None:
    """Two corrupt files of one second do not overwrite each other."""
    for content in (b"first" * 100, b"second" * 100):
        write(path, content)
        async with started(path):
            pass
        os.unlink(path)
    kept = sorted(file.read_bytes()[:5] for file in path.parent.glob("state.db.corrupt-*"))
    assert [b"first", b"secon"] == kept


async def test_survives_corruption_while_it_runs(path: Path) -> None:
    """A file that turns bad under two running processes is moved aside once, and the ids served keep their calls."""
    async with started(path) as identities, started(path) as other:
        await identities.pin("", PAGE)
        ask(path, "PRAGMA wal_checkpoint(TRUNCATE)")
        spoil(path)
        assert () == tuple(await other.find("", CALL.call_id))
        assert "the state file is corrupt" == other.trouble()
        assert IDS == list(await identities.pin("", [proposing(call, "later") for call in PAGE]))
        assert identities.trouble() is None
        await other.pin("", [])
        assert other.trouble() is None
        await healed(identities, path)
    assert 1 == len(list(path.parent.glob("state.db.corrupt-*T*Z")))


async def test_notices_a_lost_file(path: Path) -> None:
    """When somebody deletes the file under it, the store makes a new one instead of writing to a ghost."""
    async with started(path) as identities:
        await identities.pin("", PAGE)
        for file in list(path.parent.iterdir()):
            file.unlink()
        await identities.pin("", [served(500)])
        await identities.pin("", PAGE)
        await healed(identities, path)
        assert IDS == list(await identities.pin("", [proposing(call, "later") for call in PAGE]))


async def test_forgets_the_oldest_of_too_many(tmp_path: Path) -> None:
    """What waits is bounded, and what is lost in the end is counted in the log."""
    with capture_logs() as logs:
        async with started(tmp_path / "none" / "state.db", most_waiting=10) as identities:
            await identities.pin("", PAGE)
            assert () == tuple(await identities.find("", PAGE[0].call_id))
            assert 1 == len(await identities.find("", PAGE[29].call_id))
    assert [10] == [log["calls"] for log in logs if log["event"] == "state.ids_lost"]


async def test_writes_what_waits_at_close(path: Path) -> None:
    """A store that was still degraded when it closes tries once more."""
    async with started(path) as identities:
        with closing(locked(path)):
            await identities.pin("", PAGE)
    async with started(path) as later:
        assert IDS == [call.v1_id for id in IDS for call in await later.find("", id)]


async def test_tells_nothing_of_a_call_in_the_log(tmp_path: Path) -> None:
    """The log of a bad day holds no id and no path."""
    with capture_logs() as logs:
        async with started(tmp_path / "none" / "state.db") as identities:
            await identities.pin("", PAGE)
            (tmp_path / "none").mkdir()
            await identities.pin("", PAGE)
    assert ["state.degraded", "state.recovered"] == [log["event"] for log in logs]
    assert not any(text in json.dumps(logs) for text in (str(tmp_path), *IDS))
