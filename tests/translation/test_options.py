"""The options an operator may turn: what is allowed, what is the default, and how a wrong choice is told."""

import pytest

from adapters.translation.options import OPTIONS, Option, Options, parse_options


def test_without_a_choice_every_option_is_at_its_first_value() -> None:
    """The first value of an option is its default."""
    assert Options(**{option.id: option.values[0] for option in OPTIONS}) == Options() == parse_options({})


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.id)
def test_every_value_of_an_option_can_be_chosen(option: Option) -> None:
    """A chosen value stands in the options, the others stay as they are."""
    for value in option.values:
        assert value == getattr(parse_options({option.id: value}), option.id)


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.id)
def test_an_option_says_what_it_decides_and_why(option: Option) -> None:
    """Each option has two values or more, says what it decides, and rests on evidence with a source."""
    assert len(set(option.values)) == len(option.values) >= 2
    assert option.decides
    assert option.evidence
    assert option.source.startswith("semantics ")


def test_everything_wrong_is_told_at_once() -> None:
    """Unknown ids and values an id does not take are all named."""
    with pytest.raises(ValueError, match="unknown rule id 'mood'; missed_label takes no_answer or missed, not 7"):
        parse_options({"missed_label": 7, "mood": "good"})
