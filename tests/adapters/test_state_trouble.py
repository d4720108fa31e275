"""What happens to disks happens to the state file: the answers go on, the trouble is told, and nothing is lost."""

import asyncio
import json
import os
import resource
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from adapters.state.sqlite import SqliteIdentities
from tests.adapters.served_calls import proposing, served
from tests.adapters.state_files import ask, locked, read, spoil, started, write

PAGE = [served(number) for number in range(1, 31)]
IDS = [call.proposed_id for call in PAGE]
CALL = PAGE[0]


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


async def test_takes_back_half_a_page(path: Path) -> None:
    """When a write fails in the middle, nothing of the page stays behind to block the next."""
    async with started(path) as identities:
        ask(path, "CREATE TRIGGER t BEFORE INSERT ON names BEGIN SELECT RAISE(FAIL, 'no'); END")
        await served_in_spite(identities)
        assert "the state file cannot be used" == identities.trouble()
        assert [(0,)] == ask(path, "SELECT count(*) FROM calls")
        ask(path, "DROP TRIGGER t")
        await healed(identities, path)


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
