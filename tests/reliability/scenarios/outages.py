"""U4, U18, U19, U20: upstream fails at times, for a while, for one call; pages that shift or never end."""

import json
import re
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import count, product
from typing import Any

from contracts.cases import World
from contracts.codec import decode, encode
from tests.reliability.scenarios.scenario import DETAIL, LIST, Played, Scenario, Stage
from tests.reliability.upstream import Play
from tests.reliability.worlds import company

HTML = b"<html><head><title>Bad Gateway</title></head><body>nginx</body></html>"
PASSING = (500, 502, 503, 504)
PLACES = (0, 1, 150, 299)


def _rate(part: float, status: int) -> Scenario:
    def script(stage: Stage) -> None:
        chance = stage.upstream.chance("rate")
        stage.upstream.spoil(
            lambda request: request.path.startswith(LIST) and chance.random() < part, Play(status=status), times=None
        )

    is_rare = part <= 0.1
    return Scenario(
        id="U4",
        what=f"{part:.0%} answered {status}",
        script=script,
        refusals=() if is_rare else PASSING,
        summaries=0 if is_rare else 40,
        calls=100,
        page_size=50,
    )


def _for_a_while(status: int, times: int) -> Scenario:
    def script(stage: Stage) -> None:
        stage.upstream.spoil(
            LIST, Play(status=status, body=HTML, headers=(("Content-Type", "text/html"),)), times=times
        )

    return Scenario(
        id="U4",
        what=f"{times} answers in a row {status}",
        script=script,
        refusals=(status, 504),
        summaries=40,
        is_long=times > 10,
    )


def _one_fails(place: int, status: int) -> Scenario:
    def script(stage: Stage) -> None:
        stage.spoil_detail(place, Play(status=status), times=None)

    return Scenario(
        id="U20",
        what=f"detail {place} of 300 always {status}",
        script=script,
        summaries=1,
        calls=300,
        page_size=300,
        settings={"SHIM_DEADLINE": "6"},
    )


def _fail_from(place: int) -> Scenario:
    def script(stage: Stage) -> None:
        stage.spoil_from(place, Play(status=503))

    def also(played: Played) -> str:
        first = played.walk.answers[0]
        rows = len(first.json["call_logs"]) if first.status == 200 else 0
        is_right = first.status == 503 if place == 0 else first.status == 200 and rows >= place
        return "" if is_right else f"first page has {rows} rows, status {first.status}"

    return Scenario(
        id="U20",
        what=f"all details from {place} of 300 on fail",
        script=script,
        refusals=(503,),
        heals_after=1,
        also=also,
        calls=300,
        page_size=300,
        settings={"SHIM_DEADLINE": "6"},
    )


def _page(stage: Stage, alter: Callable[[dict[str, Any]], dict[str, Any]], *, skip: int, times: int | None) -> None:
    stage.spoil_list(Play(alter=lambda body: json.dumps(alter(json.loads(body))).encode()), skip=skip, times=times)


def _same_token(stage: Stage) -> None:
    token = ""

    def fits(request: Any) -> bool:
        nonlocal token
        found = re.search(r"next_page_token=([^&]+)", request.query)
        token = found[1] if found else token
        return request.path == LIST and bool(found)

    def alter(body: bytes) -> bytes:
        return json.dumps({**json.loads(body), "next_page_token": token}).encode()

    stage.upstream.spoil(fits, Play(alter=alter), times=None)


def _cycle(stage: Stage) -> None:
    tokens: list[str] = []

    def alter(page: dict[str, Any]) -> dict[str, Any]:
        tokens.append(page["next_page_token"])
        return {**page, "next_page_token": page["next_page_token"] or tokens[0]}

    _page(stage, alter, skip=0, times=None)


def _empty_with_token(stage: Stage) -> None:
    _page(stage, lambda page: {**page, "call_history": [], "next_page_token": "more"}, skip=1, times=None)


