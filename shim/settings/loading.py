"""From variables and files to `Settings`, or to every problem at once.

Reads the mapping it is handed and the files that are named there; nothing else, and it writes nothing.
"""

import difflib
import io
import re
from collections.abc import Mapping
from pathlib import Path

from dotenv.parser import parse_stream
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from shim.settings.files import read_text
from shim.settings.model import Settings
from shim.settings.problems import BadSettings, Problem

ENV_FILE = "SHIM_ENV_FILE"
_OURS = ("SHIM_", "ZOOM_")
_SERVICE_LINK = re.compile(r"_(SERVICE_(HOST|PORT)(_\w+)?|PORT_\d+_(TCP|UDP)(_\w+)?)")


def load_settings(environ: Mapping[str, str], *, env_file: Path | None = None) -> Settings:
    """The settings of `environ`, over those of the env file (the argument, else SHIM_ENV_FILE).

    Raises `BadSettings` with all problems: unknown names, unreadable files, bad values. An empty variable counts as
    one that is not set.
    """
    problems: list[Problem] = []
    given = _ours(environ)
    named = given.pop(ENV_FILE, None)
    path = env_file or (Path(named) if named and named.strip() else None)
    given = {**(_env_file(path, problems) if path else {}), **given}
    given = {name: value for name, value in given.items() if value.strip()}
    problems += [_unknown(name) for name in given if name not in known_names()]
    values = {name: given[name] for name in _fields() if name in given}
    problems += _read_secrets(given, values)
    settings, invalid = _validated(values)
    problems += invalid
    if settings is None or problems:
        raise BadSettings(tuple(problems))
    return settings


def known_names() -> list[str]:
    """Every variable this version reads."""
    return [*_fields(), *(f"{name}_FILE" for name in _secret_names()), ENV_FILE]


def extra(field: FieldInfo) -> Mapping[str, object]:
    """A field's remedy, whether it is secret, and how its default is shown."""
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}


def _fields() -> dict[str, FieldInfo]:
    return {str(field.validation_alias): field for field in Settings.model_fields.values()}


def _secret_names() -> list[str]:
    return [name for name, field in _fields().items() if extra(field)["secret"]]


def _ours(variables: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if name.startswith(_OURS)}


def _env_file(path: Path, problems: list[Problem]) -> dict[str, str]:
    """The SHIM_* and ZOOM_* lines of an env file; other programs' lines are left alone."""
    try:
        lines = list(parse_stream(io.StringIO(read_text(path))))
    except ValueError as error:
        problems.append(Problem(ENV_FILE, str(error), "give a readable file of NAME=value lines"))
        return {}
    wrong = [line.original.line for line in lines if line.error or (line.key and line.value is None)]
    problems += [
        Problem(ENV_FILE, f"names a file whose line {number} is wrong", "write NAME=value") for number in wrong
    ]
    given = _ours({line.key: line.value for line in lines if line.key and line.value is not None})
    if given.pop(ENV_FILE, None):
        problems.append(Problem(ENV_FILE, "stands in the env file itself", "remove that line"))
    return given


def _read_secrets(given: Mapping[str, str], values: dict[str, str]) -> list[Problem]:
    """Fills `values` with the secrets that come from files."""
    problems = []
    for name in _secret_names():
        variant = f"{name}_FILE"
        if variant not in given:
            continue
        if name in given:
            problems.append(Problem(variant, f"is set beside {name}", "set only one of the two"))
            continue
        try:
            values[name] = _secret(Path(given[variant]))
        except ValueError as error:
            problems.append(Problem(variant, str(error), f"give a readable file that holds what {name} would"))
    return problems


def _validated(values: Mapping[str, str]) -> tuple[Settings | None, list[Problem]]:
    # The ValidationError ends here: it keeps every value it was given, secrets too.
    try:
        return Settings.model_validate(values), []
    except ValidationError as invalid:
        return None, [_problem(error) for error in invalid.errors(include_url=False, include_input=False)]


def _secret(path: Path) -> str:
    secret = read_text(path).strip()
    if not secret:
        raise ValueError("names an empty file")
    return secret


def _unknown(name: str) -> Problem:
    if _SERVICE_LINK.search(name):
        return Problem(name, "is a Kubernetes service link", "set enableServiceLinks: false, or rename the Service")
    known = known_names()
    twins = [prefix + name[len(prefix) :] for prefix in _OURS]
    near = [twin for twin in twins if twin in known] or difflib.get_close_matches(name, known, n=1, cutoff=0.75)
    return Problem(
        name, "is unknown", f"did you mean {near[0]}?" if near else "remove it; this version has no such name"
    )


def _problem(error: ErrorDetails) -> Problem:
    # A default that fails is reported under the field's name, a given value under the variable's.
    member = str(error["loc"][0])
    field = Settings.model_fields.get(member) or _fields()[member]
    cause = error.get("ctx", {}).get("error")
    what = str(cause) if cause else error["msg"].replace("Input should", "should")
    return Problem(str(field.validation_alias), what, str(extra(field)["remedy"]))
