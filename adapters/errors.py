"""The closed family of failures that adapters raise; the boundary in `shim` turns each into the legacy envelope.

Nothing here keeps a foreign exception's text: aiohttp's carry bearers and query strings.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Self

from contracts.legacy.errors import INVALID_TOKEN, LegacyError

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class ShimError(Exception):
    """Every failure named by this service."""

    def anew(self) -> Self:
        """The same failure for another who waited for it; raised by several, one traceback would grow with each."""
        twin = type(self).__new__(type(self), *self.args)
        twin.__dict__.update(self.__dict__)
        return twin


class LegacyRefusal(ShimError):
    """A no in v1's own words, a row of the legacy error table; `headers` are upstream's when it was upstream's no."""

    def __init__(self, status: int, code: int, message: str, *, headers: Mapping[str, str] = NO_HEADERS) -> None:
        super().__init__(f"{status}/{code}")
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers

    @classmethod
    def of(cls, error: LegacyError, *, headers: Mapping[str, str] = NO_HEADERS) -> Self:
        """The refusal a row of the error table describes."""
        return cls(error.status, error.code, error.message, headers=headers)


class UpstreamRefused(ShimError):
    """Upstream answered with an error status.

    `code` and `message` are its envelope, or None and "" when the body was no envelope. `headers` holds only
    the tracking id and the rate-limit headers.
    """

    def __init__(self, status: int, code: int | None, message: str, *, headers: Mapping[str, str] = NO_HEADERS) -> None:
        super().__init__(f"{status}/{code}")
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers

    @property
    def is_of_credential(self) -> bool:
        """Whether Zoom takes the token no longer: any 401, or code 124, which it also sends with 400 (semantics 7)."""
        return self.status == 401 or (self.status, self.code) == (400, INVALID_TOKEN.code)


class UpstreamHeldBack(UpstreamRefused):
    """A call that was not sent, or not again, because too few of the others succeed: nothing is said of this one.

    Status and envelope are those of the failure that was not repeated, a bare 503 for a call that was not sent.
    """


class UpstreamBroken(ShimError):
    """Upstream could not be reached, cut its answer short, sent no JSON object or too much of it: a 502."""


class PagesInCircle(UpstreamBroken):
    """Upstream's pages lead back to one gone through already, and rows it promised were on none of them."""


class UpstreamSlow(ShimError):
    """The request's deadline passed while upstream was being waited for: a 504."""


class SearchUnfinished(ShimError):
    """The deadline passed while a call was still being looked for: a 503 that asks to come again, when the search goes
    on where it stopped. A 404 would make a program forget a call that is there.
    """


class OwnCredentialFailed(ShimError):
    """The credential of this service itself was refused or cannot be had: a 503, never a 401 that clients would
    answer by fetching new tokens for ever.
    """
