"""Stand-ins for what resources need: a clock with threads, an address book, resources that misbehave."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import implementer

from heart.interfaces import IResource, ResourceFailed, ResourceUser, Tenure
from heart.resources.address_book import AddressUser, Presence

TENURE = Tenure("web", "alpha", "site", 7, "dead", "beta")


class ThreadedClock(Clock):
    """A clock that takes results from threads at once."""

    def callFromThread(self, f: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Call it."""
        f(*args, **kwargs)


class Threads:
    """A thread pool whose threads do one piece of work each time that they are told to."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def callInThreadWithCallback(
        self, done: Callable[[bool, Any], None], work: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> None:
        """Keep the work until its turn comes."""

        def do() -> None:
            try:
                result = work(*args, **kwargs)
            except Exception:
                done(False, Failure())
            else:
                done(True, result)

        self.waiting.append(do)

    def work(self) -> None:
        """Do the work that waits, and what it leads to."""
        while self.waiting:
            self.waiting.pop(0)()


class FakeWatch:
    """A watch of an address book that a test tells what to see."""

    def __init__(self, address: str, user: AddressUser) -> None:
        self.address, self.user = address, user
        self.listens = 0
        self.listening = self.closed = False

    def listen(self) -> None:
        """Count it."""
        self.listens += 1
        self.listening = True

    def ignore(self) -> None:
        """Hear no more."""
        self.listening = False

    def close(self) -> None:
        """Be closed."""
        if self.closed:
            raise RuntimeError("closed twice")
        self.closed, self.listening = True, False

    def claim(self, claimant: str = "02:00:00:00:00:99") -> None:
        """Have another machine claim the address, which is heard while that is wanted."""
        if self.listening:
            self.user.claimed(claimant)


class FakeAddresses:
    """An address book of interfaces that do not exist; passes the same tests as the kernel's.

    An address of `taken` is another machine's: whoever detects finds that out when `detect` is called.
    """

    def __init__(self, *interfaces: str) -> None:
        self.held: dict[str, list[str]] = {interface: [] for interface in interfaces}
        self.found: dict[str, Presence] = {}  # of those that are not ready
        self.taken: set[str] = set()
        self.announced: list[str] = []
        self.watches: list[FakeWatch] = []
        self.failure: OSError | None = None

    def add(self, address: str, interface: str, detect: bool) -> None:
        """Add it."""
        self._try(interface)
        if address not in self.held[interface]:
            self.held[interface].append(address)
            if detect and ":" in address:
                self.found[address] = Presence.TENTATIVE
        elif not detect:
            self.found.pop(address, None)

    def delete(self, address: str, interface: str) -> None:
        """Delete it."""
        if self.failure is not None:
            raise self.failure
        if address in self.held.get(interface, []):
            self.held[interface].remove(address)
            self.found.pop(address, None)

    def presence(self, address: str, interface: str) -> Presence:
        """Whether it is there."""
        if self.failure is not None:
            raise self.failure
        if address not in self.held.get(interface, []):
            return Presence.ABSENT
        return self.found.get(address, Presence.READY)

    def announce(self, address: str, interface: str) -> None:
        """Note it."""
        self._try(interface)
        self.announced.append(address)

    def watch(self, address: str, interface: str, user: AddressUser) -> FakeWatch:
        """Keep whom to tell."""
        self.watches.append(FakeWatch(address, user))
        return self.watches[-1]

    def detect(self) -> None:
        """The detections that are under way come to their end."""
        for address, found in tuple(self.found.items()):
            if found is Presence.TENTATIVE and address in self.taken:
                self.found[address] = Presence.DUPLICATE
            elif found is Presence.TENTATIVE:
                del self.found[address]

    def _try(self, interface: str) -> None:
        if self.failure is not None:
            raise self.failure
        if interface not in self.held:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))


@implementer(IResource)
class FakeResource:
    """Starts, stops and tells its status on a clock, as it was told: after how long (None: never by
    itself), and whether well.

    It keeps a resource's promises: it ends within a budget, by force (which is no success), and within
    the budget of an interruption. `diary` is common to the resources of a service.
    """

    PATIENCE = 30.0

    def __init__(
        self,
        clock: Clock,
        diary: list[tuple[str, str, float | None]],
        label: str,
        start: tuple[float | None, bool] = (0.0, True),
        stop: tuple[float | None, bool] = (0.0, True),
        status: tuple[float | None, bool] = (0.0, True),
    ) -> None:
        self.clock, self.diary, self.label = clock, diary, label
        self.plans = {"start": start, "stop": stop, "status": status}
        self.users: list[ResourceUser] = []
        self.runs = self.closed = False
        self.pid: int | None = None
        self.output = ""
        self.announced = 0
        self._call: tuple[str, Deferred[None], IDelayedCall | None] | None = None

    def watch(self, user: ResourceUser) -> None:
        """Keep whom to tell."""
        if self.runs or self.users:
            raise RuntimeError("watched twice, or after a start")
        self.users.append(user)

    def close(self) -> None:
        """Be closed."""
        if self.closed:
            raise RuntimeError("closed twice")
        self.closed = True

    def lose(self, reason: str = "gone") -> None:
        """Run no more, by itself, and say so."""
        for user in self.users:
            user.lost(self, reason)

    def hinder(self, reason: str | None) -> None:
        """Say that it cannot be held, or can again."""
        for user in self.users:
            user.hindered(self, reason)

    def status(self, tenure: Tenure) -> Deferred[None]:
        """Tell it as planned."""
        return self._begin("status", None)

    def start(self, tenure: Tenure) -> Deferred[None]:
        """Start as planned; from the first moment on something of it may run."""
        self.runs = True
        return self._begin("start", None)

    def stop(self, tenure: Tenure, budget: float | None) -> Deferred[None]:
        """Stop as planned."""
        return self._begin("stop", budget)

    def interrupt(self, budget: float) -> Deferred[None]:
        """End after most of the budget."""
        self.diary.append(("interrupt", self.label, budget))
        ended: Deferred[None] = Deferred()

        def end() -> None:
            self._end(False, "interrupted")
            ended.callback(None)

        if self._call is None or budget <= 0:
            end()
        else:
            self.clock.callLater(budget * 0.9, end)
        return ended

    def announce(self) -> None:
        """Count it."""
        self.announced += 1

    def _begin(self, action: str, budget: float | None) -> Deferred[None]:
        if self._call is not None or self.closed:
            raise RuntimeError("two calls at once, or a call after the end")
        self.diary.append((action, self.label, budget))
        after, well = self.plans[action]
        limit = self.PATIENCE if budget is None else budget
        if after is None or after > limit:
            after, well = limit, False
        deferred: Deferred[None] = Deferred()
        self.pid = hash((self.label, action)) & 0xFFFF
        if after <= 0:
            self._call = (action, deferred, None)
            self._end(well, "failed")
        else:
            self._call = (action, deferred, self.clock.callLater(after, self._end, well, "failed"))
        return deferred

    def _end(self, well: bool, problem: str) -> None:
        if self._call is None:
            return
        (action, deferred, timer), self._call, self.pid = self._call, None, None
        if timer is not None and timer.active():
            timer.cancel()
        if well and action == "stop":
            self.runs = False
        if well:
            deferred.callback(None)
        else:
            deferred.errback(ResourceFailed(f"{self.label} {action} {problem}"))


@implementer(IResource)
class RudeResource:
    """Breaks every promise: what it is asked for never ends."""

    label = "rude"
    output = ""
    pid: int | None = None

    def watch(self, user: ResourceUser) -> None:
        """Raise."""
        raise RuntimeError("rude")

    def close(self) -> None:
        """Raise."""
        raise RuntimeError("rude")

    def status(self, tenure: Tenure) -> Deferred[None]:
        """Never."""
        return Deferred()

    def start(self, tenure: Tenure) -> Deferred[None]:
        """Never."""
        return Deferred()

    def stop(self, tenure: Tenure, budget: float | None) -> Deferred[None]:
        """Never."""
        return Deferred()

    def interrupt(self, budget: float) -> Deferred[None]:
        """Never."""
        return Deferred()

    def announce(self) -> None:
        """Never."""
