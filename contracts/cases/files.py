"""What may stand in a case file, key by key; it refuses to know what the values mean."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

DIRECTORY: Mapping[str, frozenset[str]] = {
    "users": frozenset({"id", "email", "name", "extension_id", "extension_number"}),
    "call_queues": frozenset({"id", "name", "extension_id", "extension_number"}),
    "auto_receptionists": frozenset({"id", "name", "extension_id", "extension_number"}),
    "shared_line_groups": frozenset({"id", "display_name", "extension_id", "extension_number"}),
    "common_areas": frozenset({"id", "display_name", "extension_number"}),
    "rooms": frozenset({"id", "name", "extension_id", "extension_number"}),
}
"""The lists of the directory and the keys their entries may have."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class SettingsFile(_Strict):
    """The settings a case needs; the rest are at their defaults."""

    profile: Literal["live", "docs"] = "live"
    fidelity: Literal["exact", "summary"] = "exact"
    rules: dict[str, str] = Field(default_factory=dict)
    number_locations: dict[str, str] = Field(default_factory=dict)


class ExchangeFile(_Strict):
    """A legacy request and its whole reply."""

    request: str = Field(pattern="^/v2/")
    status: int
    reply: dict[str, Any]


class CaseFile(_Strict):
    """A full case."""

    id: str
    why: str = Field(min_length=1)
    source: str = Field(min_length=1)
    settings: SettingsFile = Field(default_factory=SettingsFile)
    upstream: dict[str, list[dict[str, Any]]]
    upstream_v2: dict[str, list[dict[str, Any]]] | None = None
    exchanges: list[ExchangeFile] = Field(min_length=1)

    @field_validator("upstream", "upstream_v2")
    @classmethod
    def _known_keys(cls, upstream: dict[str, list[dict[str, Any]]] | None) -> dict[str, list[dict[str, Any]]] | None:
        for name, entries in (upstream or {}).items():
            if name not in {"call_history", "records", "charges", *DIRECTORY}:
                raise ValueError(f"unknown key {name}")
            for key in {key for entry in entries for key in entry} - DIRECTORY.get(name, frozenset()):
                if name in DIRECTORY:
                    raise ValueError(f"unknown key {key} in {name}")
        return upstream


class VariationFile(_Strict):
    """A variation as its file says it: pointers into the case named by `like`."""

    id: str
    why: str = Field(min_length=1)
    source: str = Field(min_length=1)
    like: str
    settings: dict[str, Any] = Field(default_factory=dict)
    set: dict[str, Any] = Field(default_factory=dict)
    unset: list[str] = Field(default_factory=list)
    expect: dict[str, Any] = Field(default_factory=dict)
    absent: list[str] = Field(default_factory=list)
