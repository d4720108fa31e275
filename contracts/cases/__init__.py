"""The cases: one JSON file each, data that says what upstream has and what a legacy program must be answered.

This file knows how the files are read and when one is wrong. It runs nothing; runners are tests.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Literal

from pydantic import ValidationError

from contracts.cases.files import DIRECTORY, CaseFile, VariationFile
from contracts.cases.variations import PointsNowhere, whole_case
from contracts.cases.worlds import World, in_generation, list_body, record_body
from contracts.codec import NotJson, decode

__all__ = [
    "Case",
    "CaseError",
    "CaseSettings",
    "Exchange",
    "World",
    "in_generation",
    "list_body",
    "load",
    "record_body",
]


class CaseError(ValueError):
    """A case file is wrong: the message names the file, the field and the trouble."""


@dataclass(frozen=True, slots=True)
class CaseSettings:
    """How the service is set for a case: the settings of the same names."""

    profile: Literal["live", "docs"]
    fidelity: Literal["exact", "summary"]
    rules: Mapping[str, str]
    number_locations: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One legacy request (path and query) and the whole answer it must get."""

    request: str
    status: int
    reply: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """One promise: with this upstream and these settings, these requests get these replies, in order.

    `world` speaks v3; `world_v2` is the same world as somebody wrote it down in v2's names, where somebody did.
    """

    id: str
    why: str
    source: str
    settings: CaseSettings
    world: World
    world_v2: World | None
    exchanges: tuple[Exchange, ...]


def load(directory: Traversable | None = None) -> tuple[Case, ...]:
    """Every case of the package (or of `directory`), sorted by id; `CaseError` for the first wrong file."""
    folder = resources.files(__name__) if directory is None else directory
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".json")), key=lambda file: file.name)
    raw = _by_id((file.name, _content(file)) for file in files)
    return tuple(_case(name, _whole(name, raw, chain=())) for name in sorted(raw))


def _content(file: Traversable) -> dict[str, Any]:
    try:
        content = decode(file.read_bytes())
    except NotJson as broken:
        raise CaseError(f"{file.name}: no JSON") from broken
    if not isinstance(content, dict) or not isinstance(content.get("id"), str):
        raise CaseError(f"{file.name}: id: missing")
    return content


def _by_id(files: Iterable[tuple[str, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    named: dict[str, str] = {}
    raw: dict[str, dict[str, Any]] = {}
    for file, content in files:
        if content["id"] in raw:
            raise CaseError(f"{file}: id: {named[content['id']]} has it already")
        named[content["id"]], raw[content["id"]] = file, content
    for name, file in named.items():
        if file != f"{name}.json":
            raise CaseError(f"{file}: id: {name} is not the file's name")
    return raw


def _whole(name: str, raw: Mapping[str, dict[str, Any]], *, chain: tuple[str, ...]) -> dict[str, Any]:
    content = raw[name]
    if "like" not in content:
        return content
    try:
        variation = VariationFile.model_validate(content)
    except ValidationError as wrong:
        raise CaseError(_first(name, wrong)) from wrong
    if variation.like not in raw or variation.like in (*chain, name):
        raise CaseError(f"{name}.json: like: {variation.like} is no case to start from")
    try:
        return whole_case(variation, _whole(variation.like, raw, chain=(*chain, name)))
    except PointsNowhere as wrong:
        raise CaseError(f"{name}.json: {wrong}") from wrong


def _case(name: str, content: dict[str, Any]) -> Case:
    try:
        file = CaseFile.model_validate(content)
    except ValidationError as wrong:
        raise CaseError(_first(name, wrong)) from wrong
    return Case(
        id=file.id,
        why=file.why,
        source=file.source,
        settings=CaseSettings(**file.settings.model_dump()),
        world=_world(file.upstream),
        world_v2=None if file.upstream_v2 is None else _world(file.upstream_v2),
        exchanges=tuple(Exchange(e.request, e.status, e.reply) for e in file.exchanges),
    )


def _world(upstream: dict[str, list[dict[str, Any]]]) -> World:
    return World(
        call_history=upstream.get("call_history", []),
        records=upstream.get("records", []),
        directory={name: upstream.get(name, []) for name in DIRECTORY},
        charges=upstream.get("charges", []),
    )


def _first(name: str, wrong: ValidationError) -> str:
    error = wrong.errors()[0]
    return f"{name}.json: {'.'.join(str(step) for step in error['loc'])}: {error['msg']}"
