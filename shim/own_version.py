"""Which version of this service runs."""

from importlib.metadata import version
from typing import Final

PACKAGE: Final = "zoom-call-log-shim"


def own_version() -> str:
    """The installed package's version."""
    return version(PACKAGE)
