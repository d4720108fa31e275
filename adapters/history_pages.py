"""Upstream's list of calls, page by page, as one walk asks for it: plain, in two halves, or by charged calls.

Knows filters, recording statuses and whose words an upstream refusal is told in; refuses to know rows of ours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from adapters.both_recordings import merged_page
from adapters.charged_pages import charged_page
from adapters.charges import ChargedCall
from adapters.errors import NO_HEADERS, UpstreamBroken
from adapters.filters import Filters, upstream_filters
from adapters.kept_pages import KeptPage
from adapters.operations.service import Service
from adapters.page_tokens import Position
from adapters.ports import Caller, SuccessorCall
from adapters.refusals import in_legacy_words
from adapters.successor_calls import call_history
from contracts.legacy.errors import ACCOUNT_CALL_LOGS, CALL_LOG_PAGE
from contracts.successor.generations import HISTORY_ROWS, generation_of
from contracts.successor.reading import HistoryPage, Unreadable, read_page


@dataclass(slots=True)
class HistoryPages:
    """The pages of one walk for one caller; `headers` are those of the last answer, worth passing on.

    `charged` are the calls a walk is confined to, newest first; None where it is not. A first page is never one
    kept by `keep`, as a page that a walk goes on with may be.
    """

    service: Service
    caller: Caller
    charged: Sequence[ChargedCall] | None = None
    is_background: bool = False
    headers: Mapping[str, str] = field(default_factory=lambda: NO_HEADERS)
    _last: dict[SuccessorCall, KeptPage] = field(default_factory=dict)
    _in_time: Caller = field(init=False)

    def __post_init__(self) -> None:
        self._in_time = replace(self.caller, deadline=self.caller.deadline - self.service.records.finishing)

    async def fetch(self, position: Position) -> HistoryPage:
        """The upstream page at a position.

        Raises what upstream's answer raises; a token upstream no longer takes is told as one of ours.
        """
        self._last.clear()
        asked = upstream_filters(position.filters)
        if self.charged is None:
            return await self._listed(position, asked, position.upstream_token)
        return await charged_page(position.upstream_token, self.charged, partial(self._of_calls, position, asked))

    def keep(self) -> None:
        """Keeps the page last fetched for whoever goes on with the walk within it."""
        for call, kept in self._last.items():
            self.service.kept_pages.keep(call, self.caller, kept)

    def ahead(self, caller: Caller) -> "HistoryPages":
        """The same pages for what is fetched in the background."""
        return HistoryPages(self.service, caller, self.charged, is_background=True)

    async def _of_calls(self, position: Position, asked: Filters, call_ids: Sequence[str], token: str) -> HistoryPage:
        return await self._listed(position, (*asked, *(("call_ids", call_id) for call_id in call_ids)), token)

    async def _listed(self, position: Position, asked: Filters, token: str) -> HistoryPage:
        if self.service.options.recording_status == "both":
            return await merged_page(token, partial(self._of_status, position, asked))
        return await self._page(position, asked, token)

    async def _of_status(self, position: Position, asked: Filters, status: str, token: str) -> HistoryPage:
        return await self._page(position, (*asked, ("recording_status", status)), token)

    async def _page(self, position: Position, asked: Filters, token: str) -> HistoryPage:
        window = (position.window_from, position.window_to)
        call = call_history(window=window, page_size=position.upstream_page_size, token=token, filters=asked)
        is_gone_on_with = bool(position.upstream_token or position.is_within)
        kept = self.service.kept_pages.get(call, self.caller) if is_gone_on_with else None
        if kept is None:
            kept = await self._asked(call, CALL_LOG_PAGE if token else ACCOUNT_CALL_LOGS)
        self._last[call] = kept
        self.headers = kept.headers
        self.caller = self._in_time  # whatever is asked after a first page must leave the time to write the answer
        return kept.page

    async def _asked(self, call: SuccessorCall, words: str) -> KeptPage:
        with in_legacy_words(words):
            reply = await self.service.zoom.fetch(replace(call, is_background=self.is_background), self.caller)
        try:
            reading = reply.read_once(read_page)
        except Unreadable as wrong:
            raise UpstreamBroken(str(wrong)) from wrong
        self.service.observer.answered_by(generation_of(reply.body, HISTORY_ROWS) or "")
        self.service.observer.unknown_met(reading.unknown)
        return self.service.kept_pages.arrived(reading.value, reply.headers)