def _no_end(stage: Stage) -> None:
    """The first page for ever, under a new token each time."""
    numbers, first = count(), list[bytes]()

    def alter(body: bytes) -> bytes:
        first.append(body)
        return json.dumps({**json.loads(first[0]), "next_page_token": f"more-{next(numbers)}"}).encode()

    stage.spoil_list(Play(status=200, alter=alter), times=None)


def _shifted(stage: Stage) -> None:
    """A new call has pushed each row one place on: the second page begins with the last row of the first."""
    seen: dict[str, Any] = {}

    def remember(page: dict[str, Any]) -> dict[str, Any]:
        rows = page["call_history"]
        seen.update((row["call_history_uuid"], row) for row in rows)
        place = stage.uuids.index(rows[0]["call_history_uuid"])  # a page may be asked for more than once
        again = [seen[stage.uuids[place - 1]]] if place else []
        return {**page, "call_history": [*again, *rows]}

    _page(stage, remember, skip=0, times=None)


def _twice_on_a_page(stage: Stage) -> None:
    _page(stage, lambda page: {**page, "call_history": page["call_history"] * 2}, skip=0, times=None)


def _bounded(played: Played) -> str:
    pages, rows = len(played.walk.answers) - len(played.walk.errors), len(played.walk.rows)
    # Three times round is the most: that is how soon a circle is noticed.
    is_bounded = pages <= 12 and rows <= 3.2 * len(played.stage.uuids)
    return "" if is_bounded else f"{pages} pages and {rows} rows before it stopped"


def _recent(seed: int, calls: int) -> World:
    """Calls of which the newest has just ended."""
    world = company(seed, calls)
    text = encode(asdict(world)).decode()
    newest = max(row["end_time"] for row in world.call_history)
    shift = datetime.now(UTC) - timedelta(seconds=20) - datetime.fromisoformat(newest)
    moved = re.sub(
        r"(?<=\")\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ(?=\")",
        lambda time: f"{datetime.fromisoformat(time[0]) + shift:%Y-%m-%dT%H:%M:%SZ}",
        text,
    )
    return World(**decode(moved.encode()))


def _of_late() -> str:
    now = datetime.now(UTC)
    return f"from={now - timedelta(days=5):%Y-%m-%d}&to={now + timedelta(days=1):%Y-%m-%d}"


def _late(stage: Stage) -> None:
    gone = b'{"code":404,"message":"Call History does not exist."}'
    stage.spoil_detail(0, Play(status=404, body=gone), times=2)


def _changing(stage: Stage) -> None:
    """The first try of each detail is cut short in the middle; the second has the elements in another order."""

    def turned(body: bytes) -> bytes:
        record = json.loads(body)
        return json.dumps({**record, "call_elements": record["call_elements"][::-1]}).encode()

    stage.upstream.spoil(DETAIL, Play(cut=300), times=None, each=1)
    stage.upstream.spoil(DETAIL, Play(alter=turned), times=None)


OUTAGES: tuple[Scenario, ...] = (
    *(_rate(*each) for each in product((0.02, 0.1, 0.5), PASSING)),
    *(_for_a_while(*each) for each in product((502, 503), (3, 30))),
    *(_one_fails(*each) for each in product(PLACES, (500, 404))),
    *(_fail_from(place) for place in PLACES),
    Scenario(id="U18", what="the same token again", script=_same_token, end="stops", also=_bounded),
    Scenario(id="U18", what="tokens in a circle", script=_cycle, end="stops", refusals=(502,), also=_bounded, calls=80),
    Scenario(id="U18", what="an empty page with a token", script=_empty_with_token, end="stops", also=_bounded),
    Scenario(
        id="U18",
        what="pages without end",
        script=_no_end,
        end="stops",
        refusals=(400, 504),
        heals_after=2,
        also=_bounded,
    ),
    Scenario(id="U19", what="a row twice across pages", script=_shifted, calls=60),
    Scenario(id="U19", what="every row twice on its page", script=_twice_on_a_page),
    Scenario(
        id="U19",
        what="404 shortly after the call",
        script=_late,
        world=_recent,
        window=_of_late,
        settings={"SHIM_DEADLINE": "4"},
    ),
    Scenario(id="U19", what="details differ between tries", script=_changing),
)
