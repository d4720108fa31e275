"""The one way to Redis: its connections, how long anybody waits for it, and what happens while it is gone.

After a failure Redis is left alone: whoever asks is told at once, and a task in the background tries until it answers
again. The same task tells the server every few seconds that this replica is there, and learns how many there are.
Refuses to know what is kept in Redis.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, Final, TypeVar

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff

from adapters.redis.answer_pace import AnswerPace
from adapters.redis.scripts import OF_ANOTHER_KIND, Script
from adapters.redis.troubles import CLOSED, SLOW, UNREACHED, RedisTrouble, named_troubles

T = TypeVar("T")
Work = Callable[[Redis], Awaitable[T]]

PATIENCE: Final = 0.25
"""Seconds one command may take, and one connection to be made."""
CONNECTIONS: Final = 32
IDLE: Final = 10
"""Seconds after which an unused connection is proved before it is used."""
RETRY: Final = 0.5
"""Seconds between two attempts to find Redis again."""
RELAPSE: Final = 10.0
LONGEST_RETRY: Final = 4.0
"""Redis that fails again within `RELAPSE` seconds is left alone twice as long each time, up to so many seconds."""
SETTLING: Final = 2.0
"""Seconds after Redis came back in which each replica still keeps to its part: the others may not have noticed yet."""
BEAT: Final = 2.0
GONE: Final = 10
"""Seconds after its last beat for which a replica counts."""
MOST_BEHIND: Final = 1_000
"""Writes under way that nobody waits for; further ones are dropped."""

ALONE: Final = 2
"""Replicas there are as far as is known before Redis has told: whoever shares a Redis is not alone."""

# The second key lies elsewhere in a cluster, which refuses the two together, as it would what follows.
_BEAT: Final = Script(f"""{OF_ANOTHER_KIND}
local now = tonumber(redis.call('TIME')[1])
local added = redis.pcall('ZADD', KEYS[1], now, ARGV[1])
if of_another_kind(added) then
    redis.call('DEL', KEYS[1])
    added = redis.pcall('ZADD', KEYS[1], now, ARGV[1])
