"""Judges of single texts: host, web address, identifier. `ValueError`s that never quote the text."""

import re
from ipaddress import ip_address
from urllib.parse import urlsplit, urlunsplit

_LABEL = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)", re.ASCII)


def host(text: str) -> str:
    """An IP address or a host name, as it was given."""
    try:
        ip_address(text)
    except ValueError:
        labels = text.split(".")
        if labels[-1].isdecimal() or not all(map(_LABEL.fullmatch, labels)):
            raise ValueError("is neither an IP address nor a host name") from None
    return text


def web_address(text: str) -> str:
    """An http or https address without credentials, query, fragment or trailing slash; its path is kept."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise ValueError("is no web address") from None
    if not text.isascii() or not text.isprintable() or " " in text or "\\" in text:
        raise ValueError("holds blanks, backslashes or letters outside ASCII")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("is no http or https address with a host")
    if "@" in parts.netloc:
        raise ValueError("carries credentials")
    if "?" in text or "#" in text:
        raise ValueError("carries a query or a fragment")
    return urlunsplit(parts).rstrip("/")


def identifier(text: str) -> str:
    """A text that fits a header and a form: visible ASCII, and no colon, which parts the halves of Basic."""
    if not is_visible(text) or ":" in text:
        raise ValueError("holds blanks, colons or letters outside ASCII")
    return text


def is_visible(text: str) -> bool:
    """Whether every character is visible ASCII, and there is one."""
    return text.isascii() and text.isprintable() and bool(text) and " " not in text
