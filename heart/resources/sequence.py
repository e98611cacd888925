"""The resources of one service: started in order, stopped in reverse, one thing at a time."""

from __future__ import annotations

from collections.abc import Coroutine
from collections.abc import Sequence as Several
from enum import Enum, auto
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from heart.interfaces import Tenure
from heart.resources.calls import CHECK_PATIENCE, PATIENCE, Calls
from heart.resources.roster import Make, Roster
from heart.resources.user import Changed, SequenceUser

__all__ = ["Changed", "Sequence", "SequenceUser"]


class _Doing(Enum):
    """What is done just now for the order under way."""

    REST = auto()
    STARTING = auto()
    STOPPING = auto()
    CHECKING = auto()


class Sequence:
    """Carries out one order at a time; each is answered once.

    A release takes the place of any other order under way, and a restart that of a check: what is
    overtaken is not answered. Releases that come while one is under way join it, and the least of their
    budgets counts: they are answered together, with the newest tenure. What a resource loses by itself
    is answered as if a check had found it: at once where it is held, after a start that is under way.

    `stop` is the service's emergency budget in seconds, and may be changed at any time.
    """

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        service: str,
        plan: Several[Any],
        make: Make,
        stop: float,
        user: SequenceUser,
        changed: Changed,
    ) -> None:
        """`make` makes the resources from their settings in `plan`: those now, and of `renew` later."""
        self.stop = stop
        self._user, self._changed = user, changed
        self._roster = Roster(service, plan, make, user, self._lost)
        self._calls = Calls(clock, self._note)
        self._tenure: Tenure  # the newest; set by the first order
        self._told: tuple[Tenure | None, tuple[int, ...]] = (None, ())
        self._doing = _Doing.REST
        self._releasing = False
        self._restart_next: Tenure | None = None
        self._stuck: dict[int, str] = {}  # what this order could not stop, and why

    def watch(self) -> None:
        """From now on tell the user what the resources notice by themselves; may be said again."""
        self._roster.watch()

    def close(self) -> None:
        """The end: nothing is held, nothing is under way, and there will be no further order."""
        self._roster.close()

    def take_over(self, tenure: Tenure) -> None:
        """Start everything in order. If something fails, undo what was begun, within the service's `stop`."""
        self._require_rest("take_over")
        self._tenure = tenure
        self._work(self._start_and_report(tenure, 0))

    def release(self, tenure: Tenure, budget: float | None) -> None:
        """Stop what was begun in reverse: within `budget` seconds, by force where needed, if one is given."""
        self._releasing, self._tenure = True, tenure
        sooner = self._calls.end_within(budget)
        if self._doing is _Doing.REST:
            self._work(self._stop_and_report())
        elif sooner or self._doing is not _Doing.STOPPING:
            self._interrupt()

    def release_leftovers(self, tenure: Tenure, budget: float | None) -> None:
        """Stop everything, whether it was started here or not: an earlier daemon was killed."""
        self._require_rest("release_leftovers")
        self._roster.begun = set(range(len(self._roster.resources)))
        self.release(tenure, budget)

    def check(self, tenure: Tenure) -> None:
        """Ask each that was begun for its status, in order; the first problem ends it."""
        self._require_rest("check")
        self._work(self._check(tenure))

    def restart(self, tenure: Tenure) -> None:
        """Stop in reverse what was begun, down to the first that failed or is to change; then start again.

        Each stop takes its own time. Where one fails, the others are stopped within the service's `stop`.
        """
        if self._doing is _Doing.CHECKING and not self._releasing and self._restart_next is None:
            self._restart_next = tenure
            self._interrupt()
        else:
            self._require_rest("restart")
            self._work(self._restart(tenure))

    def renew(self, plan: Several[Any]) -> None:
        """The service has other resources now: they come in at once, or as soon as nothing is begun.

        Where something is held, at the next restart: those before the first that differs go on running.
        """
        self._roster.renew(plan)
        if self._doing is _Doing.REST:
            self._rest()
            self._roster.speak()

    def announce(self) -> None:
        """Tell the network once more what is held."""
        self._roster.announce()

    def output(self) -> dict[str, str]:
        """What the resources printed when they were last started or stopped, or why they do not run."""
        return self._roster.output()

    def _require_rest(self, order: str) -> None:
        if self._doing is not _Doing.REST:
            raise RuntimeError(f"{order} ordered while an earlier order is being carried out")

    def _work(self, order: Coroutine[Deferred[Any], Any, None]) -> None:
        Deferred.fromCoroutine(order).addErrback(lambda failure: self._log.failure("in an order", failure))

    def _rest(self) -> None:
        self._doing, self._releasing = _Doing.REST, False
        self._restart_next = self._calls.deadline = None
        self._stuck.clear()
        if not self._roster.begun:
            self._roster.swap()

    def _lost(self) -> None:
        """One that ran does so no more: a check need not go on to find that."""
        if self._doing is _Doing.CHECKING:
            self._interrupt()
        else:
            self._tell_lost()

    def _tell_lost(self) -> None:
        news = self._roster.take_news() if self._doing is _Doing.REST else None
        if news is not None:
            self._user.checked(self._tenure, news)

    def _interrupt(self) -> None:
        self._calls.interrupt(CHECK_PATIENCE if self._doing is _Doing.CHECKING else PATIENCE)

    async def _start_and_report(self, tenure: Tenure, first: int) -> None:
        problem = await self._start_from(first, tenure)
        if self._releasing:
            await self._stop_and_report()
        elif problem is None:
            self._rest()
            self._user.started(tenure)
            self._roster.speak()
            self._tell_lost()
        else:
            await self._undo(problem)

    async def _start_from(self, first: int, tenure: Tenure) -> str | None:
        self._doing = _Doing.STARTING
        for number, resource in enumerate(self._roster.resources[first:], first):
            if self._releasing:
                break
            self._roster.begin(number)
            self._calls.to_stop = len(self._roster.begun)
            problem = await self._calls.make(resource, partial(resource.start, tenure))
            if problem is not None:
                return problem
            self._roster.sure = number + 1
        return None

    async def _restart(self, tenure: Tenure) -> None:
        self._doing, self._tenure, self._restart_next = _Doing.STOPPING, tenure, None
        first = self._roster.first_to_restart()
        while (last := max(self._roster.begun, default=-1)) >= first:
            await self._stop_one(last)
            if self._stuck or self._releasing:
                break
            first = min(first, self._roster.first_to_restart())  # more may have failed, or is to change
        if self._releasing:
            await self._stop_and_report()
        elif self._stuck:
            await self._undo()
        else:
            self._roster.swap()
            self._roster.speak()
            await self._start_and_report(tenure, first)

    async def _check(self, tenure: Tenure) -> None:
        self._doing = _Doing.CHECKING
        problem = await self._ask_all(tenure)
        if self._releasing:
            await self._stop_and_report()
        elif self._restart_next is not None:
            await self._restart(self._restart_next)
        else:
            self._rest()
            self._user.checked(tenure, problem)

    async def _ask_all(self, tenure: Tenure) -> str | None:
        self._calls.to_stop = len(self._roster.begun)
        for number in sorted(self._roster.begun):
            resource = self._roster.resources[number]
            problem = await self._calls.make(resource, partial(resource.status, tenure))
            if self._releasing or self._restart_next is not None:
                return None
            news = self._roster.take_news()
            if news is not None:
                return news
            if problem is not None:
                self._roster.fail(number)
                return problem
        self._roster.all_run()
        return None

    async def _undo(self, *failed: str) -> None:
        self._calls.end_within(self.stop)
        await self._stop_and_report(failed)

    async def _stop_and_report(self, failed: Several[str] | None = None) -> None:
        """Stop what was begun, then say so: that a start has `failed`, unless a release has come."""
        self._doing = _Doing.STOPPING
        self._roster.let_go()
        for number in sorted(self._roster.begun - self._stuck.keys(), reverse=True):
            await self._stop_one(number)
        self._note()
        tenure, problems, clean = self._tenure, tuple(self._stuck.values()), not self._stuck
        released = self._releasing or failed is None
        self._rest()
        if released:
            self._user.released(tenure, clean, "; ".join(problems))
        else:
            self._user.start_failed(tenure, "; ".join((*(failed or ()), *problems)), clean)
        self._roster.speak()

    async def _stop_one(self, number: int) -> None:
        resource = self._roster.resources[number]
        self._calls.to_stop = sum(other <= number for other in self._roster.begun)
        problem = await self._calls.stop(resource, lambda budget: resource.stop(self._tenure, budget))
        if problem is None:
            self._roster.begun.discard(number)
        else:
            self._stuck[number] = problem

    def _note(self) -> None:
        """Say what is held and what runs, where that has changed."""
        now = (self._tenure if self._roster.begun else None, self._roster.running())
        if now != self._told:
            self._told = now
            self._changed(*now)