end
if type(added) == 'table' then return added end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[2])
return redis.call('ZCARD', KEYS[1])
""")

_log = structlog.get_logger(__name__)


class RedisLink:
    """Redis at a `redis://` or `rediss://` address, for replicas that call each other by `family`.

    Whoever makes it starts and closes it. `name` is another one for every link. `beat` is the seconds between two
    beats, `retry` those between two attempts while Redis is gone; `stretch` makes every wait for an answer so many
    times as long, for a machine that is known to be slow.
    """

    def __init__(
        self, url: str, *, family: str = "", beat: float = BEAT, retry: float = RETRY, stretch: float = 1.0
    ) -> None:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=PATIENCE * stretch,
            socket_timeout=PATIENCE * stretch,
            socket_connect_timeout=PATIENCE * stretch,
            health_check_interval=IDLE,
            retry=Retry(ExponentialWithJitterBackoff(cap=0.05, base=0.01), 1),
            # The older protocol says all that is said here, and a connection is ready a round trip earlier.
            protocol=2,
            driver_info=None,
            encoding_errors="surrogatepass",
        )
        self._redis: Redis = Redis.from_pool(pool)
        self._clock = asyncio.get_running_loop().time
        self._beat = beat
        self._replicas_key = f"shim:replicas:{family}"
        self.name = secrets.token_hex(4)
        self._told: tuple[int, ...] = ()
        self._trouble: str | None = None
        self._alarm = asyncio.Event()
        self._well_since = 0.0
        self._gone_since = float("-inf")
        self._pace = AnswerPace(clock=self._clock, stretch=stretch)
        self._first_retry = self._retry = retry
        self._running: set[asyncio.Task[Any]] = set()
        self._behind = 0
        self._beating: asyncio.Task[None] | None = None
        self._trying: asyncio.Task[None] | None = None
        self._on_return: list[Callable[[], Awaitable[object]]] = []
        self._is_closed = False

    @property
    def replicas(self) -> int:
        """How many replicas there are, this one included, as Redis last told.

        One that is away, or came back a moment ago, perhaps empty, has yet to hear of the others: then the most it told
        of late counts.
        """
        if not self._told:
            return ALONE
        return max(self._told) if self.well_for() < GONE else self._told[-1]

    def hears_all(self) -> bool:
        """Whether Redis has heard of as many replicas as there were, since it came back."""
        return self._told[-1:] == (self.replicas,)

    def trouble(self) -> str | None:
        """Why Redis is left alone now, one of the texts in `troubles`; None while it is well."""
        return self._trouble

    def well_for(self) -> float:
        """The seconds since Redis came back; 0 while it is gone, and without end when it never was."""
        return 0.0 if self._trouble is not None else self._clock() - self._well_since

    def gone_for(self) -> float:
        """The seconds since Redis was lost, for the last time where it is back."""
        return self._clock() - self._gone_since

    def was_emptied(self) -> None:
        """Has Redis count as just come back, and as lost before, unless that was noticed."""
        now = self._clock()
        if self.well_for() >= SETTLING:
            self._gone_since = now
        self._well_since = now

    def when_back(self, work: Callable[[], Awaitable[object]]) -> None:
        """Has `work` done whenever Redis answers again after it was gone."""
        self._on_return.append(work)

    def aside(self, work: Callable[[], Awaitable[object]]) -> None:
        """Has `work` done beside everything else; it ends before the link is closed."""
        if not self._is_closed:
            self._tracked(_done(work))

    async def start(self) -> None:
        """Connects, and goes on trying when that fails: it is a trouble, never an error."""
        self._well_since = float("-inf")
        await self.try_again()
        self._beating = asyncio.create_task(self._beat_on())

    async def run(self, work: Work[T]) -> T:
        """What `work` makes of Redis, in a fraction of a second; raises `RedisTrouble`, at once while Redis is gone.

        A caller that is cancelled leaves the work to end by itself: no reply is left on a connection for the next one.
        """
        if self._trouble is not None:
            raise RedisTrouble(self._trouble)
        return await self._bounded(work)

    def soon(self, work: Work[object]) -> None:
        """Has `work` done by and by and waits for nothing; it is dropped where Redis is gone or far behind."""
        if self._trouble is None and not self._is_closed and self._behind < MOST_BEHIND:
            self._behind += 1
            self._tracked(self._behind_scenes(work))

    async def try_again(self) -> None:
        """Proves now that Redis answers and can be written; who asks meanwhile shares the attempt."""
        if self._trying is None and not self._is_closed:
            self._trying = self._tracked(self._try())
        if self._trying is not None:
            await asyncio.wait({self._trying})

    async def close(self) -> None:
        """Says goodbye to the other replicas and closes the connections; may be called twice."""
        if self._is_closed:
            return
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.wait({self._beating})
        if self._trouble is None:
            try:
                await self._bounded(lambda redis: redis.zrem(self._replicas_key, self.name))
            except RedisTrouble as trouble:
                _log.warning("state.goodbye_failed", reason=trouble.reason)
        self._is_closed = True
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._redis.aclose()

    async def _bounded(self, work: Work[T]) -> T:
        if self._is_closed:
            raise RedisTrouble(CLOSED)
        task = self._tracked(self._ask(work))
        has_come = await self._pace.came(task)
        try:
            if not has_come:
                raise RedisTrouble(UNREACHED)
            answer: T = task.result()
        except RedisTrouble as trouble:
            if trouble.is_lasting:
                self._suffer(trouble.reason)
            raise
        if self._pace.is_too_slow():
            self._suffer(SLOW)
        return answer

    async def _ask(self, work: Work[T]) -> T:
        with named_troubles():
            return await work(self._redis)

    async def _behind_scenes(self, work: Work[object]) -> None:
        try:
            await self.run(work)
        except RedisTrouble:
            pass  # noted already; nobody waits for this
        finally:
            self._behind -= 1

    async def _beat_on(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._beat):
                    await self._alarm.wait()
            if self._trouble is not None:
                await asyncio.sleep(self._retry)
            await self.try_again()

    async def _try(self) -> None:
        try:
            told = max(1, int(await self._bounded(self._say_here)))
        except RedisTrouble as trouble:
            self._suffer(trouble.reason)
        else:
            self._told = (*self._told[-2:], told)
            if self._trouble is not None and self._pace.is_quick():
                self._recover()
        finally:
            self._trying = None

    async def _say_here(self, redis: Redis) -> int:
        return int(await _BEAT.run(redis, [self._replicas_key, "shim:replicas"], [self.name, GONE]))

    def _suffer(self, reason: str) -> None:
        if self._trouble is None:
            _log.error("state.degraded", reason=reason)
            if self._beating is not None:  # else it was never had
                self._gone_since = self._clock()
            is_relapse = self._gone_since - self._well_since < RELAPSE
            self._retry = min(LONGEST_RETRY, self._retry * 2) if is_relapse else self._first_retry
        self._trouble = reason
        self._alarm.set()

    def _recover(self) -> None:
        self._trouble = None
        self._alarm.clear()
        self._well_since = self._clock()
        _log.info("state.recovered")
        for work in self._on_return:
            self.aside(work)

    def _tracked(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # looked at here, for whoever asked may have gone


async def _done(work: Callable[[], Awaitable[object]]) -> None:
    await work()
