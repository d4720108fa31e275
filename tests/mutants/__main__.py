"""`python -m tests.mutants`: breaks the translation in every declared place and asks for a case that notices.

Exit code 1 when a mutant survives, or when one listed as equivalent does not.
"""

import sys

import click

from contracts.cases import load
from tests.mutants.equivalent import EQUIVALENT
from tests.mutants.killing import Court
from tests.mutants.rule_mutants import rule_mutants
from tests.mutants.word_mutants import word_mutants


@click.command()
@click.option("--survivors", "only_survivors", is_flag=True, help="Print only the mutants no case kills.")
def main(*, only_survivors: bool) -> None:
    """Print every mutant with the case that kills it, and the totals."""
    cases = load()
    court = Court(cases)
    killed = {mutant.name: court.killer_of(mutant) for mutant in (*rule_mutants(cases), *word_mutants())}
    survivors = [name for name, case in killed.items() if case is None and name not in EQUIVALENT]
    mistaken = [name for name in EQUIVALENT if name not in killed or killed[name] is not None]
    for name, case in killed.items():
        if case is None or not only_survivors:
            click.echo(f"{case or ('equivalent' if name in EQUIVALENT else 'SURVIVES'):40} {name}")
    for name in mistaken:
        click.echo(f"{killed.get(name, 'no such mutant')!s:40} {name}, which is listed as equivalent")
    killers = {case for case in killed.values() if case}
    click.echo(
        f"{len(killed)} mutants: {len(killed) - len(survivors) - len(EQUIVALENT) + len(mistaken)} killed by "
        f"{len(killers)} of {len(cases)} cases, {len(EQUIVALENT)} equivalent, {len(survivors)} survive"
    )
    sys.exit(1 if survivors or mistaken else 0)


if __name__ == "__main__":
    main()
