"""The resources of one service in their order: which were begun, what they tell, and who comes after them."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as Several
from typing import Any

from twisted.logger import Logger

from heart.interfaces import IResource
from heart.resources.user import SequenceUser

Make = Callable[[Any], IResource]
"""Makes the resource that such settings describe; never raises."""


class Roster:
    """The resources, by their numbers from 0 on, and whom they tell what they notice (a ResourceUser).

    Those below `sure` run as far as is known, so that only their loss is news. `lost` is called when
    there is some, which `take_news` then gives.
    """

    _log = Logger()

    def __init__(
        self, service: str, plan: Several[Any], make: Make, user: SequenceUser, lost: Callable[[], None]
    ) -> None:
        self._service, self._plan, self._make = service, tuple(plan), make
        self._user, self._lost = user, lost
        self._next: tuple[Any, ...] | None = None
        self._watching = self._closed = False
        self._failed: set[int] = set()
        self._news: str | None = None
        self._hindrances: dict[int, str] = {}
        self._hindrance: str | None = None
        self._silent = False
        self.begun: set[int] = set()
        self.sure = 0
        self.resources = tuple(make(settings) for settings in self._plan)

    def watch(self) -> None:
        """Listen to what the resources notice, and to those that take their place."""
        if not self._watching:
            self._watching = True
            self._listen(self.resources)

    def close(self) -> None:
        """Listen no more: nothing will be started again."""
        self._closed = True
        self._each(self.resources, lambda resource: resource.close())

    def announce(self) -> None:
        """Tell the network once more what is here."""
        self._each(self.resources, lambda resource: resource.announce())

    def output(self) -> dict[str, str]:
        """What they printed in their last calls, by their labels."""
        return {resource.label: resource.output for resource in self.resources if resource.output}

    def running(self) -> tuple[int, ...]:
        """The process groups of the commands that run for them now."""
        pids = [resource.pid for resource in self.resources]
        return tuple(pid for pid in pids if pid is not None)

    def begin(self, number: int) -> None:
        """This one is about to be started."""
        self.begun.add(number)
        self._failed.discard(number)
        self.sure = number

    def fail(self, number: int) -> None:
        """This one was asked, and does not run."""
        self._failed.add(number)

    def all_run(self) -> None:
        """All were asked, and run."""
        self._failed.clear()

    def let_go(self) -> None:
        """All are about to be stopped: what they lose from now on is no news."""
        self.sure = 0
        self._failed.clear()
        self._news = None

    def first_to_restart(self) -> int:
        """The number from which on all must be stopped and started again.

        It is that of the first that failed or is to change; where none does, all are. What those from there
        on lose is no news.
        """
        if self._next is None:
            first = min(self._failed, default=0)
        else:
            same = self._same(self._next)
            first = min(self._failed | {same})
        self.sure = min(self.sure, first)
        self._news = None
        return first

    def renew(self, plan: Several[Any]) -> None:
        """Those that these settings describe are to take the place of those that are there: by `swap`."""
        if self._next is not None or tuple(plan) != self._plan:
            self._next = tuple(plan)

    def swap(self) -> None:
        """Put others in the place of those that are to change, none of which may be begun.

        What hinders them is not told before `speak`: the user must first know how the order ended.
        """
        if self._next is None:
            return
        self._silent = True
        kept = self._same(self._next)
        gone, self._plan, self._next = self.resources[kept:], self._next, None
        self._each(gone, lambda resource: resource.close())
        fresh = tuple(self._make(settings) for settings in self._plan[kept:])
        self.resources = (*self.resources[:kept], *fresh)
        self._failed = {number for number in self._failed if number < kept}
        self._hindrances = {number: why for number, why in self._hindrances.items() if number < kept}
        if self._watching:
            self._listen(fresh)

    def speak(self) -> None:
        """Tell what was not told since `swap`."""
        self._silent = False
        self._tell_hindrance()

    def take_news(self) -> str | None:
        """Why one that ran does so no more; given once."""
        news, self._news = self._news, None
        return news

    def lost(self, resource: IResource, reason: str) -> None:
        """One of them does not run any more."""
        number = self._number(resource)
        if number is None or number >= self.sure or number in self._failed:
            return
        self._failed.add(number)
        self._news = self._news or reason
        self._lost()

    def hindered(self, resource: IResource, reason: str | None) -> None:
        """One of them could not be held now, or could again: the service cannot while any cannot."""
        number = self._number(resource)
        if number is None:
            return
        self._hindrances.pop(number, None)
        if reason is not None:
            self._hindrances[number] = reason
        self._tell_hindrance()

    def contested(self, resource: IResource, reason: str) -> None:
        """Another machine claims the same as one of them."""
        if self._number(resource) is not None:
            self._user.contested(self._service, reason)

    def _tell_hindrance(self) -> None:
        """The first in their order stands for all."""
        reason = self._hindrances[min(self._hindrances)] if self._hindrances else None
        if reason != self._hindrance and not self._silent:
            self._hindrance = reason
            self._user.hindered(self._service, reason)

    def _number(self, resource: IResource) -> int | None:
        """Its number; None where it is gone."""
        if self._closed:
            return None
        return next((number for number, own in enumerate(self.resources) if own is resource), None)

    def _same(self, plan: tuple[Any, ...]) -> int:
        """How many, from the first on, are the same in this plan."""
        same = 0
        for old, new in zip(self._plan, plan, strict=False):
            if old != new:
                break
            same += 1
        return same

    def _listen(self, resources: Several[IResource]) -> None:
        self._each(resources, lambda resource: resource.watch(self))

    def _each(self, resources: Several[IResource], call: Callable[[IResource], None]) -> None:
        """Do it to each: a plug-in that breaks its promises is not to hurt the others."""
        for resource in resources:
            try:
                call(resource)
            except Exception:
                self._log.failure("{label}: unexpected", label=resource.label)
