"""`python -m tests.mutants`: breaks the translation in every declared place, then switches off each of the guards.

Each must be noticed: by a case, or by the test that is named with the guard. Exit code 1 when one is not, or when a
mutant declared equivalent is none; 2 when cases or tests are not right without any.
"""

import sys
from collections.abc import Sequence

import click

from contracts.cases import load
from tests.mutants import guards
from tests.mutants.equivalent import EQUIVALENT
from tests.mutants.guard import Guard
from tests.mutants.guard_tables import GUARDS
from tests.mutants.killing import Court
from tests.mutants.rule_mutants import rule_mutants
from tests.mutants.verdict import Verdict
from tests.mutants.word_mutants import word_mutants


@click.command()
@click.option("--only", type=click.Choice(["translation", "guards"]), help="Leave the other half out.")
@click.option("--quiet", is_flag=True, help="Print the troubles and the totals alone.")
@click.argument("names", nargs=-1)
def main(*, only: str | None, quiet: bool, names: tuple[str, ...]) -> None:
    """Print everything that is broken with what notices it, and the totals. NAMES are parts of the guards' names."""
    chosen = [guard for guard in GUARDS if not names or any(name in guard.name for name in names)]
    codes = [
        *([_translation(quiet=quiet)] if only != "guards" and not names else []),
        *([_guards(chosen, quiet=quiet)] if only != "translation" else []),
    ]
    sys.exit(max(codes))


def _translation(*, quiet: bool) -> int:
    cases = load()
    court = Court(cases)
    if court.wrong_cases:
        click.echo(f"no judgement before these cases are right: {', '.join(court.wrong_cases)}")
        return 2
    mutants = (*rule_mutants(cases), *word_mutants())
    verdict = Verdict({mutant.name: court.killer_of(mutant) for mutant in mutants}, EQUIVALENT)
    for line in verdict.troubles() if quiet else (*verdict.table(), *verdict.troubles()):
        click.echo(line)
    click.echo(verdict.total())
    return verdict.exit_code


def _guards(chosen: Sequence[Guard], *, quiet: bool) -> int:
    killed = 0
    with guards.snapshot() as tree:
        before = guards.undisturbed(tree, chosen)
        if before.code:
            click.echo(f"no judgement while nothing is switched off and tests fail:\n{before.words[-2000:]}")
            return 2
        for trial in guards.all_judged(tree, chosen):
            is_killed = trial.outcome is guards.Outcome.KILLED
            killed += is_killed
            if not (quiet and is_killed):
                click.echo(trial.line)
    click.echo(f"{len(chosen)} guards: {killed} cannot be switched off unnoticed, {len(chosen) - killed} can")
    return int(killed != len(chosen))


if __name__ == "__main__":
    main()
