"""`python -m tests.mutants`: breaks the translation in every declared place and asks for a case that notices.

Exit code 1 when a mutant survives, or when one declared equivalent is not; 2 when the cases are not right without any.
"""

import sys

import click

from contracts.cases import load
from tests.mutants.equivalent import EQUIVALENT
from tests.mutants.killing import Court
from tests.mutants.rule_mutants import rule_mutants
from tests.mutants.verdict import Verdict
from tests.mutants.word_mutants import word_mutants


@click.command()
@click.option("--quiet", is_flag=True, help="Print the troubles and the totals alone.")
def main(*, quiet: bool) -> None:
    """Print every mutant with the case that kills it, and the totals."""
    cases = load()
    court = Court(cases)
    if court.wrong_cases:
        click.echo(f"no judgement before these cases are right: {', '.join(court.wrong_cases)}")
        sys.exit(2)
    mutants = (*rule_mutants(cases), *word_mutants())
    verdict = Verdict({mutant.name: court.killer_of(mutant) for mutant in mutants}, EQUIVALENT)
    for line in verdict.troubles() if quiet else (*verdict.table(), *verdict.troubles()):
        click.echo(line)
    click.echo(verdict.total())
    sys.exit(verdict.exit_code)


if __name__ == "__main__":
    main()
