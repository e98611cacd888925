"""Days in which nothing happens but what the links lose: how often the service moves for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, lgamma, log

from heart.config.model import Service
from heart.core.settings import Settings
from heart.forecast.conditions import Losses
from heart.forecast.trial import Trial
from heart.qos.figures import YEAR

STRETCH = 9000  # beats that are simulated in one piece
DOUBT = 0.05  # the chance that the true rate lies outside of its bounds
HALVINGS = 60


@dataclass(frozen=True, slots=True)
class Calm:
    """What became of a service in so many seconds; `held` is whether it was held at their beginning."""

    seconds: float
    false_takeovers: int
    wrong_verdicts: int
    without: float
    double: float
    held: bool = True

    def a_year(self) -> tuple[float, float, float]:
        """False takeovers a year, and the bounds of that rate with 95 % confidence."""
        low, high = bounds(self.false_takeovers)
        years = self.seconds / YEAR
        return self.false_takeovers / years, low / years, high / years


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of that time, to be simulated."""

    seed: int
    settings: Settings
    losses: Losses
    service: Service
    lasts: float

    def seconds(self) -> float:
        """How long it takes in simulated time, about."""
        return self.settings.timing.start + self.lasts

    def run(self) -> Calm:
        """Simulate it."""
        trial = Trial(self.seed, self.settings, self.losses, self.service)
        held = trial.settle()
        trial.run(self.lasts)
        record = trial.record
        return Calm(
            self.lasts, record.needless_releases, record.verdicts, record.without, record.double, held
        )


def stretches(
    seed: int, settings: Settings, losses: Losses, service: Service, seconds: float
) -> list[Stretch]:
    """All pieces of so many seconds."""
    longest = STRETCH * settings.timing.beat
    count = max(1, -int(-seconds // longest))
    return [Stretch(seed + n, settings, losses, service, seconds / count) for n in range(count)]


def together(pieces: Sequence[Calm]) -> Calm:
    """All of them as one."""
    return Calm(
        sum(piece.seconds for piece in pieces),
        sum(piece.false_takeovers for piece in pieces),
        sum(piece.wrong_verdicts for piece in pieces),
        sum(piece.without for piece in pieces),
        sum(piece.double for piece in pieces),
        any(piece.held for piece in pieces),
    )


def bounds(count: int) -> tuple[float, float]:
    """Between which the mean of a Poisson count lies with 95 % confidence (Garwood, Biometrika 28, 1936)."""
    low = _mean(count - 1, 1 - DOUBT / 2) if count else 0.0
    return low, _mean(count, DOUBT / 2)


def _mean(count: int, chance: float) -> float:
    """The mean at which `count` or fewer have this chance: found by halving, as it falls with the mean."""
    low, high = 0.0, 10.0 + 2.0 * count
    while _at_most(count, high) > chance:
        high *= 2
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(count, middle) > chance else (low, middle)
    return high


def _at_most(count: int, mean: float) -> float:
    """The chance of `count` events or fewer."""
    if mean <= 0:
        return 1.0
    terms = (number * log(mean) - mean - lgamma(number + 1) for number in range(count + 1))
    return min(1.0, sum(exp(term) for term in terms if term > -inf))
