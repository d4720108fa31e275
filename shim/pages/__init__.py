"""The readable contract as the ops port serves it: each file read once, each under one exact path.

Knows the table of paths and the headers that keep a browser from asking anybody else. No path of a request ever
becomes the name of a file.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from importlib import resources
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Final

from aiohttp import ETag, hdrs, web

from shim.answers import JSON_TYPE, envelope

POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""Nothing from elsewhere, nothing inline, nothing sent anywhere."""

HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    hdrs.CACHE_CONTROL: "no-cache",  # kept, and asked for anew by its tag: an upgrade shows at once
}
HTML: Final = "text/html; charset=utf-8"
SCRIPT: Final = "text/javascript; charset=utf-8"
STYLE: Final = "text/css; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Page:
    """One file in memory: its type, its bytes, and the tag that says whether a browser's copy is good."""

    content_type: str
    body: bytes
    tag: str

    def answer(self, request: web.BaseRequest) -> web.Response:
        """The file, or that the copy is good; GET and HEAD alone."""
        if request.method not in (hdrs.METH_GET, hdrs.METH_HEAD):
            refused = envelope(HTTPStatus.METHOD_NOT_ALLOWED)
            refused.headers[hdrs.ALLOW] = "GET, HEAD"
            return refused
        if any(known.value in (self.tag, "*") for known in request.if_none_match or ()):
            answer = web.Response(status=HTTPStatus.NOT_MODIFIED, headers=HEADERS)
        else:
            answer = web.Response(body=self.body, headers={**HEADERS, hdrs.CONTENT_TYPE: self.content_type})
        answer.etag = ETag(self.tag)
        return answer


def load_pages() -> Mapping[str, Page]:
    """Every page by its exact path."""
    ours, contracts = resources.files(__name__), resources.files("contracts")
    page = _page(ours / "contract.html", HTML)
    return MappingProxyType(
        {
            "/docs": page,
            "/docs/": page,
            "/docs/contract.js": _page(ours / "contract.js", SCRIPT),
            "/docs/swagger-ui-bundle.js": _page(ours / "swagger" / "swagger-ui-bundle.js", SCRIPT),
            "/docs/swagger-ui.css": _page(ours / "swagger" / "swagger-ui.css", STYLE),
            "/openapi.json": _page(contracts / "openapi.json", JSON_TYPE),
        }
    )


def _page(file: Traversable, content_type: str) -> Page:
    body = file.read_bytes()
    return Page(content_type, body, hashlib.sha256(body).hexdigest())
