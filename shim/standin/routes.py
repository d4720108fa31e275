"""The table of paths Zoom answers here, and what each answers with.

It knows paths, categories and bodies; it refuses to know HTTP.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from multidict import MultiMapping

from adapters.ports import Category
from contracts.cases import list_body, record_body
from contracts.cases.worlds import Spoken
from contracts.successor.generations import ELEMENT_ID
from shim.standin.charges import charges_walk
from shim.standin.directory import LISTS, DirectoryList, directory_page, phone_user
from shim.standin.paging import Walk, Walks
from shim.standin.questions import matching, read_question
from shim.standin.refusals import no_such_history, no_such_history_detail
from shim.standin.world import Account

MOST_CALLS: Final = 300
ME: Final[Mapping[str, Any]] = {
    "id": "KdYKjnimT4KPd8FFgQt9FQ",
    "first_name": "Dana",
    "last_name": "Whitfield",
    "display_name": "Dana Whitfield",
    "email": "dana.whitfield@example.com",
    "type": 2,
    "role_name": "Owner",
    "timezone": "America/Los_Angeles",
    "account_id": "q6gBJVO5TzexKYTb_I2rpg",
    "status": "active",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as the table sees it; `key` is the id in the path, still percent-encoded."""

    account: Account
    query: MultiMapping[str]
    key: str
    walks: Walks
    now: datetime
    generation: Spoken
    hides_unrecorded: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """One path, the generations it exists in, and its answer."""

    name: str
    path: re.Pattern[str]
    category: Category
    answer: Callable[[Asked], Mapping[str, Any]]
    generations: frozenset[Spoken] = frozenset({"v2", "v3", "both"})


def find_route(path: str, generation: Spoken) -> tuple[Route, str] | None:
    """The route of a path below the API's base address, and the id in it; None when Zoom does not know it."""
    for route in ROUTES:
        found = route.path.fullmatch(path)
        if found and generation in route.generations:
            return route, found.groupdict().get("key", "")
    return None


def _list_call_history(asked: Asked) -> Mapping[str, Any]:
    owner = (asked.account, "call_history")

    def start() -> Walk:
        question = read_question(asked.query, asked.now)
        rows = matching(asked.account, question)
        if asked.hides_unrecorded and "recording_status" not in asked.query:
            rows = tuple(row for row in rows if row.get("recording_status") != "non_recorded")
        return Walk(owner, rows, question.window)

    page = asked.walks.page(asked.query, most=MOST_CALLS, owner=owner, start=start)
    return {
        "next_page_token": page.next_page_token,
        "page_count": page.page_count,
        "page_size": page.size,
        "total_records": page.total_records,
        **page.walk.window,
        **list_body(page.items, asked.generation),
    }


def _get_call_history(asked: Asked) -> Mapping[str, Any]:
    record = asked.account.record(asked.key)
    if record is None:
        raise no_such_history()
    return record_body(record, asked.generation)


def _get_call_element(asked: Asked) -> Mapping[str, Any]:
    element = asked.account.element(asked.key)
    if element is None:
        raise no_such_history()
    return element


def _get_call_history_detail(asked: Asked) -> Mapping[str, Any]:
    element = asked.account.element(asked.key)
    if element is None:
        raise no_such_history_detail(asked.key)
    older_names = {ELEMENT_ID.v3: ELEMENT_ID.v2, "call_history_uuid": "call_path_id"}
    return {older_names.get(name, name): value for name, value in element.items()}


def _list_call_charges(asked: Asked) -> Mapping[str, Any]:
    owner = (asked.account, "call_charges")
    page = asked.walks.page(
        asked.query,
        most=MOST_CALLS,
        owner=owner,
        start=lambda: charges_walk(asked.account, asked.query, asked.now, owner=owner),
    )
    return {
        "next_page_token": page.next_page_token,
        "page_size": page.size,
        "total_records": page.total_records,
        **page.walk.window,
        "call_charges": page.items,
    }


def _get_user(asked: Asked) -> Mapping[str, Any]:
    return phone_user(asked.key, asked.account)


def _list_directory(listing: DirectoryList, asked: Asked) -> Mapping[str, Any]:
    return directory_page(listing, account=asked.account, query=asked.query, walks=asked.walks)


def _get_me(_: Asked) -> Mapping[str, Any]:
    return ME


def _route(
    name: str,
    path: str,
    category: Category,
    answer: Callable[[Asked], Mapping[str, Any]],
    *generations: Spoken,
) -> Route:
    pattern = re.compile(re.escape(path).replace(r"\{key\}", "(?P<key>[^/]+)"))
    return Route(name, pattern, category, answer, frozenset(generations or ("v2", "v3", "both")))


ROUTES: Final = (
    _route("list_call_history", "/phone/call_history", Category.HEAVY, _list_call_history),
    _route("get_call_history", "/phone/call_history/{key}", Category.LIGHT, _get_call_history),
    _route("get_call_element", "/phone/call_element/{key}", Category.LIGHT, _get_call_element, "v3", "both"),
    _route(
        "get_call_history_detail",
        "/phone/call_history_detail/{key}",
        Category.LIGHT,
        _get_call_history_detail,
        "v2",
        "both",
    ),
    _route("list_call_charges", "/phone/reports/call_charges", Category.HEAVY, _list_call_charges),
    _route("get_user", "/phone/users/{key}", Category.LIGHT, _get_user),
    *(
        _route(f"list_{each.array}", f"/phone/{each.array}", Category.MEDIUM, partial(_list_directory, each))
        for each in LISTS
    ),
    _route("get_me", "/users/me", Category.LIGHT, _get_me),
)
