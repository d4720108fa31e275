"""The directory's lists and the look-up of one user.

It knows the page sizes and which list does not say its total. Source: semantics 2 (object ids).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from shim.standin.paging import Walk, Walks
from shim.standin.refusals import no_such_user
from shim.standin.world import Account


@dataclass(frozen=True, slots=True)
class DirectoryList:
    """One list: its path below `/phone/` is its array's name; `most` is the largest page."""

    array: str
    most: int
    says_total: bool = True


LISTS: Final = (
    DirectoryList("users", 100),
    DirectoryList("call_queues", 100),
    DirectoryList("auto_receptionists", 100),
    DirectoryList("shared_line_groups", 300),
    DirectoryList("common_areas", 100, says_total=False),
    DirectoryList("rooms", 100),
    DirectoryList("sites", 300),
)


def directory_page(
    listing: DirectoryList, *, account: Account, query: Mapping[str, str], walks: Walks
) -> dict[str, Any]:
    """One page of a directory list."""
    owner = (account, listing.array)
    page = walks.page(
        query,
        most=listing.most,
        owner=owner,
        start=lambda: Walk(owner, tuple(account.listed(listing.array)), {}),
    )
    total = {"total_records": page.total_records} if listing.says_total else {}
    return {"next_page_token": page.next_page_token, "page_size": page.size, **total, listing.array: page.items}


def phone_user(key: str, account: Account) -> dict[str, Any]:
    """The user with this id or e-mail address (percent-encoded as in a path)."""
    wanted = unquote(key)
    for user in account.listed("users"):
        if wanted in (user.get("id"), user.get("email")):
            return user
    raise no_such_user(wanted)
