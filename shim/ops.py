"""What the operator asks the process: is it alive, should it get requests, what has it counted, what is promised."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web

from adapters.charges import Charges
from adapters.directory import ExtensionDirectory
from adapters.ports import Identities
from contracts.codec import encode
from shim.answers import envelope, json_answer
from shim.pages import Page
from shim.telemetry import Telemetry

PROBES: Final = frozenset({"/healthz", "/readyz"})


@dataclass(slots=True, kw_only=True)
class Ops:
    """The probes of both ports, metrics and pages of the ops port; nothing here asks upstream."""

    identities: Identities
    directory: ExtensionDirectory
    charges: Charges
    telemetry: Telemetry
    pages: Mapping[str, Page]
    draining: bool = False

    async def probe(self, method: str, path: str) -> web.Response | None:
        """The answer to `/healthz` or `/readyz`; None for any other request."""
        if path not in PROBES or method not in ("GET", "HEAD"):
            return None
        return _alive() if path == "/healthz" else await self._ready()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """The handler of the ops port."""
        path = request.raw_path.partition("?")[0]
        if path == "/metrics" and request.method in ("GET", "HEAD"):
            return web.Response(
                body=self.telemetry.exposition(),
                headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"},
            )
        if (page := self.pages.get(path)) is not None:
            return page.answer(request)
        return await self.probe(request.method, path) or envelope(HTTPStatus.NOT_FOUND)

    async def _ready(self) -> web.Response:
        """503 while draining and while the state is degraded; missing scopes are told, no more."""
        if self.identities.trouble():
            await self.identities.pin("", ())  # tries the store again: no request would, once they go elsewhere
        trouble = "draining" if self.draining else self.identities.trouble()
        body: dict[str, Any] = {"status": trouble or "ready"}
        missing = sorted(self.directory.scopes_missing())
        if missing:
            body["directories_refused"] = missing
        if self.charges.scope_missing:
            body["charges_refused"] = True
        return _json(HTTPStatus.SERVICE_UNAVAILABLE if trouble else HTTPStatus.OK, body)


def _alive() -> web.Response:
    return _json(HTTPStatus.OK, {"status": "alive"})


def _json(status: HTTPStatus, body: dict[str, Any]) -> web.Response:
    return json_answer(encode(body), status=status)
