"""The readable contract on the ops port: what is served, under which rules, and that nothing else is."""

import hashlib
import json
import re
from collections.abc import AsyncIterator
from importlib import resources
from typing import Any

import pytest

from contracts.openapi import text
from shim.pages import POLICY, load_pages
from tests.edge.envelope import assert_envelope
from tests.edge.raw import Message, exchange, request
from tests.service.running import Asking, service
from tests.service.test_probes import free_port
from tests.service.worlds import plain

FOLDER = resources.files("shim.pages")
VENDORED = FOLDER / "swagger"
MANIFEST = json.loads((VENDORED / "manifest.json").read_text())
HTML = (FOLDER / "contract.html").read_text()
PATHS = sorted(load_pages())
TYPES = {
    "/docs": b"text/html; charset=utf-8",
    "/docs/": b"text/html; charset=utf-8",
    "/docs/contract.js": b"text/javascript; charset=utf-8",
    "/docs/swagger-ui-bundle.js": b"text/javascript; charset=utf-8",
    "/docs/swagger-ui.css": b"text/css; charset=utf-8",
    "/openapi.json": b"application/json;charset=UTF-8",
}
each_path = pytest.mark.parametrize("path", PATHS)


@pytest.fixture
async def asking() -> AsyncIterator[Asking]:
    """The service with an ops port."""
    async with service(plain(1), settings={"SHIM_OPS_PORT": free_port()}) as running:
        yield running


async def ask(asking: Asking, target: str, *headers: bytes, method: bytes = b"GET") -> Message:
    """One request to the ops port."""
    assert asking.shim.ops_server is not None
    port = asking.shim.ops_server.addresses[0][1]
    return await exchange(port, request(target.encode(), *headers, method=method), to_head=method == b"HEAD")


# What is served


@each_path
async def test_each_page_is_served_whole_with_its_type(asking: Asking, path: str) -> None:
    """The bytes of the package under the type a browser insists on; a query changes nothing."""
    answers = [await ask(asking, target) for target in (path, f"{path}?x=1")]
    assert [200, 200] == [answer.status for answer in answers]
    assert [load_pages()[path].body] * 2 == [answer.body for answer in answers]
    assert [TYPES[path]] == answers[0].all(b"content-type")
    assert [] == asking.zoom.calls


@each_path
async def test_a_browser_may_ask_nobody_else(asking: Asking, path: str) -> None:
    """Every page forbids other hosts, inline code, framing and guessed types."""
    answer = await ask(asking, path)
    assert [POLICY.encode()] == answer.all(b"content-security-policy")
    assert [b"nosniff"] == answer.all(b"x-content-type-options")
    assert [b"no-referrer"] == answer.all(b"referrer-policy")
    assert "default-src 'none'" in POLICY
    assert [] == [word for word in ("unsafe", "*", "http") if word in POLICY]


async def test_the_document_is_the_generated_one(asking: Asking) -> None:
    """`/openapi.json` is what the code says of itself."""
    assert text().encode() == (await ask(asking, "/openapi.json")).body


@each_path
async def test_head_tells_the_same_without_the_body(asking: Asking, path: str) -> None:
    """Status, type, length and tag are those of GET."""
    got, told = await ask(asking, path), await ask(asking, path, method=b"HEAD")
    names = (b"content-type", b"content-length", b"etag", b"cache-control", b"content-security-policy")
    assert (200, b"") == (told.status, told.body)
    assert [got.all(name) for name in names] == [told.all(name) for name in names]
    assert [b"%d" % len(got.body)] == told.all(b"content-length")


@each_path
@pytest.mark.parametrize("method", [b"POST", b"PUT", b"DELETE", b"OPTIONS"])
async def test_pages_are_only_read(asking: Asking, path: str, method: bytes) -> None:
    """Any other method is a 405 in the envelope that names the two."""
    answer = await ask(asking, path, method=method)
    assert_envelope(405, "Method Not Allowed", answer)
    assert [b"GET, HEAD"] == answer.all(b"allow")


