"""What numbers tell by themselves."""

import pytest

from adapters.numbers import calling_codes, places_by_prefix


@pytest.mark.parametrize(("region", "code"), [("US", "1"), ("CA", "1"), ("GB", "44"), ("DE", "49"), ("AQ", None)])
def test_a_region_has_its_calling_code(region, code):
    """Regions that share a code all have it; a place without telephones has none."""
    assert code == calling_codes().get(region)


@pytest.mark.parametrize(
    ("number", "place"),
    [
        ("+16695550108", "San Jose"),
        ("+16505550108", "California"),
        ("+12025550143", "North America"),
        ("+442079460018", None),
        ("+1", "North America"),
        ("12025550143", None),
        ("", None),
    ],
)
def test_a_number_is_at_home_where_its_longest_prefix_is(number, place):
    """The most exact prefix wins; a number with none has no place."""
    place_of = places_by_prefix({"+1": "North America", "+1650": "California", "+1669": "San Jose"})
    assert place == place_of(number)


def test_without_prefixes_nothing_has_a_place():
    """The enrichment is off."""
    assert places_by_prefix({})("+12025550143") is None
