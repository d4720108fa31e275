"""How calls lie in a Redis: each under its place, its names beside it, and what is done there in one round trip.

A call ends thirteen months after it was first served, its names with the last call they came to stand for. What
somebody else left at our keys is replaced where a call is to be kept, and passed over where one is looked for. Refuses
to know what happens while Redis is gone.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import msgspec
from redis.asyncio import Redis

from adapters.ports import RememberedCall
from adapters.redis.keys import hashed
from adapters.redis.scripts import OF_ANOTHER_KIND, Call, Script
from adapters.state.names import Pin, Place

KEPT: Final = timedelta(days=396)
"""Thirteen months."""
LONGEST: Final = 4_096
"""Bytes of the longest value that may be a call; one of ours has two hundred."""
MOST_OF_A_NAME: Final = 100
"""Calls that are told of one name; a call id has as many as it has transfers."""

_PIN: Final = Script(f"""{OF_ANOTHER_KIND}
local size = redis.pcall('STRLEN', KEYS[1])
local is_odd = of_another_kind(size)
if not is_odd and type(size) == 'table' then return size end
local kept = not is_odd and size <= {LONGEST} and redis.call('GET', KEYS[1])
local is_new = not kept or kept == ARGV[4]
if is_new then
    redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
    kept = ARGV[1]
end
for name = 2, #KEYS do
    local added = redis.pcall('SADD', KEYS[name], ARGV[3])
    if of_another_kind(added) then
        redis.call('DEL', KEYS[name])
        added = redis.pcall('SADD', KEYS[name], ARGV[3])
    end
    if type(added) == 'table' then return added end
    if is_new or added == 1 then redis.call('EXPIRE', KEYS[name], ARGV[2]) end
end
return kept
""")
_FIND: Final = Script(f"""{OF_ANOTHER_KIND}
local told = {{}}
for name = 1, #KEYS do
    told[name] = {{}}
    local members = redis.pcall('SRANDMEMBER', KEYS[name], {MOST_OF_A_NAME})
    if members.err and not of_another_kind(members) then return members end
    for _, member in ipairs(members) do
        local key = ARGV[1] .. member
        local size = redis.pcall('STRLEN', key)
        if type(size) == 'number' and size > 0 and size <= {LONGEST} then
            table.insert(told[name], redis.call('GET', key))
        end
    end
end
return told
""")


async def pinned(redis: Redis, pins: Sequence[Pin]) -> list[str]:
    """The id each call keeps, the one proposed where there is none yet; two round trips where strange values lie."""
    whose = {partition: hashed(partition) for partition in {pin.partition for pin in pins}}
    values = await _PIN.run_all(redis, [_pinning(pin, whose[pin.partition]) for pin in pins])
    kept = list(map(_unpacked, values))
    strange = [number for number, call in enumerate(kept) if call is None]
    if strange:
        again = [_pinning(pins[number], whose[pins[number].partition], instead=values[number]) for number in strange]
        for number, value in zip(strange, await _PIN.run_all(redis, again), strict=True):
            kept[number] = _unpacked(value)
    return [pin.call.v1_id if call is None else call.v1_id for pin, call in zip(pins, kept, strict=True)]


async def named(redis: Redis, partition: str, names: Sequence[str]) -> list[list[RememberedCall]]:
    """The calls known under exactly these names."""
    whose = hashed(partition)
    keys = [_name_key(whose, name) for name in names]
    told: list[list[Any]] = await _FIND.run(redis, keys, [_place_key(whose, b"")])
    return [[call for value in values if (call := _unpacked(value)) is not None] for values in told]


def _pinning(pin: Pin, whose: str, *, instead: bytes = b"") -> Call:
    """One call of the script; `instead` is a value that is no call and makes room for one, if it still lies there."""
    member = _member(pin.place)
    keys = [_place_key(whose, member), *(_name_key(whose, name) for name in pin.names)]
    return keys, [_packed(pin.call), int(KEPT.total_seconds()), member, instead]


def _place_key(whose: str, member: bytes) -> bytes:
    return f"shim:call:{whose}:".encode() + member


def _member(place: Place) -> bytes:
    """How a name's entry tells which call of its partition it stands for."""
    return f"{place.group}:{place.history_uuid}".encode(errors="surrogatepass")


def _name_key(whose: str, name: str) -> bytes:
    return f"shim:name:{whose}:{name}".encode(errors="surrogatepass")


def _packed(call: RememberedCall) -> bytes:
    return msgspec.msgpack.encode(
        (call.v1_id, call.history_uuid, call.group, call.call_id, call.start_time, call.direction)
    )


def _unpacked(value: Any) -> RememberedCall | None:
    """The call behind a value; None for one that is none of ours."""
    try:
        return RememberedCall(*msgspec.msgpack.decode(value, type=tuple[str, str, int, str, str, str]))
    except (msgspec.MsgspecError, ValueError):
        return None
