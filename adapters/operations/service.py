"""What an operation is given to work with."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from adapters.ahead import Ahead
from adapters.call_search import CallSearch
from adapters.charges import Charges
from adapters.kept_pages import KeptPages
from adapters.page_tokens import PageTokens
from adapters.ports import Identities, Observer, Zoom
from adapters.records import Records
from adapters.translation.options import Options


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The roles and choices behind every operation; `now` is the UTC time.

    `are_charges_told`: every row of the account list gets its charge, not only those asked for by it.
    """

    zoom: Zoom
    records: Records
    search: CallSearch
    charges: Charges
    identities: Identities
    page_tokens: PageTokens
    kept_pages: KeptPages
    ahead: Ahead
    observer: Observer
    options: Options
    fidelity: Literal["exact", "summary"]
    are_charges_told: bool
    now: Callable[[], datetime]
