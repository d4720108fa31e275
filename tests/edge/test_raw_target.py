"""Which targets are refused before anything is matched or forwarded."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shim.raw_target import refusal_status


@pytest.mark.parametrize(
    "target",
    [
        "/v2/phone/call_logs",
        "/v2/phone/call_logs?from=2026-03-01&to=",
        "/v2/x?",
        "/v2/meetings/%252Fab%253D%253D",
        "/v2/a%2fb%zz;c='\"",
        "/v2/a;../b",
        "/v2/files/report.v2..pdf",
        "/v2/.../x",
        "/v2/a%5cb",
        "/v2/x?next=%2e%2e/%00&y=../..",
        "/v2/a//b",
        "/",
    ],
)
def test_leaves_every_plain_target(target):
    """A target that no server reads as climbing is left alone, however odd its bytes."""
    assert refusal_status(target) is None


@pytest.mark.parametrize(
    "target",
    [
        "",
        "*",
        "v2/x",
        "http://evil.example/v2/x",
        "evil.example:443",
        "@evil.example/v2/x",
        "/v2/../x",
        "/v2/./x",
        "/v2/..",
        "/v2/%2e%2e/oauth",
        "/v2/%2E./oauth",
        "/v2/.%2e?x",
        "/v2/a%2F..%2foauth",
        "/v2/a%5c..%5Coauth",
        "/v2/..;x=1/oauth",
        "/v2/a\\b",
        "/v2/a?b\\c",
        "/v2/a%00",
        "/v2/a%0d%0aX:y",
        "/v2/a%7f",
        "/v2/a\x00",
        "/v2/a\tb",
        "/v2/a b",
        "/v2/a\x7f",
        "/v2/a#b",
        "/v2/caf\u00e9",
        "/v2/a\udce9",
    ],
)
def test_refuses_what_some_server_would_read_otherwise(target):
    """Other forms of target, dot segments in any spelling, controls, backslashes and non-ASCII bytes are 400."""
    assert refusal_status(target) == 400


def test_two_slashes_lead_nowhere():
    """A target that could be read as a host is not found."""
    assert refusal_status("//evil.example/v2/x") == 404


@settings(max_examples=200)
@given(st.lists(st.sampled_from(["a", "%2e", ".", "%2F", ";", "%5c", "%25", "="]), max_size=6).map("".join))
def test_no_accepted_segment_climbs(segment):
    """Once slashes and dots are decoded, an accepted path holds no segment of one or two dots."""
    decoded = segment.lower().replace("%2e", ".").replace("%2f", "/").replace("%5c", "/")
    climbs = any(part.partition(";")[0] in {".", ".."} for part in decoded.split("/"))
    assert (400 if climbs else None) == refusal_status(f"/v2/x/{segment}")
