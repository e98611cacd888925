"""One call of a resource after the other, each within what time there is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from heart.interfaces import IResource
from heart.resources.step import TOLD, Step

PATIENCE = 10.0
"""Seconds in which a start has to end that is interrupted by a release without a budget."""

CHECK_PATIENCE = 1.0
"""Seconds in which a status has to end that is interrupted: it changes nothing, so nothing is half done."""


class Calls:
    """Makes the calls of one order after the other, never two at once.

    `deadline` is when all must have ended (None: each takes its own time). `to_stop` is how many
    resources have to be stopped by then, the one whose turn it is included. `note` is called as the
    processes that run may have changed.
    """

    def __init__(self, clock: IReactorTime, note: Callable[[], None]) -> None:
        self.deadline: float | None = None
        self.to_stop = 0
        self._clock, self._note = clock, note
        self._step: Step | None = None

    def end_within(self, budget: float | None) -> bool:
        """All must have ended within so many seconds, if given; whether that is sooner than before."""
        if budget is None:
            return False
        deadline = self._clock.seconds() + budget
        if self.deadline is not None and self.deadline <= deadline:
            return False
        self.deadline = deadline
        return True

    def interrupt(self, patience: float) -> None:
        """End the call under way: within its share of the time; without a limit, `patience` seconds."""
        if self._step is not None:
            self._step.interrupt(patience if self.deadline is None else self._share() / 3)

    async def make(self, resource: IResource, call: Callable[[], Deferred[None]]) -> str | None:
        """Make a call, which takes its own time; its problem, if it has one."""
        return await self._take(Step(self._clock, resource), call, None)

    async def stop(self, resource: IResource, call: Callable[[float | None], Deferred[None]]) -> str | None:
        """Have it stopped; once more if that was interrupted because there is less time now."""
        while True:
            step, limit = Step(self._clock, resource), None if self.deadline is None else self._share()
            told = None if limit is None else limit * TOLD
            problem = await self._take(step, partial(call, told), limit)
            if problem is None or not step.interrupted:
                return problem

    async def _take(self, step: Step, call: Callable[[], Deferred[None]], limit: float | None) -> str | None:
        self._note()
        self._step = step
        step.begin(call, limit)
        self._note()
        problem = await step.done
        self._step = None
        self._note()
        return problem

    def _share(self) -> float:
        """What the resource whose turn it is may take: most of what is left, and all if it is the last.

        A resource that hangs must not cost those after it, often the address, their chance to be stopped.
        """
        left = max(0.0, (self.deadline or 0.0) - self._clock.seconds())
        return left * (self.to_stop + 1) / (2 * self.to_stop)
