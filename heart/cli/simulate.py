"""`heart simulate`: the cluster's core on simulated clocks and links, under trouble, or as a forecast."""

from __future__ import annotations

from pathlib import Path

import click

from heart.cli.foretelling import Wish, foretell
from heart.cli.histories import replay, replay_saved, search_seeds
from heart.simulation.generating import plan_of

SHOWN = 10.0
"""Seconds of the timeline before what was broken, unless said."""


@click.command()
@click.option("--seed", type=click.IntRange(0), metavar="N", help="Replay one history, and tell it.")
@click.option("--plan", "file", type=click.Path(path_type=Path), metavar="FILE", help="Replay a saved plan.")
@click.option("--last", type=click.FloatRange(0), default=SHOWN, metavar="SECONDS", help="How much to tell.")
@click.option("--save", type=click.Path(path_type=Path), metavar="FILE", help="Keep the plan in a file.")
@click.option("--search", "searches", is_flag=True, help="Search seed after seed until something is broken.")
@click.option("--seeds", type=click.IntRange(1), metavar="N", help="How many to search; endless unless said.")
@click.option("--from", "first", type=click.IntRange(0), default=0, metavar="N", help="The first of them.")
@click.option(
    "--config", type=click.Path(path_type=Path), metavar="FILE", help="Foretell what a configuration does."
)
@click.option(
    "--loss",
    "shares",
    multiple=True,
    metavar="[LINK=]SHARE",
    help="What links lose, each frame for itself, such as 20%; for one link lan=20%.",
)
@click.option(
    "--burst",
    "bursts",
    multiple=True,
    metavar="[LINK=]SHARE:MEAN",
    help="In bursts they lose all: for which share of time, and how long in the mean: 10%:50ms.",
)
@click.option("--days", type=float, default=1.0, show_default=True, help="How long to simulate.")
@click.option("--json", "as_json", is_flag=True, help="The forecast as a document for programs.")
@click.option(
    "--max-false-per-year",
    "most",
    type=float,
    metavar="X",
    help="Exit with 1 where there may be more false takeovers.",
)
@click.pass_context
def simulate(
    ctx: click.Context,
    seed: int | None,
    file: Path | None,
    last: float,
    save: Path | None,
    searches: bool,
    seeds: int | None,
    first: int,
    config: Path | None,
    shares: tuple[str, ...],
    bursts: tuple[str, ...],
    days: float,
    as_json: bool,
    most: float | None,
) -> int:
    """Put simulated clusters to trouble, and see whether the rules of docs/safety.md hold.

    Exits with 1 where one does not: then it tells the shortest plan that breaks it, and what happened.

    With --config it foretells what a configuration does: how fast it notices deaths, how often it takes over
    for nothing, and how long the service is gone when something happens.
    """
    if (seed is not None) + (file is not None) + searches + (config is not None) != 1:
        raise click.UsageError("Expected one of --seed, --plan, --search and --config.", ctx)
    if config is None and (shares or bursts or as_json or most is not None):
        raise click.UsageError(
            "Expected --config beside --loss, --burst, --json and --max-false-per-year.", ctx
        )
    if config is not None:
        return foretell(config, Wish(shares, bursts, days, first, most), as_json)
    if searches:
        return search_seeds(first, seeds, last, save)
    if file is not None:
        return replay_saved(file, last, save)
    return replay(plan_of(seed or 0), last, save)
