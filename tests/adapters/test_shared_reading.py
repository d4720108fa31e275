"""An answer that many were given is read once, and one that cannot be read fails for each of them."""

from collections.abc import Mapping
from typing import Any

import pytest

from adapters.ports import SuccessorReply
from contracts.successor.reading import Unreadable, read_page, read_record


def test_what_is_made_of_an_answer_is_made_once():
    """By each reader apart."""
    reply = SuccessorReply({"call_history_uuid": "u", "call_history": []}, {})
    assert reply.read_once(read_page) is reply.read_once(read_page)
    assert "u" == reply.read_once(read_record).value.call_history_uuid


def test_an_answer_that_cannot_be_read_raises_each_time():
    """No failure is kept."""
    times: list[object] = []

    def failing(body: Mapping[str, Any]) -> None:
        times.append(body)
        raise Unreadable("no page")

    reply = SuccessorReply({}, {})
    for _ in range(2):
        with pytest.raises(Unreadable):
            reply.read_once(failing)
    assert 2 == len(times)


def test_answers_are_compared_by_what_they_say():
    """Whatever has been made of them; and it shows in no repr."""
    one, other = SuccessorReply({"call_history": []}, {}), SuccessorReply({"call_history": []}, {})
    one.read_once(read_page)
    assert (one, repr(one)) == (other, repr(other))
