"""`heart simulate`: the cluster's core on simulated clocks and links, under trouble drawn from seeds."""

from __future__ import annotations

import sys
import time
from itertools import count, islice
from pathlib import Path

import click

from heart.cli.options import complain
from heart.simulation import plan as plans
from heart.simulation.generating import Generator
from heart.simulation.plan import BadPlan, Plan
from heart.simulation.search import Result, search
from heart.simulation.shrinking import shrink
from heart.simulation.timeline import Timeline
from heart.simulation.trial import Trial

SHOWN = 10.0
"""Seconds of the timeline before what was broken, unless said."""

SAY_EVERY = 1.0


@click.command()
@click.option("--seed", type=click.IntRange(0), metavar="N", help="Replay one history, and tell it.")
@click.option("--plan", "file", type=click.Path(path_type=Path), metavar="FILE", help="Replay a saved plan.")
@click.option("--search", "searches", is_flag=True, help="Search seed after seed until something is broken.")
@click.option("--seeds", type=click.IntRange(1), metavar="N", help="How many to search; endless unless said.")
@click.option("--from", "first", type=click.IntRange(0), default=0, metavar="N", help="The first of them.")
@click.option("--last", type=click.FloatRange(0), default=SHOWN, metavar="SECONDS", help="How much to tell.")
@click.option("--save", type=click.Path(path_type=Path), metavar="FILE", help="Keep the plan in a file.")
@click.pass_context
def simulate(
    ctx: click.Context,
    seed: int | None,
    file: Path | None,
    searches: bool,
    seeds: int | None,
    first: int,
    last: float,
    save: Path | None,
) -> int:
    """Put simulated clusters to trouble, and see whether the rules of docs/safety.md hold.

    Exits with 1 where one does not: then it tells the shortest plan that breaks it, and what happened.
    """
    if (seed is not None) + (file is not None) + searches != 1:
        raise click.UsageError("Expected one of --seed, --plan and --search.", ctx)
    if searches:
        return _search(first, seeds, last, save)
    try:
        plan = plans.read(file.read_bytes()) if file is not None else Generator(seed or 0).plan()
    except BadPlan as error:
        complain(f"heart: {file}: {error}")
        return 1
    return _replay(plan, last, save)


def _search(first: int, seeds: int | None, last: float, save: Path | None) -> int:
    progress = _Progress()
    for result in search(islice(count(first), seeds)):
        progress.add(result)
        if result.rule is not None:
            progress.end()
            click.echo(f"seed {result.seed} breaks {result.text}")
            click.echo("looking for the shortest plan that does")
            return _replay(shrink(Generator(result.seed).plan(), result.rule), last, save)
    progress.end()
    return 0


def _replay(plan: Plan, last: float, save: Path | None) -> int:
    if save is not None:
        save.write_bytes(plans.write(plan))
    timeline = Timeline(plan.setup.nodes)
    outcome = Trial(plan, [timeline]).run()
    _tell_plan(plan)
    end = outcome.seconds if outcome.broken is None else outcome.broken.time
    for line in timeline.lines(max(0.0, end - last)):
        click.echo(line)
    if outcome.broken is None:
        click.echo(f"All invariants hold, for {outcome.seconds:.0f} simulated seconds.")
        return 0
    click.echo(f"BROKEN: {outcome.broken}")
    return 1


def _tell_plan(plan: Plan) -> None:
    setup = plan.setup
    click.echo(f"plan of seed {plan.seed}: {len(setup.nodes)} nodes under {setup.arbiter}")
    click.echo(f"  {setup}")
    for act in plan.acts:
        click.echo(f"  {act}")


class _Progress:
    """A line that says how far the search is."""

    def __init__(self) -> None:
        self._began = self._said = time.monotonic()
        self._seeds = self._acts = 0
        self._seconds = 0.0

    def add(self, result: Result) -> None:
        """One more seed is done."""
        self._seeds += 1
        self._acts += result.acts
        self._seconds += result.seconds
        now = time.monotonic()
        if now >= self._said + SAY_EVERY and sys.stderr.isatty():
            self._said = now
            click.echo(f"\r{self._line()}\x1b[K", err=True, nl=False)

    def end(self) -> None:
        """Say it for the last time."""
        if sys.stderr.isatty():
            click.echo("\r\x1b[K", err=True, nl=False)
        click.echo(self._line())

    def _line(self) -> str:
        rate = self._seeds / max(1e-3, time.monotonic() - self._began)
        hours = self._seconds / 3600
        return (
            f"{self._seeds:,} seeds, {rate:.1f} a second, {hours:.2f} simulated hours, {self._acts:,} faults"
        )
