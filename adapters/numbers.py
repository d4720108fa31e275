"""What numbers tell by themselves: the calling code of a region, the place a number is at home.

Knows libphonenumber and nothing of calls. A place is that of the number's range, never of whoever holds the number.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import phonenumbers

from adapters.translation.world import Places

MOST_PLACES: Final = 10_000
"""Numbers whose place is remembered, the longest unused forgotten first: a list names the same ones over and over."""
LANGUAGE: Final = "en"
_WHOLE: Final = re.compile(r"\+[1-9][0-9]{1,14}", re.ASCII)


def calling_codes() -> Mapping[str, str]:
    """ISO region to calling code without a plus sign, for every region libphonenumber knows."""
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()
    return {region: str(code) for code, named in regions for region in named}


def places_by_prefix(places: Mapping[str, str]) -> Places:
    """The place of a number by its longest listed prefix; prefixes are `+` and digits."""
    lengths = sorted({len(prefix) for prefix in places}, reverse=True)

    def place_of(number: str) -> str | None:
        return next((places[number[:length]] for length in lengths if number[:length] in places), None)

    return place_of


def places_by_range() -> Places:
    """The place of a number's range as libphonenumber has it: a city, a state or a country, in English.

    None for what is not written `+` and digits, for a number that is not valid, and for one that is tied to no place
    (mobile in most countries, toll-free, premium). Loading the ranges takes a third of a second and a hundred MiB, so
    it happens here, for those who ask, and not with this module.
    """
    from phonenumbers.geocoder import description_for_number  # noqa: PLC0415 - see above

    @lru_cache(maxsize=MOST_PLACES)
    def place_of(number: str) -> str | None:
        if not _WHOLE.fullmatch(number):
            return None
        try:
            parsed = phonenumbers.parse(number)
        except phonenumbers.NumberParseException:
            return None
        is_somewhere = phonenumbers.is_number_geographical(parsed)  # of an invalid number it never is
        return (description_for_number(parsed, LANGUAGE) or None) if is_somewhere else None

    return place_of
