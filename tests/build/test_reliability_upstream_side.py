"""What outages, tenants and walks are judged by: each judge is shown something it must object to."""

from dataclasses import replace

import pytest

from tests.reliability.families.outage import first_well
from tests.reliability.figures import most_within
from tests.reliability.history import Truth
from tests.reliability.marked_worlds import tenants
from tests.reliability.open_loop import Sample
from tests.reliability.worlds import company
from tests.reliability.zoom_answers import Request, ZoomAnswers


@pytest.mark.parametrize(("moments", "most"), [([], 0), ([0.0, 1.0, 2.0], 1), ([0.0, 0.4, 0.9, 1.3, 5.0], 3)])
def test_the_most_within_a_second_may_begin_anywhere(moments, most):
    """And a moment a whole second later is no longer within it."""
    assert most == most_within(moments)


def sampled(*bad: int) -> list[Sample]:
    """Ten requests a second for three seconds since the moment 100; those of these numbers failed."""
    return [Sample("detail", 100 + number / 10, 0.0, 503 if number in bad else 200) for number in range(31)]


@pytest.mark.parametrize(("bad", "seconds"), [((), 0.0), ((0, 1), 0.1), ((0, 9), 0.9), ((0, 5, 12), 1.2)])
def test_recovery_is_the_start_of_a_whole_second_without_an_error(bad, seconds):
    """Errors less than a second apart leave none between them."""
    assert seconds == pytest.approx(first_well(sampled(*bad), 100.0) - 100)


def test_no_recovery_is_no_number():
    """So that no bound is met by it."""
    seconds = first_well(sampled(*range(0, 31, 5)), 100.0)
    assert seconds != seconds


def test_a_tenant_is_told_from_another_by_words_and_by_ids():
    """Its own world holds nothing foreign; every answer about a stranger's call does, and one without its words."""
    whole, part, stranger = tenants(7, 12)
    assert [False] * 3 == [each.is_foreign(_about(each.world, 0)) for each in (whole, part, stranger)]
    assert [True] * 2 == [each.is_foreign(_about(stranger.world, 0)) for each in (whole, part)]
    assert stranger.is_foreign(_about(part.world, 0))
    bare = replace(stranger, foreign_marks=())
    assert bare.is_foreign(_about(whole.world, 0))
    assert [False, True] == [each.is_foreign(b"a name zzALONEzz") for each in (whole, part)]


def _about(world, number):
    uuid = world.call_history[number]["call_history_uuid"]
    return ZoomAnswers(world)(Request(0.0, "GET", f"/v2/phone/call_history/{uuid}", {"authorization": "Bearer x"})).body


def test_the_checker_objects_to_every_kind_of_wrong_walk():
    """A row lost, doubled, out of order, altered or of nobody; and to none that is right."""
    truth = Truth(company(7, 20))
    rows = [{**slot.exact, "id": slot.v1_id} for slot in truth.slots]
    assert truth.check(rows).is_clean
    wrong = {
        "lost": rows[1:],
        "doubled": [*rows, rows[-1]],
        "reordered": [rows[1], rows[0], *rows[2:]],
        "altered": [{**rows[0], "duration": -1}, *rows[1:]],
        "foreign": [{**rows[0], "id": "00000000-0000-0000-0000-000000000000"}, *rows[1:]],
    }
    assert all(getattr(truth.check(walked), kind) for kind, walked in wrong.items())
