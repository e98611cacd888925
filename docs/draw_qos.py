"""Draws docs/qos.svg, false takeovers a year over loss: `python docs/draw_qos.py [--check]`.

With --check nothing is written; exit code 1 says that the file is not what the calculation draws.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import log10
from pathlib import Path

from written import write_or_check

from heart.config.timing import DEFAULT_BEAT, timing_of
from heart.core.settings import link_settings
from heart.qos.counting import counting
from heart.qos.course import slot_of
from heart.qos.figures import a_year, figures
from heart.qos.loss import Loss

FILE = Path(__file__).with_name("qos.svg")
PERCENT = (1, 1.5, 2, 3, 4, 5, 7, 10, 13, 16, 20, 25, 30, 35, 40, 45, 50)
MARKED = (1, 2, 5, 10, 20, 30, 50)
LEAST, MOST = -9, 9  # powers of ten a year
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 760, 460, 70, 30, 590, 410


@dataclass(frozen=True)
class Curve:
    """A line of the drawing: false takeovers a year at a loss."""

    name: str
    colour: str
    dashes: str
    rate: Callable[[Loss], float]


def profile(name: str, links: int) -> Callable[[Loss], float]:
    """The rate of a profile on so many UDP links, each of which loses alike."""
    between = link_settings(2, 1, ((f"link{number}", ("alpha", "beta"), None) for number in range(links)))
    return lambda loss: figures(timing_of(name), between, [loss] * links).false_takeovers


def vrrp(loss: Loss) -> float:
    """The rate of counting three lost adverts on one link."""
    return a_year(counting(DEFAULT_BEAT, loss), slot_of(DEFAULT_BEAT))


CURVES = (
    Curve("VRRP, one link", "#555555", "", vrrp),
    Curve("fast, one link", "#c0392b", "6 4", profile("fast", 1)),
    Curve("fast, two links", "#c0392b", "", profile("fast", 2)),
    Curve("default, one link", "#1f5fa8", "6 4", profile("default", 1)),
    Curve("default, two links", "#1f5fa8", "", profile("default", 2)),
    Curve("patient, one link", "#2e8b57", "6 4", profile("patient", 1)),
    Curve("patient, two links", "#2e8b57", "", profile("patient", 2)),
)


def across(percent: float) -> float:
    """Where a loss stands; its axis is logarithmic, too."""
    return LEFT + (RIGHT - LEFT) * log10(percent / PERCENT[0]) / log10(PERCENT[-1] / PERCENT[0])


def down(power: float) -> float:
    """Where a power of ten stands."""
    return BOTTOM - (BOTTOM - TOP) * (power - LEAST) / (MOST - LEAST)


def text() -> str:
    """The drawing."""
    return "\n".join(_elements()) + "\n"


def _elements() -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12">'
    )
    yield "<title>False takeovers a year over the loss on each link, beats every 100 ms</title>"
    yield f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>'
    for power in range(LEAST, MOST + 1, 3):
        yield _line(LEFT, down(power), RIGHT, down(power))
        label = f'10<tspan dy="-5" font-size="9">{power}</tspan>' if power else "1"
        yield _label(LEFT - 8, down(power) + 4, "end", label)
    for percent in MARKED:
        yield _line(across(percent), TOP, across(percent), BOTTOM)
        yield _label(across(percent), BOTTOM + 18, "middle", f"{percent} %")
    yield _label((LEFT + RIGHT) / 2, BOTTOM + 38, "middle", "loss on each link, each frame for itself")
    yield _label(LEFT, TOP - 12, "start", "false takeovers a year")
    field = f'x="{LEFT}" y="{TOP}" width="{RIGHT - LEFT}" height="{BOTTOM - TOP}"'
    yield f'<clipPath id="field"><rect {field}/></clipPath>'
    for number, curve in enumerate(CURVES):
        yield from _curve(curve, TOP + 20 + 22 * number)
    yield "</svg>"


def _curve(curve: Curve, key_at: float) -> Iterator[str]:
    rates = ((percent, curve.rate(Loss(percent / 100))) for percent in PERCENT)
    points = " ".join(
        f"{across(percent):.1f},{down(max(LEAST - 40, log10(rate))):.1f}" for percent, rate in rates if rate
    )
    style = f'fill="none" stroke="{curve.colour}" stroke-width="2" stroke-dasharray="{curve.dashes}"'
    yield f'<polyline clip-path="url(#field)" {style} points="{points}"/>'
    yield f'<path d="M{RIGHT + 14} {key_at}h26" {style}/>'
    yield _label(RIGHT + 46, key_at + 4, "start", curve.name)


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="#dddddd"/>'


def _label(x: float, y: float, anchor: str, content: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{content}</text>'


if __name__ == "__main__":
    sys.exit(write_or_check(FILE, text))
