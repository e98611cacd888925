"""All that is foretold of a configuration, service by service, calculated and simulated on all cores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from heart.config.model import Service
from heart.core.settings import Settings
from heart.forecast.blows import blows
from heart.forecast.calculation import Calculated, calculate, with_more
from heart.forecast.calm import Calm, Stretch, stretches, together
from heart.forecast.conditions import Losses
from heart.forecast.effects import RUNS, Effect, Strike, Struck, effect
from heart.simulation.processes import on_all_cores

Task = Stretch | Strike
Outcome = Calm | Struck | None
CALM = -1  # the place of simulated days among the numbers of blows


@dataclass(frozen=True, slots=True)
class Prospect:
    """What becomes of services that are alike in all that matters here, `service` being one of them.

    `further` is what would be with a link more. `effects` are empty where the service is never held.
    """

    names: tuple[str, ...]
    service: Service
    calculated: Calculated | str
    further: Mapping[str, Calculated | str]
    calm: Calm
    effects: tuple[Effect, ...]


class Forecast:
    """The prospects of a configuration in these conditions, with so many seconds in which nothing happens."""

    def __init__(self, settings: Settings, losses: Losses, seconds: float, seed: int = 0) -> None:
        self._settings = settings
        self._losses = losses
        self._alike = _alike(settings.services)
        self._tasks = [
            (number, place, task)
            for number, service in enumerate(self._alike)
            for place, task in self._plan(service, seconds, seed)
        ]

    def seconds(self) -> float:
        """How long everything takes in simulated time, about."""
        return sum(task.seconds() for _, _, task in self._tasks)

    def make(self, on_progress: Callable[[float], None]) -> list[Prospect]:
        """Do it, and tell how many simulated seconds more are done."""
        outcomes: dict[tuple[int, int], list[Outcome]] = {}
        for number, place, seconds, outcome in on_all_cores(_run, self._tasks):
            outcomes.setdefault((number, place), []).append(outcome)
            on_progress(seconds)
        return [
            self._prospect(service, names, {place: of for (n, place), of in outcomes.items() if n == number})
            for number, (service, names) in enumerate(self._alike.items())
        ]

    def _plan(self, service: Service, seconds: float, seed: int) -> Iterator[tuple[int, Task]]:
        for stretch in stretches(seed, self._settings, self._losses, service, seconds):
            yield CALM, stretch
        for place in range(len(blows(self._settings, service))):
            for run in range(RUNS):
                yield place, Strike(seed + run, self._settings, self._losses, service, place)

    def _prospect(
        self, service: Service, names: tuple[str, ...], outcomes: Mapping[int, list[Outcome]]
    ) -> Prospect:
        effects = []
        for place, blow in enumerate(blows(self._settings, service)):
            struck = [outcome for outcome in outcomes[place] if isinstance(outcome, Struck)]
            if struck:
                effects.append(effect(blow, struck))
        return Prospect(
            names,
            service,
            calculate(self._settings, self._losses, service),
            with_more(self._settings, self._losses, service),
            together([outcome for outcome in outcomes[CALM] if isinstance(outcome, Calm)]),
            tuple(effects),
        )


def _alike(services: tuple[Service, ...]) -> dict[Service, tuple[str, ...]]:
    """One service of each kind, with the names of all that are alike."""
    found: dict[object, list[Service]] = {}
    for service in services:
        same = (service.nodes, service.stop, service.failback, service.monitor, service.restarts)
        found.setdefault(same, []).append(service)
    return {alike[0]: tuple(each.name for each in alike) for alike in found.values()}


def _run(numbered: tuple[int, int, Task]) -> tuple[int, int, float, Outcome]:
    number, place, task = numbered
    return number, place, task.seconds(), task.run()
