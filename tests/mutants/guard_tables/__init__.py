"""The guards that are switched off one by one, with the test that must notice: one file for each side they stand on.

They stand between the service and what upstreams, clients and the machine do to it. A guard that no behaviour can show
(a comparison in constant time) is none of them.
"""

from typing import Final

from tests.mutants.guard import Guard
from tests.mutants.guard_tables import clients, rows, server, shared, upstream

GUARDS: Final[tuple[Guard, ...]] = (
    *upstream.GUARDS,
    *shared.GUARDS,
    *rows.GUARDS,
    *server.GUARDS,
    *clients.GUARDS,
)
