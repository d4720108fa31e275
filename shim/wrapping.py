"""How anything is put around every role of `adapters.ports`, as the service is made."""

from typing import Protocol, TypeVar

Role = TypeVar("Role")


class Wrapping(Protocol):
    """Told each role's name in `adapters.ports` and who plays it; gives the one who plays it from then on."""

    def __call__(self, port: str, made: Role, /) -> Role:
        """`made`, or something of the same port around it."""


def as_made(_port: str, made: Role, /) -> Role:
    """Nothing around."""
    return made
