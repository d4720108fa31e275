"""The generated documents: settings, operations, fields, words, options, losses, contract, metrics, from their tables.

`python -m shim.documents` writes them, `--check` only says whether they are fresh. Knows Markdown and where each table
goes; every row comes from the code.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click

from adapters.operations.table import OPERATIONS, Operation
from adapters.translation import words
from adapters.translation.account_row import ACCOUNT_ROW
from adapters.translation.charges import CALL_TYPES, CHARGED_FIELDS, SYMBOLS
from adapters.translation.details_header import DETAILS_HEADER
from adapters.translation.log_entry import LOG_ENTRY
from adapters.translation.losses import LOSSES
from adapters.translation.options import OPTIONS
from adapters.translation.rules import Constant, Copy, Derive, Lost, Rule, Table
from contracts import openapi
from contracts.differences import DIFFERENCES, Difference
from contracts.legacy.errors import TRANSLATIONS
from contracts.successor.shapes import UNREAD
from shim.metrics import METRICS, Metric
from shim.online.lookups import LOOKUPS
from shim.settings import settings_table

ROOT: Final = Path(__file__).resolve().parent.parent
NOTICE: Final = "<!-- Written by `make documents` from the code; change it there. -->"
TABLES: Final[Mapping[str, Table[Any]]] = {
    "A row of the account's call logs": ACCOUNT_ROW,
    "The header of a call's details": DETAILS_HEADER,
    "An entry of `log_details`": LOG_ENTRY,
    "What the charges report makes of a row, where it is asked": CHARGED_FIELDS,
}
WORDS: Final[Mapping[str, Mapping[Any, str]]] = {
    "`result`, by `result_reason` (outweighs the result)": words.REASONS,
    "`result` of an answered leg, by `recording_type`": words.CONNECTED_BY_RECORDING,
    "`result` of any other leg, by `result`": words.RESULTS,
    "`*_number_source`, by `*_number_type`": words.NUMBER_SOURCES,
    "`owner.type` and `forward_to.type`, by extension type": words.EXTENSION_TYPES,
    "`recording_type`": words.RECORDING_TYPES,
    "`call_type`, by the charges report's": CALL_TYPES,
    "sign of `charge`, by currency": SYMBOLS,
}


def _table(head: str, rows: Iterator[tuple[str, ...]]) -> str:
    columns = head.count("|") + 1
    lines = [f"| {head} |", "|" + "---|" * columns]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _how(rule: Rule[Any]) -> str:
    match rule.kind:
        case Copy(sources):
            return "copy of " + ", else ".join(f"`{name}`" for name in sources)
        case Derive(reads=reads):
            return "from " + ", ".join(f"`{name}`" for name in dict.fromkeys(reads))
        case Constant(value, reason):
            return f"always `{value}`: {reason}"
        case Lost(reason):
            return f"absent: {reason}"


def _fields(table: Table[Any]) -> str:
    rows = (
        (f"`{rule.field}`", _how(rule), rule.note, "yes" if rule.in_guide else "", rule.source) for rule in table.rules
    )
    return _table("field | how it comes about | note | in profile `docs` | source", rows)


def _words(entries: Mapping[Any, str]) -> str:
    return _table("successor | v1", ((f"`{key}`" if key else "none", f"`{value}`") for key, value in entries.items()))


def fields_document() -> str:
    """Every legacy field with its rule, every word with its translation."""
    parts = [f"# Every field and its rule\n\n{NOTICE}\n\n{_FIELDS_INTRODUCTION}"]
    parts += [f"## {title}\n\n{_fields(table)}" for title, table in TABLES.items()]
    parts += [f"## {title}\n\n{_words(entries)}" for title, entries in WORDS.items()]
    paths = ((str(number), f"`{rule.word}`", rule.source) for number, rule in enumerate(words.PATHS, start=1))
    parts.append("## `path`, first match wins\n\n" + _table("order | v1 | source", paths))
    unread = ((f"`{name}`", reason) for name, reason in UNREAD.items())
    parts.append("## Successor fields nothing is made of\n\n" + _table("field | reason", unread))
    return "\n".join(parts)


_FIELDS_INTRODUCTION: Final = """\
`leg` is the call element a row or an entry speaks of, `talk` the one that carried the conversation (another one only
where a user's call was answered on an outside number), `record` the call history, `first_record` the same where it
speaks of the record's first part, `row` the finished row, `charge` a row of the charges report. Standing: D documented,
O observed in real answers, I inferred, A ambiguous, decided here. Sections are those of
[the mapping's evidence](semantics.md).
"""


def options_document() -> str:
    """Every option of `SHIM_RULES`, with the evidence for its default."""
    rows = (
        (
            f"`{option.id}`",
            " or ".join(f"`{value}`" for value in option.values),
            option.decides,
            option.evidence,
            option.source,
        )
        for option in OPTIONS
    )
    head = "rule id | options, default first | decides | what stands behind the default | source"
    return f"# Rules that can be turned\n\n{NOTICE}\n\n{_OPTIONS_INTRODUCTION}\n{_table(head, rows)}"


_OPTIONS_INTRODUCTION: Final = """\
Nobody outside Zoom can ask v1 any more. Where the archive of a customer contradicts what the evidence suggests, name a
TOML file in `SHIM_RULES`, for instance:

```toml
missed_label = "missed"
split_transfers = "off"
```
"""


def contract_document() -> str:
    """Where the served surface differs from the published one, and why."""
    rows = ((_places(row), row.what, row.published, row.here, row.reason, row.source) for row in DIFFERENCES)
    head = "where | what | published | here | reason | source"
    return f"# The contract beside Zoom's\n\n{NOTICE}\n\n{_CONTRACT_INTRODUCTION}\n{_table(head, rows)}"


def _places(difference: Difference) -> str:
    sides = (("list", difference.in_list), ("details", difference.in_details))
    return "; ".join(f"{side}: {', '.join(f'`{place}`' for place in places)}" for side, places in sides if places)


_CONTRACT_INTRODUCTION: Final = """\
[`contracts/openapi.json`](../contracts/openapi.json) is the served surface, generated from the shapes, parameters and
errors; a running service shows it at `/docs` on its ops port. `contracts/published/` keeps what Zoom published of the
same operations (accountCallLogs, getCallLogDetails): names, types, formats, enums, defaults, bounds, errors.
`make lint` compares the two, and what the cases show with both. Where nothing stands below, they are the same; an entry
that no longer differs is refused. Behind `values` stand those that one side alone has.
"""


def metrics_document() -> str:
    """Every metric with its type, its labels and the words these may be."""
    rows = ((f"`{metric.name}`", metric.kind, _labels(metric), metric.meaning) for metric in METRICS)
    head = "name | type | labels | meaning"
    return f"# Metrics\n\n{NOTICE}\n\n{_METRICS_INTRODUCTION}\n{_table(head, rows)}"


def _labels(metric: Metric) -> str:
    return "; ".join(f"`{label}`: {words}" for label, words in metric.labels.items())


_METRICS_INTRODUCTION: Final = """\
`/metrics` on the ops port, in Prometheus' text format; there are some hundred and fifty series, whatever clients send.
Beside these stand the process's own: `process_cpu_seconds_total`, `process_resident_memory_bytes`, `process_open_fds`
and their like.
"""


def _operations() -> str:
    rows = ((f"`{row.method} /v2{row.path}`", _service(row), f"`/v2{row.successor}`") for row in OPERATIONS)
    return _table("retired request | here | the successor's own path", rows)


def _service(operation: Operation) -> str:
    return "answered" if operation.handler is not None else "passed through to Zoom, not answered here yet"


def _losses() -> str:
    fields = {
        (f"`{rule.field}`", "absent", rule.kind.reason, rule.source): None
        for table in TABLES.values()
        for rule in table.rules
        if isinstance(rule.kind, Lost)
    }
    others = [(loss.what, loss.instead, loss.reason, loss.source) for loss in LOSSES]
    return _table("v1 told | now | reason | source", iter([*fields, *others]))


def _errors() -> str:
    rows = (
        (
            row.asked,
            f"{row.status}, code {row.code or 'any'}",
            f"{row.becomes.status}, code {row.becomes.code}",
            row.becomes.message,
        )
        for row in TRANSLATIONS
    )
    return _table("asked for | upstream says | the legacy program gets | message", rows)


def _scopes() -> str:
    rows = ((lookup.subject, f"`{lookup.scope}`", lookup.without) for lookup in LOOKUPS)
    return _table("asked for | scope | without it", rows)


SECTIONS: Final = {
    "scopes": _scopes,
    "settings": settings_table,
    "operations": _operations,
    "losses": _losses,
    "errors": _errors,
}
"""Parts of the README between `<!-- name -->` and `<!-- /name -->`."""


def _filled(readme: str) -> str:
    for name, written in SECTIONS.items():
        start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, _, rest = readme.partition(start)
        _, found, after = rest.partition(end)
        if not found:
            raise ValueError(f"the README has no section {name}")
        readme = f"{before}{start}{written()}{end}{after}"
    return readme


def documents(root: Path) -> dict[Path, str]:
    """Every generated file with what it should hold."""
    readme = root / "README.md"
    return {
        readme: _filled(readme.read_text()),
        root / "docs" / "fields.md": fields_document(),
        root / "docs" / "rules.md": options_document(),
        root / "docs" / "contract.md": contract_document(),
        root / "docs" / "metrics.md": metrics_document(),
        root / "contracts" / "openapi.json": openapi.text(),
    }


def main(arguments: list[str]) -> int:
    """Writes the documents, or with `--check` names the stale ones; the exit status."""
    stale = {path: text for path, text in documents(ROOT).items() if not path.exists() or path.read_text() != text}
    if arguments == ["--check"]:
        for path in stale:
            click.echo(f"{path.relative_to(ROOT)} is stale: make documents", err=True)
        return 1 if stale else 0
    for path, text in stale.items():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
