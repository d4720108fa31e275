"""Mutants of the words: every entry of a look-up, member of a set, row of the path table, constant and option."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from adapters.translation import facts, legs, walk, words, world
from adapters.translation.options import OPTIONS
from contracts.successor import generations
from contracts.successor.generations import Names
from contracts.successor.shapes import TIMES, VALUES
from tests.mutants.mutant import FACTS, LEGS, READING, VIEW, WALK, WORDS, WORLD, Mutant, in_modules

LOOKUPS: Final = (
    "RESULTS",
    "REASONS",
    "CONNECTED_BY_RECORDING",
    "NUMBER_SOURCES",
    "EXTENSION_TYPES",
    "RECORDING_TYPES",
)

_UNANSWERED: Final = VALUES["result"] - legs.CONNECTED
_ACTIONS: Final = VALUES["event"] - walk.MONITORING
_LEGS: Final = _ACTIONS - walk.TRANSFERS - walk.OTHER_ACTIONS
_EXTENSIONS: Final = VALUES["callee_ext_type"]
_NUMBERS: Final = VALUES["callee_number_type"]
_OTHER_NUMBERS: Final = _NUMBERS - words.CONTACT_CENTER_NUMBERS

SETS: Final[Mapping[str, tuple[frozenset[str], frozenset[str], tuple[str, ...]]]] = {
    "MISSED": (words.MISSED, _UNANSWERED, (WORDS,)),
    "CONTACT_CENTER_EVENTS": (words.CONTACT_CENTER_EVENTS, _LEGS, (WORDS,)),
    "CONTACT_CENTER_NUMBERS": (words.CONTACT_CENTER_NUMBERS, _NUMBERS, (WORDS,)),
    "MEETING_NUMBERS": (words.MEETING_NUMBERS, _OTHER_NUMBERS, (WORDS,)),
    "TOLL_FREE_CODES": (words.TOLL_FREE_CODES, frozenset({"889"}), (WORDS,)),
    "TRANSFERS": (walk.TRANSFERS, VALUES["event"], (WALK,)),
    "OTHER_ACTIONS": (walk.OTHER_ACTIONS, _LEGS, (WALK,)),
    "MONITORING": (walk.MONITORING, _ACTIONS, (WALK,)),
    "CONTAINERS": (legs.CONTAINERS, _EXTENSIONS, (LEGS, FACTS)),
    "RINGING_CONTAINERS": (legs.RINGING_CONTAINERS, legs.CONTAINERS | {"user"}, (LEGS,)),
    "LOST_RINGS": (legs.LOST_RINGS, VALUES["result_reason"], (LEGS,)),
    "CONNECTED": (legs.CONNECTED, _UNANSWERED, (LEGS, WORDS)),
}
"""Every set of successor words: the set, the words that could stand in it by mistake, and who holds it."""

CONSTANTS: Final[tuple[tuple[str, str, Any], ...]] = (
    (WALK, "TWIN_SECONDS", walk.TWIN_SECONDS - 1),
    (WALK, "TWIN_SECONDS", walk.TWIN_SECONDS + 1),
    (WORLD, "INT64_DIGITS", world.INT64_DIGITS - 1),
    (WORLD, "INT64_DIGITS", world.INT64_DIGITS + 1),
    (FACTS, "INTERNAL_NUMBER", facts.OUTSIDE_NUMBER),
    (FACTS, "OUTSIDE_NUMBER", facts.INTERNAL_NUMBER),
    (FACTS, "EMERGENCY_NUMBER", facts.OUTSIDE_NUMBER),
    (WORDS, "NO_ANSWER", "Call connected"),
    (WORDS, "OTHER_NUMBER_SOURCE", "internal"),
    (VIEW, "LIFTED_PATH", "transfer"),
    (VIEW, "LIFTED_PATH", "voiceMail"),
)
"""Single values, and what they become."""


def _lookup_mutants() -> Iterator[Mutant]:
    for name in LOOKUPS:
        lookup: Mapping[str | None, str] = getattr(words, name)
        for key, value in lookup.items():
            hints = (f'"{key}"',)
            rest = {other: word for other, word in lookup.items() if other != key}
            if key is not None:
                yield Mutant(f"{name} {key}: dropped", {f"{WORDS}.{name}": rest}, hints=hints)
            for word in dict.fromkeys(lookup.values()):
                if word != value:
                    changed = MappingProxyType({**rest, key: word})
                    yield Mutant(f"{name} {key}: {word}", {f"{WORDS}.{name}": changed}, hints=hints)


def _set_mutants() -> Iterator[Mutant]:
    for name, (members, vocabulary, modules) in SETS.items():
        for word in sorted(members):
            yield Mutant(f"{name}: without {word}", in_modules(name, members - {word}, *modules), hints=(word,))
        for word in sorted(vocabulary - members):
            yield Mutant(f"{name}: with {word}", in_modules(name, members | {word}, *modules), hints=(word,))


def _path_mutants() -> Iterator[Mutant]:
    place = f"{WORDS}.PATHS"
    for row, rule in enumerate(words.PATHS):
        before, after = words.PATHS[:row], words.PATHS[row + 1 :]
        name = f"PATHS row {row} {rule.word}"
        yield Mutant(f"{name}: dropped", {place: before + after}, hints=(rule.word,))
        yield Mutant(f"{name}: altered", {place: (*before, replace(rule, word="altered"), *after)}, hints=(rule.word,))
        if after:
            turned = (*before, after[0], rule, *after[1:])
            yield Mutant(f"{name}: behind {after[0].word}", {place: turned}, hints=(rule.word, after[0].word))


def _constant_mutants() -> Iterator[Mutant]:
    for module, name, value in CONSTANTS:
        yield Mutant(f"{name}: {value}", {f"{module}.{name}": value})


def _option_mutants() -> Iterator[Mutant]:
    for option in OPTIONS:
        for value in option.values:
            yield Mutant(f"option {option.id}: always {value}", options={option.id: value}, hints=(option.id,))


def _alias_mutants() -> Iterator[Mutant]:
    for name, names in vars(generations).items():
        if isinstance(names, Names) and names in generations.ALIASES:  # the others are not read by the translation
            for column in ("v2", "v3"):
                changed = {f"{READING}.{name}": replace(names, **{column: "unheard_of"})}
                yield Mutant(f"alias {name}.{column}: altered", changed, is_heard=True)
    for field in sorted(TIMES):
        yield Mutant(f"TIMES: without {field}", {f"{READING}.TIMES": TIMES - {field}}, is_heard=True)


def word_mutants() -> Iterator[Mutant]:
    """Every change of one word, set, path row, constant, option or alias."""
    yield from _lookup_mutants()
    yield from _set_mutants()
    yield from _path_mutants()
    yield from _constant_mutants()
    yield from _option_mutants()
    yield from _alias_mutants()
