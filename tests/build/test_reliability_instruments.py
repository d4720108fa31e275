"""What the reliability run measures with: an instrument that finds nothing must have been able to find something."""

import asyncio
import base64
import hashlib
from urllib.parse import quote

import pytest

from adapters.ports import Category
from tests.reliability.balancer import Balancer
from tests.reliability.busiest import busiest, by_category
from tests.reliability.figures import meets
from tests.reliability.planted import hits

SECRET = "a+secret/of-the-run=0123456789"
LIGHT = Category.LIGHT


class TestPlanted:
    """Secrets that are searched for."""

    @pytest.mark.parametrize(
        "written",
        [
            SECRET.encode(),
            b"\x00\xff" + SECRET.encode() + b"\x00",
            quote(SECRET, safe="").encode(),
            SECRET[::-1].encode(),
            hashlib.sha256(SECRET.encode()).hexdigest().encode(),
            SECRET.encode().hex().encode(),
            *(base64.b64encode(before + SECRET.encode() + b":more") for before in (b"", b"a:", b"ab:", b"abc:")),
        ],
        ids=["plain", "amid bytes", "quoted", "reversed", "hashed", "hexadecimal", *(f"base64 {n}" for n in range(4))],
    )
    def test_each_is_found_however_it_is_spelt(self, written, tmp_path):
        """Anywhere below the folder."""
        (tmp_path / "run-1").mkdir()
        (tmp_path / "run-1" / "output.log").write_bytes(b"some\nlines " + written)
        assert [True] == [hit.startswith("key ") for hit in hits(tmp_path, {"key": SECRET})]

    def test_what_is_not_there_is_not_found(self, tmp_path):
        """A part of a secret is none."""
        (tmp_path / "output.log").write_text(SECRET[:-1])
        assert [] == list(hits(tmp_path, {"key": SECRET}))


class TestBusiest:
    """The busiest second."""

    def test_it_may_begin_at_any_moment(self):
        """Three calls within a second that no whole second of a clock holds."""
        most = busiest({LIGHT: [0.2, 0.7, 1.1, 1.6, 3.0]}, {LIGHT: 4}, lambda _: True)
        assert (3, 4, 1.1) == (most.made, most.may, most.ended)

    def test_only_what_is_meant_is_judged(self):
        """By the moment the second ends; where nothing was measured, that is no zero."""
        most = busiest({LIGHT: [0.0, 0.1, 5.0]}, {LIGHT: 2}, lambda moment: moment > 1)
        assert 1 == most.made
        with pytest.raises(ValueError, match="empty"):
            busiest({LIGHT: [0.0]}, {LIGHT: 2}, lambda _: False)

    def test_calls_are_counted_where_zoom_counts_them(self):
        """Details apart from lists, and what is no call of call history not at all."""
        arrivals = [(0.0, "/v2/phone/call_history/x"), (1.0, "/v2/phone/call_history?a=b"), (2.0, "/v2/nothing")]
        assert {(0.0,), (1.0,)} == {tuple(moments) for moments in by_category(arrivals).values()}


async def test_the_balancer_takes_turns():
    """Each connection meets the next replica, whose bytes come back unchanged."""

    async def told(name: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(name)
        writer.close()

    def telling(name: bytes):
        return lambda _, writer: told(name, writer)

    servers = [await asyncio.start_server(telling(name), "127.0.0.1", 0) for name in (b"one", b"two")]
    ports = [server.sockets[0].getsockname()[1] for server in servers]
    async with Balancer(ports) as balancer:
        came = []
        for _ in range(4):
            reader, writer = await asyncio.open_connection("127.0.0.1", balancer.port)
            came.append(await reader.read())
            writer.close()
    for server in servers:
        server.close()
    assert [b"one", b"two", b"one", b"two"] == came


@pytest.mark.parametrize(
    ("value", "bound", "is_met"),
    [(0.5, "<= 0.5", True), (0.51, "<= 0.5", False), (5_000, ">= 5,000", True), (float("nan"), "<= 1", False)],
)
def test_a_bound_is_judged_as_it_is_printed(value, bound, is_met):
    """And no number meets none."""
    assert is_met == meets(value, bound)
