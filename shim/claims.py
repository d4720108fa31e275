"""The account a bearer says it is of: unverified, so good for sharing out a rate budget and for nothing else.

Whoever lies about it shares the budget of another account's callers here; Zoom judges the bearer all the same.
"""

import base64
from typing import Final

from contracts.codec import NotJson, decode

LONGEST: Final = 4096
"""Characters of the longest claims looked at; Zoom's have some 400."""
ACCOUNT: Final = "aid"
"""The claim of Zoom's access tokens that names the account; seen in them, documented nowhere."""


def account_claimed(bearer: str) -> str | None:
    """The account in the claims of a JSON web token; None for any other text."""
    parts = bearer.split(".")
    if len(parts) != 3 or not 0 < len(parts[1]) <= LONGEST or not parts[1].isascii():
        return None
    try:
        claims = decode(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (NotJson, ValueError):
        return None
    account = claims.get(ACCOUNT) if isinstance(claims, dict) else None
    return account if isinstance(account, str) and account else None
