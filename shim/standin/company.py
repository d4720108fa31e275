"""A synthetic company: people, queues, receptionists, shared lines, common areas, rooms and sites.

It knows names and numbers nobody has (555-01xx in every area code). It refuses to know calls.
"""

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from random import Random
from typing import Any, Final


class Kind(StrEnum):
    """The kind of an extension, as call elements name it."""

    USER = "user"
    CALL_QUEUE = "call_queue"
    AUTO_RECEPTIONIST = "auto_receptionist"
    SHARED_LINE_GROUP = "shared_line_group"
    COMMON_AREA = "common_area"


@dataclass(frozen=True, slots=True)
class Site:
    """Where an extension belongs."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Extension:
    """One extension; `number` is its direct number, the empty texts are what its kind does not have."""

    kind: Kind
    id: str
    extension_id: str
    extension_number: int
    name: str
    number: str
    site: Site
    email: str = ""
    department: str = ""
    cost_center: str = ""


@dataclass(frozen=True, slots=True)
class Outsider:
    """Somebody outside the company."""

    name: str
    number: str


GIVEN_NAMES: Final = ("Amara", "Beatriz", "Dilan", "Elif", "Farid", "Greta", "Hiro", "Ines", "Jonas", "Keiko", "Leona")
FAMILY_NAMES: Final = ("Adeyemi", "Bergman", "Castillo", "Dube", "Eriksen", "Fontaine", "Grabowski", "Haddad", "Ito")
DEPARTMENTS: Final = (("Support", "CC-10"), ("Sales", "CC-20"), ("Finance", "CC-30"), ("Field Service", "CC-40"))
CONTAINERS: Final = (
    (Kind.AUTO_RECEPTIONIST, ("Welcome Desk", "Night Desk", "Billing Menu", "Service Menu")),
    (Kind.CALL_QUEUE, ("Orders", "Returns", "Billing", "Dispatch", "Warranty", "Second Level")),
    (Kind.SHARED_LINE_GROUP, ("Reception Line", "Workshop Line", "Press Line")),
    (Kind.COMMON_AREA, ("Lobby", "Kitchen", "Warehouse", "Loading Dock", "Garage")),
)
TRADES: Final = ("BAKERY", "DENTAL", "FLORIST", "MOTORS", "LAW OFFICE", "PRINT SHOP", "HARDWARE", "CLINIC")
PLACES: Final = ("CEDAR", "LAKESIDE", "MAPLE", "NORTHGATE", "OAKRIDGE", "PIER", "SUMMIT", "WILLOW")
OWN_AREA: Final = "650"
OTHER_AREAS: Final = ("202", "206", "303", "312", "415", "512", "617", "702")
PEOPLE: Final = 40


@dataclass(frozen=True, slots=True)
class Company:
    """The company's sites and extensions."""

    sites: tuple[Site, ...]
    extensions: tuple[Extension, ...]

    def of(self, kind: Kind) -> Sequence[Extension]:
        """The extensions of one kind."""
        return [extension for extension in self.extensions if extension.kind is kind]

    def directory(self) -> dict[str, list[dict[str, Any]]]:
        """The directory as Zoom's lists spell it."""
        return {
            "users": [_entry(each, "name", "email", "extension_id") for each in self.of(Kind.USER)],
            "call_queues": [_entry(each, "name", "extension_id") for each in self.of(Kind.CALL_QUEUE)],
            "auto_receptionists": [_entry(each, "name", "extension_id") for each in self.of(Kind.AUTO_RECEPTIONIST)],
            "shared_line_groups": [_titled(each, "extension_id") for each in self.of(Kind.SHARED_LINE_GROUP)],
            "common_areas": [_titled(each) for each in self.of(Kind.COMMON_AREA)],
            "rooms": [],
            "sites": [{"id": site.id, "name": site.name} for site in self.sites],
        }


def found_company(rng: Random) -> Company:
    """The company `rng` draws."""
    sites = (Site(_object_id(rng), "Riverside Campus"), Site(_object_id(rng), "Harbor Office"))
    numbers = iter(f"+1{OWN_AREA}55501{line:02d}" for line in range(100))
    people = rng.sample([*product(GIVEN_NAMES, FAMILY_NAMES)], PEOPLE)
    extensions = [_person(rng, *name, 2001 + index, next(numbers), sites) for index, name in enumerate(people)]
    for block, (kind, names) in enumerate(CONTAINERS, start=1):
        for index, name in enumerate(names):
            number = 2000 + 100 * block + index
            extensions.append(
                Extension(kind, _object_id(rng), _object_id(rng), number, name, next(numbers), rng.choice(sites))
            )
    return Company(sites, tuple(extensions))


def meet_outsider(rng: Random) -> Outsider:
    """Somebody outside, with a name as the telephone network shows it."""
    number = f"+1{rng.choice(OTHER_AREAS)}55501{rng.randrange(100):02d}"
    return Outsider(f"{rng.choice(PLACES)} {rng.choice(TRADES)}", number)


def _person(rng: Random, given: str, family: str, extension: int, number: str, sites: Sequence[Site]) -> Extension:
    department, cost_center = rng.choice(DEPARTMENTS)
    return Extension(
        Kind.USER,
        _object_id(rng),
        _object_id(rng),
        extension,
        f"{given} {family}",
        number,
        rng.choice(sites),
        email=f"{given}.{family}@example.com".lower(),
        department=department,
        cost_center=cost_center,
    )


def _entry(extension: Extension, *keys: str) -> dict[str, Any]:
    return {key: getattr(extension, key) for key in ("id", *keys, "extension_number")}


def _titled(extension: Extension, *keys: str) -> dict[str, Any]:
    return {"display_name": extension.name, **_entry(extension, *keys)}


def _object_id(rng: Random) -> str:
    return urlsafe_b64encode(rng.randbytes(16)).rstrip(b"=").decode()
