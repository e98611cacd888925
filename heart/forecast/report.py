"""A forecast as lines for a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from heart.config.durations import format_duration
from heart.core.settings import Settings
from heart.forecast.calculation import Calculated
from heart.forecast.calm import Calm
from heart.forecast.conditions import EVERYWHERE, Losses
from heart.forecast.effects import RUNS, Effect, Spread
from heart.forecast.forecast import Prospect
from heart.qos.loss import Loss

DAY = 86400.0
HARDLY_EVER = 1e-6  # a year: what is rarer is not told apart
NOTHING = 0.0005  # seconds: shown as none
SIMULATED = ("trust", "quorum")  # arbiters that are part of the core


def conditions(settings: Settings, losses: Losses) -> Iterator[str]:
    """What is looked at, and in which conditions."""
    nodes, beat = len(settings.nodes), format_duration(settings.timing.beat)
    yield f"cluster {settings.cluster}: {nodes} nodes under {settings.arbiter}, beats every {beat}"
    for link in settings.reach:
        yield f"  link {link.name} ({_kind(link.baud)}): {_loss(losses[link.name])}"
    if any(losses[link.name] != losses[EVERYWHERE] for link in settings.reach):
        yield f"  on a further link: {_loss(losses[EVERYWHERE])}"
    if settings.arbiter not in SIMULATED:
        yield f"  the arbiter {settings.arbiter} is taken to agree at once"


def lines(prospect: Prospect) -> Iterator[str]:
    """What becomes of some services."""
    holder, *others = prospect.service.nodes
    then = f", then {', '.join(others)}" if others else ""
    yield f"{', '.join(prospect.names)}: on {holder}{then}"
    yield ""
    yield from _calculated(prospect)
    yield ""
    yield from _calm(prospect.calm)
    if prospect.effects:
        yield ""
        yield from _effects(prospect.effects)


def rate(a_year: float) -> str:
    """How often something happens, as people say it."""
    if a_year < HARDLY_EVER:
        return "never" if not a_year else "less than one in 1,000,000 years"
    if a_year < 0.1:
        return f"one in {float(f'{1 / a_year:.2g}'):,.0f} years"
    rounded = float(f"{a_year:.2g}")
    return f"{rounded:,.0f} a year" if rounded >= 10 else f"{rounded:g} a year"


def _calculated(prospect: Prospect) -> Iterator[str]:
    yield "calculated: half of all deaths are noticed within, and all within"
    rows = [("", "noticed", "false takeovers")]
    found = {"as it is": prospect.calculated}
    found |= {f"with {text}": with_it for text, with_it in prospect.further.items()}
    rows += [(text, *_figures(figures)) for text, figures in found.items()]
    yield from _table(rows)


def _figures(found: Calculated | str) -> tuple[str, str]:
    if isinstance(found, str):
        return "?", found
    return f"{found.detection.median:.2f} {found.detection.most:.2f} s", rate(found.false_takeovers)


def _calm(calm: Calm) -> Iterator[str]:
    days = calm.seconds / DAY
    yield f"simulated: {days:g} {'day' if days == 1 else 'days'} in which nothing happens but losses"
    if not calm.held:
        yield "  it is never held in these conditions"
        return
    found, low, high = calm.a_year()
    if calm.false_takeovers:
        expected = f"{calm.false_takeovers}, {rate(found)}; {rate(low)} to {rate(high)}"
    else:
        expected = f"none; less than {rate(high)}"
    yield f"  false takeovers: {expected} (95 % confidence)"
    yield f"  without the service: {calm.without:.1f} s; with two holders: {calm.double:.1f} s"


def _effects(effects: Sequence[Effect]) -> Iterator[str]:
    lasts = max(effect.blow.lasts for effect in effects)
    yield f"simulated, {RUNS} times each: what happens to its holder, and seconds (half, all)"
    rows: list[tuple[str, ...]] = [("", "until noticed", "without it", "with two holders")]
    for effect in effects:
        cells = [_spread(spread) for spread in (effect.noticed, effect.without, effect.double)]
        rows.append((effect.blow.text, *cells[:2], cells[2] + _lost(effect)))
    yield from _table(rows)
    yield f"  What ends again lasts {lasts:.2g} s here. Scripts take no time: add what yours take."


def _lost(effect: Effect) -> str:
    return f"  not held in the end: {effect.lost} of {effect.runs}" if effect.lost else ""


def _spread(spread: Spread | None) -> str:
    if spread is None or spread.most < NOTHING:
        return "-"
    return f"{spread.median:.2f} {spread.most:.2f}"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows of cells, each column as wide as its widest cell, the last one as it is."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        yield f"  {'   '.join(padded)}".rstrip()


def _kind(baud: int | None) -> str:
    return "network" if baud is None else f"{baud:,} baud"


def _loss(loss: Loss) -> str:
    told = [f"{loss.each * 100:g} % lost"] if loss.each else []
    if loss.burst_share:
        mean = format_duration(loss.burst_mean)
        told.append(f"all lost in bursts of {mean}, {loss.burst_share * 100:g} % of the time")
    return ", and ".join(told) or "nothing lost"
