"""The caller's credential: where it is taken from, where it goes, and where it never shows."""

from collections.abc import AsyncIterator

import pytest

from shim.wiring import RunningShim
from tests.adapters.successor_bodies import id_of
from tests.edge.raw import Message, RawUpstream, exchange, request
from tests.service.running import service, shim_at
from tests.service.worlds import DAY, LIST, plain

SECRET = "zzSECRETzz-eyJhbGciOiJIUzI1NiJ9"
INVALID = (401, {"code": 124, "message": "Invalid access token."})


@pytest.fixture
async def upstream() -> AsyncIterator[RawUpstream]:
    """An upstream that keeps every byte it is sent."""
    async with RawUpstream() as running:
        yield running


@pytest.fixture
async def shim(upstream: RawUpstream) -> AsyncIterator[RunningShim]:
    """The service in front of it."""
    async with shim_at(f"{upstream.url}/v2") as running:
        yield running


async def ask(shim: RunningShim, target: str, *headers: bytes) -> Message:
    """One request with just these headers."""
    return await exchange(shim.server.addresses[0][1], request(target.encode(), *headers))


@pytest.mark.parametrize(
    "target", [DAY, f"{LIST}/{id_of(1)}", f"{DAY}&access_token=", "/v2/accounts/a/phone/call_logs"]
)
@pytest.mark.parametrize("headers", [{}, {"Authorization": ""}, {"Authorization": "  "}])
async def test_without_a_credential_v1_said_invalid_token(target, headers):
    """401/124, and upstream is not asked."""
    async with service(plain(1)) as asking:
        answer = await asking.get(target, authorization=None, headers=headers)
        assert (*INVALID, []) == (answer.status, answer.body, asking.zoom.calls)


async def test_the_credential_comes_before_the_parameters():
    """Who asks is judged before what is asked."""
    async with service(plain(1)) as asking:
        answer = await asking.get(f"{LIST}?from=nonsense", authorization=None)
    assert INVALID == (answer.status, answer.body)


@pytest.mark.parametrize(
    "value",
    [b"Bearer " + SECRET.encode(), b"bearer  two  blanks", b"Basic dXNlcjpwYXNz", b"plain-token", b"Bearer a,b"],
)
async def test_the_header_goes_upstream_verbatim(shim, upstream, value):
    """Whatever scheme and spelling the caller used."""
    await ask(shim, DAY, b"Authorization: " + value)
    assert {value} == {sent for seen in upstream.requests for sent in seen.all(b"authorization")}
    assert upstream.requests != []


@pytest.mark.parametrize(
    ("query", "sent"),
    [("access_token=abc.def", b"Bearer abc.def"), ("access_token=a%2Bb%2F%3D", b"Bearer a+b/=")],
)
async def test_a_token_in_the_query_is_a_bearer_upstream(shim, upstream, query, sent):
    """Old programs put it there; it is not sent on in a query."""
    await ask(shim, f"{DAY}&{query}")
    assert {sent} == {value for seen in upstream.requests for value in seen.all(b"authorization")}
    assert [] == [seen.target for seen in upstream.requests if b"access_token" in seen.target]


async def test_the_header_counts_before_the_query(shim, upstream):
    """A request that carries both is the header's."""
    await ask(shim, f"{DAY}&access_token=query", b"Authorization: Bearer header")
    assert {b"Bearer header"} == {value for seen in upstream.requests for value in seen.all(b"authorization")}


@pytest.mark.parametrize("token", ["%00", "a%0d%0aX-Injected:%201", "%e2%82%ac", "%ff"])
async def test_a_token_no_header_can_carry_is_invalid(shim, upstream, token):
    """Nothing reaches upstream, least of all a header of the client's making."""
    answer = await ask(shim, f"{DAY}&access_token={token}")
    assert (401, []) == (answer.status, upstream.requests)


async def test_no_other_header_of_the_client_reaches_upstream(shim, upstream):
    """A translated call is the service's own: only the credential is the caller's."""
    headers = (b"Authorization: Bearer one", b"Cookie: a=b", b"X-Forwarded-For: 1.2.3.4", b"X-Marker: zzMARKzz")
    await ask(shim, DAY, *headers)
    assert [] == [seen.raw for seen in upstream.requests if b"zzMARKzz" in seen.raw or b"cookie" in seen.raw.lower()]


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        (DAY, (b"Authorization: Bearer " + SECRET.encode(),)),
        (f"{DAY}&access_token={SECRET}", ()),
        (f"{LIST}/{SECRET}?access_token={SECRET}", ()),
        (f"/v2/users/me?access_token={SECRET}", (b"Authorization: Bearer " + SECRET.encode(),)),
        (f"/nowhere/{SECRET}", ()),
        (f"{LIST}?next_page_token={SECRET}", (b"Authorization: Bearer " + SECRET.encode(),)),
        (DAY, (b"Authorization: Bearer " + SECRET.encode(), b"X-Request-Id: zz/" + SECRET.encode())),
    ],
)
async def test_a_credential_shows_in_no_answer_log_or_metric(shim, upstream, target, headers, capsys):
    """Neither when all is well nor when upstream's answer is broken."""
    answer = await ask(shim, target, *headers)
    told = answer.raw.decode() + shim.ops.meters.exposition().decode() + "".join(capsys.readouterr())
    assert ("request.answered" in told, SECRET in told) == (True, False)
