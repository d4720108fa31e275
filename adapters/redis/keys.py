"""How keys in Redis tell one account or lane from another without naming it: a hash of it.

Refuses to know which keys there are.
"""

import hashlib


def hashed(name: str) -> str:
    """What stands in a key for an account, a lane or a credential, whatever characters its name has."""
    return hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:32]
