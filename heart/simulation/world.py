"""Simulated time: what is to happen when. All chance in it comes from one seed."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Any

from heart.simulation.chance import Chance

Act = Callable[..., None]

MOST_AT_ONCE = 20_000


class TimeStandsStill(RuntimeError):
    """Somebody is busy without end, as a daemon that takes a whole processor."""


class World:
    """Simulated seconds, true for everybody. Things due at one moment happen in the order of planning."""

    def __init__(self, seed: int) -> None:
        self.now = 0.0
        self.chance = Chance(seed)
        self._order = count()
        self._agenda: list[tuple[float, int, Act, tuple[Any, ...]]] = []

    def at(self, time: float, act: Act, *args: Any) -> None:
        """Have something happen at this time; what is past happens next."""
        heappush(self._agenda, (time, next(self._order), act, args))

    def after(self, seconds: float, act: Act, *args: Any) -> None:
        """Have something happen later."""
        heappush(self._agenda, (self.now + seconds, next(self._order), act, args))

    def run(self, seconds: float) -> None:
        """Let that much time pass. Raises TimeStandsStill."""
        end = self.now + seconds
        agenda = self._agenda
        at_once = 0
        while agenda and agenda[0][0] <= end:
            time, _, act, args = heappop(agenda)
            if time > self.now:
                self.now, at_once = time, 0
            at_once += 1
            if at_once > MOST_AT_ONCE:
                raise TimeStandsStill(f"more than {MOST_AT_ONCE} things happen at one moment")
            act(*args)
        self.now = end
