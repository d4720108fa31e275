"""`python -m tests.reliability [FAMILY...]`: runs families and prints every figure against its goal.

Exit code 1 when a goal is missed for which `tests.reliability.reasons` names no reason.
"""

import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

import click

from tests.reliability.document import document, machine
from tests.reliability.families import FAMILIES, LEFT_OUT, load_family
from tests.reliability.figures import Figure, as_json, missed, table, unmeasured
from tests.reliability.plan import Plan, Share
from tests.reliability.reasons import REASONS


@click.command()
@click.argument("families", nargs=-1, type=click.Choice([*FAMILIES]))
@click.option("--seed", default=20260530, show_default=True, help="Where all chance comes from.")
@click.option("--share", default="short", show_default=True, type=click.Choice(["ci", "short", "full"]))
@click.option("--only", default="", help="Play only the scenarios whose name holds this.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="File for the figures as JSON.")
@click.option("--traces", type=click.Path(path_type=Path, file_okay=False), help="Folder for what the processes write.")
@click.option("--document", "is_documented", is_flag=True, help="Write the figures into docs/reliability.md.")
def main(
    *,
    families: tuple[str, ...],
    seed: int,
    share: Share,
    only: str,
    out: Path | None,
    traces: Path | None,
    is_documented: bool,
) -> None:
    """Measure what the service survives; without a family all, with --share ci all but the soak."""
    folder = (traces or Path(tempfile.mkdtemp(prefix="reliability-"))).resolve()
    plan = Plan(seed, share, folder, only)
    asked = families or tuple(name for name in FAMILIES if name not in LEFT_OUT[share])
    figures: list[Figure] = []
    busy = os.getloadavg()[0]
    for name in sorted(asked, key=[*FAMILIES].index):
        figures += _measured(name, plan)
    click.echo(f"\nseed {seed}, share {share}, {machine()}, load {busy:.1f} before\n\n{table(figures, REASONS)}")
    if out is not None:
        out.write_text(json.dumps(as_json(figures, seed=seed, share=share, machine=machine()), indent=1) + "\n")
    if is_documented:
        document(figures, REASONS, share=share, seed=seed)
    bad = missed(figures, REASONS)
    for figure in bad:
        click.echo(f"missed: {figure.goal} {figure.what}: {figure.value}, {figure.bound} {figure.note}", err=True)
    if bad or traces:
        click.echo(f"what the processes wrote: {folder}", err=True)
    else:
        shutil.rmtree(folder)
    sys.exit(1 if bad else 0)


def _measured(name: str, plan: Plan) -> list[Figure]:
    """A family's figures; whatever it raises is a miss of all its goals, and the others still run."""
    family = load_family(name)
    started = time.monotonic()
    try:
        figures = asyncio.run(family.run(plan))
    except Exception:  # noqa: BLE001 - a family that breaks must not hide the figures of the others
        click.echo(traceback.format_exc(), err=True)
        figures = [unmeasured(goal, f"the family `{name}` broke off") for goal in family.GOALS]
    if plan.share == "ci":  # so few tries, on whatever machine, prove that it works and not how fast
        figures = [figure.printed() if figure.is_timed else figure for figure in figures]
    click.echo(f"{name}: {time.monotonic() - started:.1f} s, {sum(each.is_met for each in figures)}/{len(figures)}")
    return figures


if __name__ == "__main__":
    main()
