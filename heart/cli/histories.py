"""Histories of simulated clusters: searched for one that breaks a rule, replayed, and told."""

from __future__ import annotations

import sys
import time
from itertools import count, islice
from pathlib import Path

import click

from heart.cli.options import complain
from heart.simulation import plan as plans
from heart.simulation.generating import plan_of
from heart.simulation.plan import BadPlan, Plan
from heart.simulation.search import Result, search
from heart.simulation.shrinking import shrink
from heart.simulation.timeline import Timeline
from heart.simulation.trial import Trial

SAY_EVERY = 1.0


def search_seeds(first: int, seeds: int | None, last: float, save: Path | None) -> int:
    """Search so many seeds, endless where None, from `first` on; the exit code."""
    progress = _Progress()
    for result in search(islice(count(first), seeds)):
        progress.add(result)
        if result.rule is not None:
            progress.end()
            click.echo(f"seed {result.seed} breaks {result.text}")
            click.echo("looking for the shortest plan that does")
            return replay(shrink(plan_of(result.seed), result.rule), last, save)
    progress.end()
    return 0


def replay_saved(file: Path, last: float, save: Path | None) -> int:
    """Replay the plan in a file; the exit code."""
    try:
        plan = plans.read(file.read_bytes())
    except BadPlan as error:
        complain(f"heart: {file}: {error}")
        return 1
    return replay(plan, last, save)


def replay(plan: Plan, last: float, save: Path | None) -> int:
    """Carry a plan out, and tell its last seconds; `save` is where it is kept. The exit code."""
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
