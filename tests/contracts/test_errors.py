"""The table of v1's errors: which upstream errors have words of their own, decided by status and code."""

import pytest

from contracts.legacy.errors import (
    ACCOUNT_CALL_LOGS,
    CALL_LOG_DETAILS,
    CALL_LOG_MISSING,
    CALL_LOG_PAGE,
    PAGE_TOKEN_INVALID,
    TRANSLATIONS,
    VALIDATION_FAILED,
    legacy_error,
    standard_phrase,
)


@pytest.mark.parametrize(
    ("asked", "status", "code", "expected"),
    [
        (ACCOUNT_CALL_LOGS, 400, 301, VALIDATION_FAILED),
        (ACCOUNT_CALL_LOGS, 400, 300, None),
        (ACCOUNT_CALL_LOGS, 404, 301, None),
        (CALL_LOG_PAGE, 400, 300, PAGE_TOKEN_INVALID),
        (CALL_LOG_PAGE, 400, 301, PAGE_TOKEN_INVALID),
        (CALL_LOG_PAGE, 400, None, None),
        (CALL_LOG_DETAILS, 404, 404, CALL_LOG_MISSING),
        (CALL_LOG_DETAILS, 404, None, CALL_LOG_MISSING),
        (CALL_LOG_DETAILS, 400, 404, None),
    ],
)
def test_an_upstream_error_becomes_v1s_own_by_status_and_code(asked, status, code, expected):
    """Anything else has no words of its own and is relayed."""
    assert expected == legacy_error(asked, status, code)


def test_every_row_can_be_met():
    """No row stands behind another that takes all it would."""
    for row in TRANSLATIONS:
        assert row.becomes == legacy_error(row.asked, row.status, row.code)


@pytest.mark.parametrize(("status", "phrase"), [(404, "Not Found"), (429, "Too Many Requests"), (599, "Unknown Error")])
def test_a_status_has_its_standard_phrase(status, phrase):
    """Never the one of the wire."""
    assert phrase == standard_phrase(status)
