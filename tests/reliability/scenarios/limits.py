"""U1, U2, U3, U20c, U21: rate limits, what the wait is written like, and clocks that disagree."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import product

from adapters.ports import Category
from shim.standin.limits import BUSINESS
from tests.reliability.scenarios.scenario import Played, Scenario, Stage
from tests.reliability.upstream import Play

TOO_FAST = b'{"code":429,"message":"You have reached the maximum per-second rate limit for this API. Try again later."}'
TOO_MUCH = b'{"code":429,"message":"You have reached the maximum daily rate limit for this API."}'
QPS, DAILY = ("X-RateLimit-Type", "QPS"), ("X-RateLimit-Type", "Daily-limit")
Headers = tuple[tuple[str, str], ...]


def _dates(seconds: float, *, skew: float = 0.0) -> Headers:
    now = datetime.now(UTC) + timedelta(seconds=skew)
    until = now + timedelta(seconds=seconds)
    return (("Date", format_datetime(now, usegmt=True)), ("Retry-After", format_datetime(until, usegmt=True)))


def _iso(seconds: float) -> Headers:
    now = datetime.now(UTC)
    until = now + timedelta(seconds=seconds)
    return (("Date", format_datetime(now, usegmt=True)), ("Retry-After", f"{until:%Y-%m-%dT%H:%M:%SZ}"))


FORMS: dict[str, Callable[[float], Headers]] = {
    "no Retry-After": lambda _: (),
    "seconds": lambda seconds: (("Retry-After", f"{seconds:.0f}"),),
    "HTTP-date": _dates,
}
GARBAGE = {
    "negative": "-1",
    "huge": "1e9",
    "NaN": "NaN",
    "4 KB": "9" * 4096,
    "past": "Fri, 01 Jan 1999 00:00:00 GMT",
    "empty": "",
    "two": "1, 2",
    "zero": "0",
}


def _limited(headers: Headers, body: bytes = TOO_FAST) -> Play:
    return Play(status=429, headers=headers, body=body)


def _per_second(form: str, times: int, where: str) -> Scenario:
    def script(stage: Stage) -> None:
        stage.spoil(where, _limited((QPS, *FORMS[form](1))), times=times)

    # The directory is of the same category and held as well: beyond one wait it may have no time left.
    return Scenario(
        id="U1", what=f"429 x {times}, {form}, {where}", script=script, refusals=(429,), is_idless=times > 1
    )


def _garbage(name: str, where: str) -> Scenario:
    def script(stage: Stage) -> None:
        stage.spoil(where, _limited((QPS, ("Retry-After", GARBAGE[name]))), times=2)

    return Scenario(id="U3", what=f"Retry-After {name}, {where}", script=script)


def _skewed(minutes: int, where: str) -> Scenario:
    def script(stage: Stage) -> None:
        stage.spoil(where, _limited((QPS, *_dates(1, skew=60 * minutes))))

    return Scenario(id="U21", what=f"upstream's clock {minutes:+} min, {where}", script=script)


def _per_day(name: str, headers: Callable[[], Headers], where: str) -> Scenario:
    def script(stage: Stage) -> None:
        stage.spoil(where, _limited((DAILY, *headers()), TOO_MUCH))

    def also(played: Played) -> str:
        late = [answer for answer in played.walk.errors if answer.status == 429 and not answer.header("retry-after")]
        first = next((at for at, each in enumerate(played.stage.upstream.rules) if each.taken), None)
        asked = played.stage.upstream.by_status[429]
        if first is None or asked != 1:
            return f"{asked} requests met the day's limit, not 1"
        return f"{len(late)} refusals do not say how long to wait" if late else ""

    return Scenario(
        id="U2", what=f"day spent, {name}, {where}", script=script, refusals=(429,), end="refused", also=also
    )


def _real_limits(stage: Stage) -> None:
    stage.answers.enforce(dict(BUSINESS.items()))


def _within(played: Played) -> str:
    refused = played.stage.upstream.by_status[429]
    return f"{refused} requests beyond the limit" if refused else ""


def _few(played: Played) -> str:
    refused, asked = played.stage.upstream.by_status[429], played.stage.upstream.requests
    return f"{refused} of {asked} requests beyond the limit" if refused > asked / 2 else ""


def _narrow(stage: Stage) -> None:
    stage.answers.enforce({Category.LIGHT: 20, Category.MEDIUM: 10, Category.HEAVY: 5})


LIMITS: tuple[Scenario, ...] = (
    *(_per_second(*each) for each in product(FORMS, (1, 2, 3, 4), ("first", "middle", "last"))),
    *(_per_second(*each) for each in product(FORMS, (1, 2), ("list",))),
    *(_per_day("seconds", lambda: (("Retry-After", "3600"),), where) for where in ("list", "middle")),
    *(_per_day("HTTP-date", lambda: _dates(3600), where) for where in ("list", "middle")),
    *(_per_day("ISO 8601", lambda: _iso(3600), where) for where in ("list", "middle")),
    *(_garbage(*each) for each in product(GARBAGE, ("list", "middle"))),
    *(_skewed(*each) for each in product((-10, 10), ("list", "middle"))),
    Scenario(
        id="U20c",
        what="Zoom's own limits, four fifths of them ours",
        script=_real_limits,
        also=_within,
        settings={"SHIM_RATE_SHARE": "0.8", "SHIM_DEADLINE": "4"},
    ),
    Scenario(
        id="U20c",
        what="half the limits we believe in",
        script=_narrow,
        refusals=(429,),
        also=_few,
        settings={"SHIM_RATE_SHARE": "1", "SHIM_DEADLINE": "4"},
    ),
)
