"""Zoom's ways of saying no, each with the status, code and text it is known by.

It refuses to know when they are said. Source: semantics 7.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any


class Refusal(Exception):
    """Zoom answers with an error status and its envelope."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(f"{status}/{code}")
        self.status = status
        self.body: Mapping[str, Any] = {"code": code, "message": message}


class GrantRefusal(Refusal):
    """The token endpoint says no, which it words by itself."""

    def __init__(self, error: str, reason: str) -> None:
        super().__init__(400, 400, reason)
        self.body = {"reason": reason, "error": error}


def invalid_token() -> Refusal:
    """The bearer is missing or nobody's."""
    return Refusal(401, 124, "Invalid access token.")


def expired_token() -> Refusal:
    """The bearer was good once."""
    return Refusal(401, 124, "Access token is expired.")


def no_such_client() -> Refusal:
    """The app's id or secret is wrong."""
    return GrantRefusal("invalid_client", "Invalid client_id or client_secret")


def no_such_grant() -> Refusal:
    """The token endpoint knows no such way to a token."""
    return GrantRefusal("unsupported_grant_type", "unsupported grant type")


def wrong_account() -> Refusal:
    """The app is not this account's."""
    return GrantRefusal("invalid_request", "Bad Request")


def missing_scopes(scopes: Sequence[str]) -> Refusal:
    """The bearer may not ask for this."""
    return Refusal(400, 4711, f"Invalid access token, does not contain scopes:[{', '.join(scopes)}].")


def validation_failed() -> Refusal:
    """A parameter makes no sense."""
    return Refusal(400, 300, "Validation Failed.")


def invalid_page_token() -> Refusal:
    """The page token was never given out, has run out, or belongs to another list."""
    return Refusal(400, 300, "The next page token is invalid or expired.")


def no_such_history() -> Refusal:
    """No call has this history uuid, or no element this id."""
    return Refusal(404, 404, "Call history does not exist.")


def no_such_history_detail(key: str) -> Refusal:
    """No leg has this id, as v2 says it."""
    return Refusal(404, 301, f"Call history does not exist for call log Id: {key}.")


def no_such_user(key: str) -> Refusal:
    """No user has this id or address."""
    return Refusal(404, 1001, f"User does not exist: {key}.")


def no_such_endpoint() -> Refusal:
    """The path means nothing to Zoom."""
    return Refusal(404, 2300, "This API endpoint is not recognized.")


def too_fast() -> Refusal:
    """More calls in a second than the category allows."""
    message = "You have reached the maximum per-second rate limit for this API. Try again later."
    return Refusal(429, 429, message)


def of_status(status: int) -> Mapping[str, Any]:
    """The envelope Zoom most plausibly sends with `status`, for a fault that brings no body."""
    known = {401: invalid_token, 429: too_fast}.get(status)
    return known().body if known else {"code": status, "message": HTTPStatus(status).phrase}
