"""SHIM_NUMBER_LOCATIONS: a file of one's own, or what libphonenumber knows."""

import pytest

from shim.settings import BadSettings, cautions, load_settings, settings_table

NAME = "SHIM_NUMBER_LOCATIONS"
CSV = "prefix,place\n+1202,Washington\n"


@pytest.mark.parametrize("word", ["builtin", "BUILTIN", " builtin "])
def test_the_word_asks_for_the_places_of_number_ranges(word):
    """As with other choices, case and blanks do not matter; no file is looked for."""
    named = load_settings({NAME: word}).number_locations
    assert (True, None, {}) == (named.is_builtin, named.path, named.places)


def test_a_file_of_that_name_stays_within_reach(tmp_path, monkeypatch):
    """With a folder before it, the word is a path."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "builtin").write_text(CSV)
    named = load_settings({NAME: "./builtin"}).number_locations
    assert (False, {"+1202": "Washington"}) == (named.is_builtin, named.places)
    assert load_settings({NAME: "builtin"}).number_locations.is_builtin


def test_another_word_is_a_file_that_is_not_there():
    """The remedy names both choices."""
    with pytest.raises(BadSettings) as refused:
        load_settings({NAME: "built-in"})
    (problem,) = refused.value.problems
    assert "names a file that cannot be read (No such file or directory)" == problem.what
    assert problem.remedy.startswith("give builtin, or a readable CSV file ")


def test_it_is_shown_as_it_was_chosen():
    """The repr of the settings has the word."""
    assert f"Settings({NAME}='builtin')" == repr(load_settings({NAME: "builtin"}))


def test_whose_place_it_is_is_said_once(tmp_path, monkeypatch):
    """The places of ranges raise a caution; the operator's own list does not."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "places.csv").write_text(CSV)
    (caution,) = cautions(load_settings({NAME: "builtin"}))
    assert f"{NAME} is builtin: a place is that of the number's range, not of whoever called" == caution
    assert () == cautions(load_settings({NAME: "places.csv"}))


def test_the_table_names_both_choices():
    """The README's row says what may be given."""
    (row,) = [row for row in settings_table().splitlines() if f"`{NAME}`" in row]
    assert (True, True) == ("`prefix,place`" in row, "`builtin`" in row)
