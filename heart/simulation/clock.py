"""The clocks of one simulated machine: with an offset, a drift, and times in which the machine sleeps."""

from __future__ import annotations

from math import inf

from heart.simulation.world import World


class MachineClock:
    """Two monotonic clocks, in seconds. `drift` is how much faster than true time they run: 0.01 is 1 %.

    While the machine is suspended `awake` stands still and `boot` goes on.
    """

    def __init__(self, world: World, offset: float = 0.0, drift: float = 0.0) -> None:
        self._world = world
        self._offset = offset
        self._rate = 1 + drift
        self._slept = 0.0
        self._suspended_at = inf

    def awake(self) -> float:
        """Stands still while the machine is suspended."""
        now = min(self._world.now, self._suspended_at)
        return self._offset + (now - self._slept) * self._rate

    def boot(self) -> float:
        """Goes on always."""
        return self._offset + self._world.now * self._rate

    def when(self, awake: float) -> float:
        """At what true time `awake` will show this, if the machine does not sleep until then."""
        return (awake - self._offset) / self._rate + self._slept

    def lasts(self, seconds: float) -> float:
        """How long these seconds of the machine take in true time."""
        return seconds / self._rate

    def suspend(self) -> None:
        """The machine goes to sleep."""
        self._suspended_at = min(self._suspended_at, self._world.now)

    def resume(self) -> None:
        """It goes on."""
        if self._suspended_at < inf:
            self._slept += self._world.now - self._suspended_at
            self._suspended_at = inf
