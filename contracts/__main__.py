"""`python -m contracts verify`: judges cases and contract, as the kit for whoever changes either.

Every record of a case must be readable, and every reply it promises must be valid v1. Whatever sets the served surface
apart from the published one must be declared, and nothing else.
"""

import sys
from collections.abc import Iterator

import click
from pydantic import ValidationError

from contracts.cases import Case, Exchange, load, record_body
from contracts.legacy.shapes import AccountCallLogs, CallLogDetails
from contracts.published_check import findings as contract_findings
from contracts.successor.reading import Unreadable, read_record

LIST = "/phone/call_logs"


def findings(case: Case) -> Iterator[str]:
    """Everything that is wrong with a case, one line each."""
    for record in case.world.records:
        try:
            read_record(record_body(record, "v3"))
        except Unreadable as wrong:
            yield f"{case.id}: {wrong}"
    for number, exchange in enumerate(case.exchanges):
        yield from (f"{case.id}: exchange {number}: {finding}" for finding in _reply_findings(exchange))


def _reply_findings(exchange: Exchange) -> Iterator[str]:
    path = exchange.request.partition("?")[0]
    shape = AccountCallLogs if path.endswith(LIST) else CallLogDetails
    if exchange.status != 200:
        return
    try:
        shape.model_validate(exchange.reply)
    except ValidationError as wrong:
        for error in wrong.errors():
            yield f"{'.'.join(map(str, error['loc']))}: {error['msg']}"


def main(arguments: list[str]) -> int:
    """Prints every finding; the exit status is 1 when there is one, 2 for a wrong call."""
    if arguments != ["verify"]:
        click.echo(__doc__, err=True)
        return 2
    found = [*(finding for case in load() for finding in findings(case)), *contract_findings()]
    for finding in found:
        click.echo(finding)
    click.echo(f"{len(load())} cases, {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
