"""Figures beside their bounds, and what a benchmark's exit code says of them."""

from __future__ import annotations

import signal
import statistics
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import FrameType

HOLDS, BROKEN, UNMEASURED = 0, 1, 2


class Unmeasured(Exception):
    """The figure could not be had on this machine; the text is one line that says what is missing."""


@dataclass(frozen=True)
class Spread:
    """The least, the median and the greatest of what was seen."""

    least: float
    median: float
    greatest: float

    def show(self, factor: float = 1.0, digits: int = 1) -> str:
        """As text, each value times `factor`."""
        return " / ".join(
            f"{value * factor:.{digits}f}" for value in (self.least, self.median, self.greatest)
        )


def spread(values: Sequence[float]) -> Spread:
    """What was seen, in three numbers. Raises StatisticsError where nothing was."""
    return Spread(min(values), statistics.median(values), max(values))


@dataclass(frozen=True)
class Bounded:
    """A ratio of two things measured in one run, and what it has to be: more than, or at most, `bound`."""

    what: str
    ratio: float
    bound: float
    more: bool

    def holds(self) -> bool:
        """Whether the ratio is within its bound."""
        return self.ratio > self.bound if self.more else self.ratio <= self.bound

    def __str__(self) -> str:
        sign = ">" if self.more else "<="
        verdict = "holds" if self.holds() else "BROKEN"
        return f"{self.what}: {self.ratio:.2f} (bound {sign} {self.bound:g}): {verdict}"


def run(measure: Callable[[], Iterable[Bounded]]) -> int:
    """Measure, print each ratio beside its bound; the exit code: 0 all hold, 1 not, 2 not measured.

    A signal that would end the process ends the measuring instead, so that everything is cleaned up.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        ratios = list(measure())
    except Unmeasured as missing:
        return _not_measured(str(missing))
    except KeyboardInterrupt:
        return _not_measured("interrupted")
    print()
    for ratio in ratios:
        print(ratio)
    return HOLDS if all(ratio.holds() for ratio in ratios) else BROKEN


def _not_measured(why: str) -> int:
    print(f"not measured: {why}", file=sys.stderr)
    return UNMEASURED


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
