"""What the operator asks the process: is it alive, should it get requests, what has it counted, what is promised."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web

from adapters.charges import Charges
from adapters.credentials import AppToken
from adapters.directory import ExtensionDirectory
from adapters.ports import Identities
from contracts.codec import encode
from shim.answers import envelope, json_answer
from shim.meters import CONTENT_TYPE, Meters
from shim.pages import Page

PROBES: Final = frozenset({"/healthz", "/readyz"})


@dataclass(slots=True, kw_only=True)
class Ops:
    """The probes of both ports, metrics and pages of the ops port; nothing here asks upstream.

    `token` is None where every caller brings a credential. A state that replicas share is no reason to send requests
    elsewhere: the others have lost it too, and all answer without it.
    """

    identities: Identities
    directory: ExtensionDirectory
    charges: Charges
    meters: Meters
    pages: Mapping[str, Page]
    token: AppToken | None = None
    is_state_shared: bool = False
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
            return web.Response(body=self.meters.exposition(), headers={"Content-Type": CONTENT_TYPE})
        if (page := self.pages.get(path)) is not None:
            return page.answer(request)
        return await self.probe(request.method, path) or envelope(HTTPStatus.NOT_FOUND)

    async def _ready(self) -> web.Response:
        """503 with every reason while requests had better go elsewhere; what answers merely lack is told, no more."""
        if self.identities.trouble():
            await self.identities.pin("", ())  # tries the store again: no request would, once they go elsewhere
        reasons = tuple(self._reasons())
        body: dict[str, Any] = {"status": "; ".join(reasons) or "ready"}
        if self.is_state_shared and (trouble := self.identities.trouble()):
            body["state_degraded"] = trouble
            body["ids_waiting"] = self.identities.waiting()
        missing = sorted(self.directory.scopes_missing())
        if missing:
            body["directories_refused"] = missing
        if self.charges.scope_missing:
            body["charges_refused"] = True
        return _json(HTTPStatus.SERVICE_UNAVAILABLE if reasons else HTTPStatus.OK, body)

    def _reasons(self) -> Iterator[str]:
        if self.draining:
            yield "draining"
        if not self.is_state_shared and (trouble := self.identities.trouble()):
            yield trouble
        if self.token is not None and (word := self.token.trouble()):
            yield f"the app's token cannot be had: {word}"


def _alive() -> web.Response:
    return _json(HTTPStatus.OK, {"status": "alive"})


def _json(status: HTTPStatus, body: dict[str, Any]) -> web.Response:
    return json_answer(encode(body), status=status)
