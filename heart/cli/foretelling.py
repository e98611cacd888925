"""What a configuration does in given conditions: `heart simulate --config FILE`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from pathlib import Path
from typing import TypeVar

import click
from click._termui_impl import ProgressBar

from heart.cli.options import complain, refuse
from heart.config import ConfigurationErrors, load
from heart.core.settings import Settings
from heart.forecast.calculation import Calculated
from heart.forecast.conditions import Losses, Unfit, for_link, losses, read_burst, read_share
from heart.forecast.document import document
from heart.forecast.forecast import Forecast, Prospect
from heart.forecast.report import DAY, conditions, lines, rate
from heart.keys import Keys
from heart.node.settings import core_settings

MOST_DAYS = 36525.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked: losses and bursts as they were typed, days to simulate from a seed on, and a bound.

    `most` is how many false takeovers a year there may be, None: as many as there are.
    """

    shares: tuple[str, ...]
    bursts: tuple[str, ...]
    days: float
    seed: int
    most: float | None


def foretell(file: Path, wish: Wish, as_json: bool) -> int:
    """Say what the configuration in a file does; the exit code."""
    _check(wish)
    settings = _settings(file)
    lost = _losses(settings, wish)
    forecast = Forecast(settings, lost, wish.days * DAY, wish.seed)
    prospects = _make(forecast)
    if as_json:
        click.echo(json.dumps(document(settings, lost, prospects), indent=1))
    else:
        for line in conditions(settings, lost):
            click.echo(line)
        for prospect in prospects:
            click.echo("")
            for line in lines(prospect):
                click.echo(line)
    return _judge(prospects, wish.most)


def _make(forecast: Forecast) -> list[Prospect]:
    if not sys.stderr.isatty():
        return forecast.make(lambda seconds: None)
    bar: ProgressBar[int]
    with click.progressbar(length=round(forecast.seconds()), label="simulating", file=sys.stderr) as bar:
        return forecast.make(lambda seconds: bar.update(round(seconds)))


def _settings(file: Path) -> Settings:
    """The cluster as the core knows it, seen from its first node; keys play no part."""
    try:
        configuration = load(file, None, elsewhere=True, judge_key=False)
    except ConfigurationErrors as errors:
        refuse(errors)
    if not configuration.services:
        raise click.ClickException(f"{file}: expected a service: without one there is nothing to take over")
    return core_settings(configuration, Keys({1: bytes(32)}, 1))


def _check(wish: Wish) -> None:
    if not 0 < wish.days <= MOST_DAYS:
        raise click.BadParameter(f"expected more than 0 and at most {MOST_DAYS:,g}.", param_hint="--days")
    if wish.most is not None and not (isfinite(wish.most) and wish.most >= 0):
        raise click.BadParameter("expected 0 or more.", param_hint="--max-false-per-year")


def _losses(settings: Settings, wish: Wish) -> Losses:
    shares = _read("--loss", wish.shares, read_share)
    bursts = _read("--burst", wish.bursts, read_burst)
    try:
        return losses(tuple(link.name for link in settings.reach), shares, bursts)
    except Unfit as error:
        raise click.BadParameter(f"expected {error}.", param_hint="--loss or --burst") from None


def _read(option: str, said: Sequence[str], read: Callable[[str], T]) -> dict[str, T]:
    found = {}
    for text in said:
        link, value = for_link(text)
        try:
            found[link] = read(value)
        except Unfit as error:
            raise click.BadParameter(f"expected {error}, not {text}.", param_hint=option) from None
    return found


def _judge(prospects: Sequence[Prospect], most: float | None) -> int:
    """Hold the forecast against the bound: 1 where it cannot be shown to keep it."""
    if most is None:
        return 0
    code = 0
    for prospect in prospects:
        up_to = _at_most(prospect)
        if up_to > most:
            names = ", ".join(prospect.names)
            told = "it is never held" if up_to == inf else f"up to {rate(up_to)}"
            complain(f"heart: {names}: expected at most {most:g} false takeovers a year, not {told}")
            code = 1
    return code


def _at_most(prospect: Prospect) -> float:
    """How many false takeovers a year there may be: by calculation, which errs upwards, or by simulation."""
    if not prospect.calm.held:
        return inf
    _, _, high = prospect.calm.a_year()
    if isinstance(prospect.calculated, Calculated):
        return min(high, prospect.calculated.false_takeovers)
    return high
