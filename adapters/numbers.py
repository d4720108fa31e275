"""What numbers tell by themselves: the calling code of a region, the place a number is at home."""

from collections.abc import Mapping

import phonenumbers

from adapters.translation.world import Places


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
