"""An address as a resource: held on an interface, announced to its network, defended, and watched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool
from zope.interface import implementer

from heart.config.model import AddressResource
from heart.interfaces import IResource, ResourceFailed, ResourceUser, Tenure
from heart.process import Reactor
from heart.resources.address_book import AddressBook, AddressWatch, Presence
from heart.resources.announcing import Announcements
from heart.resources.defence import Defence
from heart.resources.questions import Order, Questions

TIMEOUT = 20.0
"""Seconds that a start, a status, or a stop without a budget, waits for the kernel."""

LOOK = 0.02
"""Seconds between two looks whether the kernel has found another machine that has the address."""

TAKEN = "another machine has it (duplicate address detection)"

P = ParamSpec("P")
T = TypeVar("T")


@implementer(IResource)
class Address:
    """Adds and deletes its address. One that is there already at the start is taken over.

    While its interface does not work that is what is told, and not that the address went with it: a node
    whose card comes back has not failed. What went with it is told then, and started anew.
    """

    _log = Logger()

    def __init__(
        self, settings: AddressResource, reactor: Reactor, threads: ThreadPool, book: AddressBook
    ) -> None:
        self.label = f"address {settings.address} on {settings.interface}"
        self.output = ""
        self.pid: int | None = None
        self._settings, self._reactor, self._book = settings, reactor, book
        self._questions = Questions(self.label, reactor, threads)
        self._announcements = Announcements(reactor, self._send)
        self._defence = Defence(reactor, self._defended)
        self._user: ResourceUser | None = None
        self._watch: AddressWatch | None = None
        self._hindrance: str | None = None
        self._held = self._looking = self._told_lost = self._complained = False

    def watch(self, user: ResourceUser) -> None:
        """Tell `user` of the interface's state, of the address's loss, and of others that claim it."""
        self._user = user
        self._watch = self._book.watch(self._settings.address, self._settings.interface, self)

    def close(self) -> None:
        """Watch no more."""
        self._user = None
        self._let_go()
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    def start(self, tenure: Tenure) -> Deferred[None]:
        """Add it, detect duplicates where that is asked for, then announce it."""
        return self._questions.order(self._add, TIMEOUT).addCallback(self._started)

    def stop(self, tenure: Tenure, budget: float | None) -> Deferred[None]:
        """Announce it no more, and delete it; what cannot be done in time is done later, if ever it can."""
        self._let_go()
        return self._questions.order(self._delete, TIMEOUT if budget is None else budget)

    def status(self, tenure: Tenure) -> Deferred[None]:
        """Ask the kernel whether it is there and of use."""
        return self._questions.order(self._check, TIMEOUT)

    def interrupt(self, budget: float) -> Deferred[None]:
        """Wait no longer for the call under way; the kernel's part of it cannot be ended."""
        return self._questions.interrupt(budget)

    def announce(self) -> None:
        """Announce it now and some times more, if it is held."""
        if self._held:
            self._complained = False
            self._announcements.begin()

    def interface_changed(self, problem: str | None) -> None:
        """The interface works (None), or does not for that reason."""
        if problem == self._hindrance:
            return
        self._hindrance = problem
        if self._user is not None:
            self._user.hindered(self, problem)
        if problem is None and self._held:
            self._listen()  # another interface may have taken the place of the one that was heard on
            self.announce()  # the cable may be in another port of the switch
            self.address_changed()

    def address_changed(self) -> None:
        """See whether it is still there; one look at a time is enough."""
        if self._held and not self._looking and self._hindrance is None:
            self._looking = True
            self._questions.aside(self._look).addErrback(self._complain, "looking for it")

    def claimed(self, claimant: str) -> None:
        """Another machine claims it."""
        self._defence.claimed(claimant)

    async def _add(self, order: Order) -> None:
        await self._ask(self._book.add, self._settings.detection > 0)
        if self._settings.detection > 0:
            await self._detect(order)

    async def _detect(self, order: Order) -> None:
        """Wait until the kernel knows whether another machine has it, and no longer than asked."""
        end = self._reactor.seconds() + self._settings.detection
        found = await self._ask(self._book.presence)
        while found is Presence.TENTATIVE and order.awaited and (left := end - self._reactor.seconds()) > 0:
            await order.nap(min(LOOK, left))
            found = await self._ask(self._book.presence)
        if found is Presence.DUPLICATE:
            await self._ask(self._book.delete)
            raise ResourceFailed(f"{self.label}: {TAKEN}")
        if found is not Presence.READY and order.awaited:
            await self._ask(self._book.add, False)

    async def _delete(self, order: Order) -> None:
        await self._ask(self._book.delete)

    async def _check(self, order: Order) -> None:
        if self._hindrance is None and (problem := _problem(await self._ask(self._book.presence))):
            raise ResourceFailed(f"{self.label}: {problem}")

    async def _look(self) -> None:
        self._looking = False
        problem = _problem(await self._ask(self._book.presence)) if self._held else None
        if not self._held or self._hindrance is not None or self._user is None:
            return
        told, self._told_lost = self._told_lost, problem is not None
        if problem is not None and not told:  # the kernel tells of one loss more than once
            self._user.lost(self, f"{self.label}: {problem}")

    def _ask(
        self, work: Callable[Concatenate[str, str, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> Deferred[T]:
        """Have the book do something with this address, in a thread."""
        return self._questions.ask(work, self._settings.address, self._settings.interface, *args, **kwargs)

    def _started(self, ignored: None) -> None:
        self._held = True
        self._told_lost = False
        self._defence.begin()
        self.announce()
        self._listen()
        self.address_changed()

    def _let_go(self) -> None:
        self._held = False
        self._defence.end()
        self._announcements.end()
        if self._watch is not None:
            self._watch.ignore()

    def _listen(self) -> None:
        if self._watch is not None:
            self._watch.listen()

    def _defended(self, claimant: str) -> None:
        """A claim is to be answered now."""
        self.announce()
        if self._user is not None:
            address = self._settings.address.partition("/")[0]
            self._user.contested(self, f"{address} is claimed by {claimant}; announced again")

    def _send(self) -> None:
        self._questions.aside(self._announce_if_held).addErrback(self._complain, "announcing")

    async def _announce_if_held(self) -> None:
        if self._held:
            await self._ask(self._book.announce)

    def _complain(self, failure: Failure, doing: str) -> None:
        """Once for each series of announcements."""
        if not self._complained:
            self._complained = True
            self._log.warn("{problem} ({doing})", problem=self._questions.explain(failure), doing=doing)


def _problem(found: Presence) -> str | None:
    """Why it is of no use, if so. One that is tentative was found so before, or will be ready."""
    if found is Presence.DUPLICATE:
        return TAKEN
    return "is not there any more" if found is Presence.ABSENT else None
