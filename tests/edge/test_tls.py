"""The listener over TLS, with a certificate made for the test."""

import datetime
import ipaddress
import ssl
from contextlib import AsyncExitStack

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from shim.connection import Limits
from shim.listener import tls_context
from tests.edge.raw import RawClient, until

ASK = b"GET /v2/a HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """The files of a certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "shim.example.com")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
async def port(serve, pair):
    """A TLS port that answers hello; its handshakes may take a tenth of a second."""

    async def hello(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text="hello")

    server = await serve(hello, Limits(handshake_timeout=0.1), ssl_context=tls_context(*pair))
    return server.addresses[0][1]


async def test_serves_https(port, pair):
    """A client that trusts the certificate is answered over TLS 1.2 or newer."""
    async with await RawClient.connect(port, ssl.create_default_context(cafile=pair[0])) as client:
        assert b"hello" == (await client.ask(ASK)).body


async def test_refuses_old_versions(port, pair):
    """A client that knows TLS 1.1 at most gets no connection."""
    old = ssl.create_default_context(cafile=pair[0])
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await RawClient.connect(port, old)
    assert ssl.TLSVersion.TLSv1_2 == tls_context(*pair).minimum_version  # OpenSSL may refuse them by itself


@pytest.mark.parametrize("sent", [ASK, b"", b"\x16\x03\x01"], ids=["plain text", "silence", "half a handshake"])
async def test_what_never_becomes_tls_is_closed(port, sent):
    """Plain text, silence and a stalled handshake end without an answer in plain text."""
    async with await RawClient.connect(port) as client:
        await client.send(sent)
        assert b"HTTP" not in await client.rest()


def test_files_that_are_no_pair_are_an_error(pair):
    """A key in the certificate's place is an `OSError`, which the caller reports."""
    with pytest.raises(OSError, match="SSL"):
        tls_context(pair[1], pair[0])


async def test_silent_clients_count_before_their_handshake(serve, pair):
    """Beyond the cap they are closed at once; when the silent ones have gone, a client is served."""
    refused: list[str] = []

    async def hello(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text="hello")

    server = await serve(hello, Limits(connections=5), ssl_context=tls_context(*pair), on_refusal=refused.append)
    port = server.addresses[0][1]
    trusting = ssl.create_default_context(cafile=pair[0])
    async with AsyncExitStack() as stack:
        silent = [await stack.enter_async_context(await RawClient.connect(port)) for _ in range(20)]
        await until(lambda: len(refused) == 15)
        assert [b""] * 15 == [await client.rest() for client in silent[5:]]
    for _ in range(10):  # each gives its place free again
        async with await RawClient.connect(port, trusting) as client:
            assert b"hello" == (await client.ask(ASK)).body
        await until(lambda: server.connections == 0)
    assert ["connection"] * 15 == refused


@pytest.mark.parametrize("sent", [ASK, b""], ids=["plain text", "silence"])
async def test_a_failed_handshake_gives_its_place_free(serve, pair, sent):
    """Closed by the server itself, with its only place taken till then."""

    async def hello(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text="hello")

    limits = Limits(connections=1, handshake_timeout=0.2)
    port = (await serve(hello, limits, ssl_context=tls_context(*pair))).addresses[0][1]
    async with await RawClient.connect(port) as client:
        await client.send(sent)
        assert b"HTTP" not in await client.rest()
        async with await RawClient.connect(port, ssl.create_default_context(cafile=pair[0])) as other:
            assert b"hello" == (await other.ask(ASK)).body
