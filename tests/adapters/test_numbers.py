"""What numbers tell by themselves."""

import subprocess
import sys

import pytest

from adapters.numbers import MOST_PLACES, calling_codes, places_by_prefix, places_by_range


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


@pytest.mark.parametrize(
    ("number", "place"),
    [
        pytest.param("+12025550143", "Washington D.C.", id="a city"),
        pytest.param("+16695550108", "California", id="a state"),
        pytest.param("+442079460018", "London", id="outside North America"),
        pytest.param("+13405550123", "U.S. Virgin Islands", id="one of the countries that share a calling code"),
        pytest.param("+18005550199", None, id="toll-free"),
        pytest.param("+80012345678", None, id="international toll-free"),
        pytest.param("+19005550123", None, id="premium rate"),
        pytest.param("+491713920012", None, id="mobile, tied to no place"),
        pytest.param("+590806942124", None, id="several countries' range"),
        pytest.param("+12025550", None, id="too short"),
        pytest.param("+120255501430143", None, id="too long"),
        pytest.param("+9991234567", None, id="a calling code nobody has"),
        pytest.param("12025550143", None, id="no plus sign"),
        pytest.param("+1 202 555 0143", None, id="blanks"),
        pytest.param("+12025550143;ext=5", None, id="more than a number"),
        pytest.param("+\u0661\u0662\u0660\u0662\u0665\u0665\u0665\u0660\u0661\u0664\u0663", None, id="other digits"),
        pytest.param("2001", None, id="an extension"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_a_number_is_at_home_where_its_range_is(number, place):
    """The place libphonenumber has for the range; nothing for what is no whole, valid, geographical number."""
    assert place == places_by_range()(number)


def test_the_places_remembered_are_bounded():
    """However many numbers are asked for, no more than the stated number of them is kept."""
    place_of = places_by_range()
    for number in range(MOST_PLACES + 5):
        place_of(str(number))
    assert MOST_PLACES == place_of.cache_info().currsize  # type: ignore[attr-defined]  # lru_cache's own figures


def test_the_ranges_are_loaded_for_those_who_ask_only():
    """Neither the module nor places by prefix load the ranges, which are big."""
    lines = (
        "import sys, adapters.numbers as numbers",
        "numbers.places_by_prefix({'+1': 'North America'})('+12025550143'); numbers.calling_codes()",
        "before = 'phonenumbers.geodata' in sys.modules",
        "numbers.places_by_range()",
        "print(before, 'phonenumbers.geodata' in sys.modules)",
    )
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    assert "False True\n" == done.stdout