@each_path
async def test_a_copy_is_good_until_the_file_changes(asking: Asking, path: str) -> None:
    """A browser asks each time, and gets the file only when its copy is another."""
    first = await ask(asking, path)
    [tag] = first.all(b"etag")
    tags = (tag, b"W/" + tag, b'"other", ' + tag, b"*", b'"other"', b"not a tag")
    answers = [await ask(asking, path, b"If-None-Match: " + known) for known in tags]
    assert [304, 304, 304, 304, 200, 200] == [answer.status for answer in answers]
    assert [b"no-cache"] == first.all(b"cache-control") == answers[0].all(b"cache-control")
    assert ([tag], b"") == (answers[0].all(b"etag"), answers[0].body)


# What is not


@pytest.mark.parametrize(
    "target",
    [
        "/docs/manifest.json",
        "/docs/LICENSE",
        "/docs/contract.html",
        "/docs/swagger/swagger-ui.css",
        "/docs/swagger-ui.css/",
        "/docs/swagger-ui.css.map",
        "/docs/../openapi.json",
        "/docs/%2e%2e/openapi.json",
        "/docs/..%2f..%2f..%2fetc%2fpasswd",
        "/docs/__init__.py",
        "/docs//swagger-ui.css",
        "//docs",
        "/docs%2F",
        "/docs%00",
        "/DOCS",
        "/openapi.json/",
        "/openapi.yaml",
        "/favicon.ico",
    ],
)
async def test_nothing_beside_the_table_is_readable(asking: Asking, target: str) -> None:
    """Exact paths alone: neither another file, nor another spelling."""
    answer = await ask(asking, target)
    assert answer.status in {400, 404}
    assert answer.status == json.loads(answer.body)["code"]


@each_path
async def test_the_main_port_has_no_pages(asking: Asking, path: str) -> None:
    """Who can reach the port for clients reads nothing about it."""
    answer = await exchange(asking.shim.server.addresses[0][1], request(path.encode()))
    assert_envelope(404, "Not Found", answer)
    assert [] == asking.zoom.calls


# The files


def test_the_vendored_files_are_the_recorded_ones() -> None:
    """Each has the checksum the manifest keeps of the release, and no other file lies beside them."""
    found = {
        file.name: "sha256:" + hashlib.sha256(file.read_bytes()).hexdigest()
        for file in VENDORED.iterdir()
        if file.name != "manifest.json"
    }
    assert MANIFEST["files"] == found
    assert ("swagger-ui-dist", "Apache-2.0") == (MANIFEST["package"], MANIFEST["license"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", MANIFEST["version"])


def test_the_page_needs_what_is_served_and_no_more() -> None:
    """Everything it names is in the table, everything in the table is named."""
    named = {path for path in re.findall(r'(?:src|href)="([^"]+)"', HTML) if path != "data:,"}
    script = (FOLDER / "contract.js").read_text()
    assert set(PATHS) - {"/docs", "/docs/"} == named
    assert 'url: "/openapi.json"' in script


def test_nothing_in_the_page_is_inline() -> None:
    """The policy would stop it: no code between script tags, no style, no handler, no other host."""
    assert [""] * 2 == re.findall(r"<script[^>]*>(.*?)</script>", HTML, re.DOTALL)
    assert [] == re.findall(r"<style|\sstyle=|\son\w+=|https?:|//\w", HTML)


@pytest.mark.parametrize("option", ["supportedSubmitMethods: []", "validatorUrl: null", "authorizeBtn: () => nothing"])
def test_the_page_sends_nothing(option: str) -> None:
    """No request can be tried, no validator is asked, no credential can be entered."""
    assert option in (FOLDER / "contract.js").read_text()


def test_the_pages_cannot_be_changed() -> None:
    """The table is read only: what is served is what was loaded."""
    pages: Any = load_pages()
    with pytest.raises(TypeError):
        pages["/docs/other"] = pages["/docs"]
