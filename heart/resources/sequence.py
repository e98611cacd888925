"""The resources of one service: started in order, stopped in reverse, one thing at a time."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from collections.abc import Sequence as Several
from functools import partial
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from heart.interfaces import IResource, Tenure
from heart.resources.step import TOLD, Step

PATIENCE = 10.0
"""Seconds in which a start has to end that is interrupted by a release without a budget."""

Changed = Callable[[Tenure | None, tuple[int, ...]], None]
"""Told what is held, or may be (None: nothing), and the process groups of the scripts that run."""


class SequenceUser(Protocol):
    """Who is told how orders ended. A call may come before the order has returned."""

    def started(self, tenure: Tenure) -> None:
        """Everything runs."""

    def start_failed(self, tenure: Tenure, reason: str, clean: bool) -> None:
        """Something did not start; what was begun has been stopped, and if `clean`, all of it."""

    def released(self, tenure: Tenure, clean: bool, reason: str) -> None:
        """Everything has been stopped if `clean`; else `reason` says what may still run."""


class Sequence:
    """Carries out one order at a time; each is answered once.

    A release takes the place of a take-over under way. Releases that come while one is under way join
    it, and the least of their budgets counts: they are answered together, with the newest tenure.
    """

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        resources: Several[IResource],
        stop: float,
        user: SequenceUser,
        changed: Changed,
    ) -> None:
        self._clock, self._resources, self._stop = clock, tuple(resources), stop
        self._user, self._changed = user, changed
        self._tenure: Tenure  # the newest; set by the first order
        self._begun: set[int] = set()
        self._told: tuple[Tenure | None, tuple[int, ...]] = (None, ())
        self._busy = self._starting = self._releasing = False
        self._deadline: float | None = None
        self._to_stop = 0
        self._step: Step | None = None

    def take_over(self, tenure: Tenure) -> None:
        """Start everything in order. If something fails, undo what was begun, within the service's `stop`."""
        self._require_rest("take_over")
        self._work(self._take_over(tenure))

    def release(self, tenure: Tenure, budget: float | None) -> None:
        """Stop what was begun in reverse: within `budget` seconds, by force where needed, if one is given."""
        self._releasing = True
        deadline = None if budget is None else self._clock.seconds() + budget
        sooner = deadline is not None and (self._deadline is None or deadline < self._deadline)
        if sooner:
            self._deadline = deadline
        if not self._busy:
            self._work(self._release(tenure))
        else:
            self._tenure = tenure
            if self._step is not None and (self._starting or sooner):
                self._step.interrupt(PATIENCE if self._deadline is None else self._share() / 3)

    def release_leftovers(self, tenure: Tenure, budget: float | None) -> None:
        """Stop everything, whether it was started here or not: an earlier daemon was killed."""
        self._require_rest("release_leftovers")
        self._begun = set(range(len(self._resources)))
        self.release(tenure, budget)

    def announce(self) -> None:
        """Tell the network once more what is held."""
        for resource in self._resources:
            resource.announce()

    def output(self) -> dict[str, str]:
        """What the resources printed when they were last started or stopped, by their labels."""
        return {resource.label: resource.output for resource in self._resources if resource.output}

    def _require_rest(self, order: str) -> None:
        if self._busy:
            raise RuntimeError(f"{order} ordered while an earlier order is being carried out")

    def _work(self, order: Coroutine[Deferred[Any], Any, None]) -> None:
        self._busy = True
        Deferred.fromCoroutine(order).addErrback(lambda failure: self._log.failure("in an order", failure))

    def _rest(self) -> None:
        self._busy = self._releasing = False
        self._deadline = None

    async def _take_over(self, tenure: Tenure) -> None:
        self._tenure, self._starting = tenure, True
        problem = await self._start_all(tenure)
        self._starting = False
        if self._releasing:
            await self._stop_and_report()
        elif problem is None:
            self._rest()
            self._user.started(tenure)
        else:
            self._deadline = self._clock.seconds() + self._stop
            await self._stop_and_report(problem)

    async def _release(self, tenure: Tenure) -> None:
        self._tenure = tenure
        await self._stop_and_report()

    async def _start_all(self, tenure: Tenure) -> str | None:
        for number, resource in enumerate(self._resources):
            self._begun.add(number)
            self._to_stop = len(self._begun)
            step = Step(self._clock, resource)
            problem = await self._take(step, partial(resource.start, tenure), None)
            if problem is not None or self._releasing:
                return problem
        return None

    async def _stop_and_report(self, failed: str | None = None) -> None:
        """Stop what was begun, then say so: that the start `failed`, unless a release has come."""
        problems = []
        for number in sorted(self._begun, reverse=True):
            self._to_stop = sum(other <= number for other in self._begun)
            problem = await self._stop_one(self._resources[number])
            if problem is None:
                self._begun.discard(number)
            else:
                problems.append(problem)
        self._note()
        tenure, releasing = self._tenure, self._releasing
        self._rest()
        if releasing or failed is None:
            self._user.released(tenure, not problems, "; ".join(problems))
        else:
            self._user.start_failed(tenure, "; ".join([failed, *problems]), not problems)

    async def _stop_one(self, resource: IResource) -> str | None:
        """Stop it; once more if that was interrupted because there is less time now."""
        while True:
            step, limit = Step(self._clock, resource), None if self._deadline is None else self._share()
            told = None if limit is None else limit * TOLD
            problem = await self._take(step, partial(resource.stop, self._tenure, told), limit)
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
        left = max(0.0, (self._deadline or 0.0) - self._clock.seconds())
        return left * (self._to_stop + 1) / (2 * self._to_stop)

    def _note(self) -> None:
        """Say what is held and what runs, where that has changed."""
        pids = [resource.pid for resource in self._resources]
        now = (self._tenure if self._begun else None, tuple(pid for pid in pids if pid is not None))
        if now != self._told:
            self._told = now
            self._changed(*now)
