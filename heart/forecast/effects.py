"""What each thing that can happen does to a service: it is made to happen many times, each time anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from heart.config.model import Service
from heart.core.settings import Settings
from heart.forecast.blows import Blow, blows, lasting
from heart.forecast.conditions import Losses
from heart.forecast.trial import SOME_BEATS, Trial

RUNS = 20


@dataclass(frozen=True, slots=True)
class Struck:
    """One time: seconds until the death was noticed, without the service, and with two of it.

    `noticed` is None where nobody died, or it was not noticed. `held` is whether it is held at the end.
    """

    noticed: float | None
    without: float
    double: float
    held: bool


@dataclass(frozen=True, slots=True)
class Spread:
    """Half of the times it was `median` or less, and never more than `most`."""

    median: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Of these; there is at least one."""
        return cls(median(values), max(values))


@dataclass(frozen=True, slots=True)
class Effect:
    """What a blow does, in so many runs. `lost` is in how many of them the service was held no more."""

    blow: Blow
    runs: int
    noticed: Spread | None
    without: Spread
    double: Spread
    lost: int


@dataclass(frozen=True, slots=True)
class Strike:
    """One run to be made: of the number `blow` of `blows`."""

    seed: int
    settings: Settings
    losses: Losses
    service: Service
    blow: int

    def seconds(self) -> float:
        """How long it takes in simulated time, about."""
        return self.settings.timing.start + self._after()

    def run(self) -> Struck | None:
        """Make it; None: the service is never held in these conditions."""
        trial = Trial(self.seed, self.settings, self.losses, self.service)
        if not trial.settle():
            return None
        blow = blows(self.settings, self.service)[self.blow]
        holder = trial.holders()[0]
        at = trial.world.now
        blow.strike(trial, holder)
        dead = [name for name, node in trial.machines.nodes.items() if node.core is None]
        if blow.lasts:
            trial.run(blow.lasts)
            blow.mend(trial, holder)
        trial.run(self._after())
        noticed = trial.record.called_dead_at(dead)
        return Struck(
            None if noticed is None else noticed - at,
            trial.record.without,
            trial.record.double,
            bool(trial.holders()),
        )

    def _after(self) -> float:
        checks = 2 * (self.service.monitor or 0.0)
        return lasting(self.settings, self.service) + SOME_BEATS * self.settings.timing.beat + checks


def effect(blow: Blow, struck: Sequence[Struck]) -> Effect:
    """What so many runs of a blow amount to; there is at least one."""
    noticed = [one.noticed for one in struck if one.noticed is not None]
    return Effect(
        blow,
        len(struck),
        Spread.of(noticed) if noticed else None,
        Spread.of([one.without for one in struck]),
        Spread.of([one.double for one in struck]),
        sum(not one.held for one in struck),
    )
