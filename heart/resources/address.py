"""An IPv4 address as a resource: held on an interface, announced to its network.

The kernel is asked from a thread, because somebody else may hold its lock for seconds. One question at
a time, in order: an address that is added late, after its start was given up, is deleted by the stop
that was ordered after it; and nothing is announced that is being deleted.
"""

from __future__ import annotations

import errno
from collections.abc import Callable

from twisted.internet.defer import Deferred, DeferredLock, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool
from zope.interface import implementer

from heart.config.model import AddressResource
from heart.interfaces import IResource, ResourceFailed, Tenure
from heart.process import Reactor
from heart.resources.address_book import AddressBook

TIMEOUT = 20.0
"""Seconds that a start, or a stop without a budget, waits for the kernel."""

REPEATS = (0.1, 0.5, 2.0, 5.0)
"""Seconds after the first announcement at which it is repeated: one may be lost."""


@implementer(IResource)
class Address:
    """Adds and deletes its address. One that is there already at the start is taken over."""

    _log = Logger()

    def __init__(
        self, settings: AddressResource, reactor: Reactor, threads: ThreadPool, book: AddressBook
    ) -> None:
        self.label = f"address {settings.address} on {settings.interface}"
        self.output = ""
        self.pid: int | None = None
        self._settings, self._reactor, self._threads, self._book = settings, reactor, threads, book
        self._queue = DeferredLock()
        self._result: Deferred[None] | None = None
        self._timer: IDelayedCall | None = None
        self._held = self._complained = False
        self._repeats: list[IDelayedCall] = []

    def start(self, tenure: Tenure) -> Deferred[None]:
        """Add it, then announce it."""
        return self._do(self._book.add, TIMEOUT).addCallback(self._started)

    def stop(self, tenure: Tenure, budget: float | None) -> Deferred[None]:
        """Announce it no more, and delete it; what cannot be done in time is done later, if ever it can."""
        self._held = False
        self._cancel_repeats()
        return self._do(self._book.delete, TIMEOUT if budget is None else budget)

    def interrupt(self, budget: float) -> Deferred[None]:
        """Wait no longer for the call under way; the kernel's part of it cannot be ended."""
        if self._result is not None:
            self._settle(self._result, f"{self.label}: was interrupted")
        idle: Deferred[None] = Deferred()
        timer = self._reactor.callLater(budget, idle.callback, None)

        def reached(ignored: None) -> None:
            if timer.active():
                timer.cancel()
                idle.callback(None)

        self._queue.run(succeed, None).addCallback(reached)
        return idle

    def announce(self) -> None:
        """Announce it now and at `REPEATS`, if it is held."""
        self._cancel_repeats()
        if not self._held:
            return
        self._complained = False
        self._send()
        self._repeats = [self._reactor.callLater(delay, self._send) for delay in REPEATS]

    def _started(self, ignored: None) -> None:
        self._held = True
        self.announce()

    def _do(self, work: Callable[[str, str], None], limit: float) -> Deferred[None]:
        if self._result is not None:
            raise RuntimeError(f"{self.label}: asked to start or stop while it does already")
        result: Deferred[None] = Deferred()
        self._result = result
        late = f"{self.label}: not done within {limit:g} s; the kernel or this daemon's threads are busy"
        self._timer = self._reactor.callLater(limit, self._settle, result, late)
        self._queue.run(self._ask, work).addCallbacks(
            lambda ignored: self._settle(result, None),
            lambda failure: self._settle(result, self._explain(failure)),
        )
        return result

    def _ask(self, work: Callable[[str, str], None]) -> Deferred[None]:
        settings = self._settings
        return deferToThreadPool(self._reactor, self._threads, work, settings.address, settings.interface)

    def _settle(self, result: Deferred[None], problem: str | None) -> None:
        """A call has ended, or we wait for it no longer: whichever comes first counts."""
        if result is not self._result:
            self._log.info("{label}: done late ({problem})", label=self.label, problem=problem or "well")
            return
        self._result = None
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        if problem is None:
            result.callback(None)
        else:
            result.errback(ResourceFailed(problem))

    def _send(self) -> None:
        self._queue.run(self._send_if_held).addErrback(self._complain)

    def _send_if_held(self) -> Deferred[None]:
        return self._ask(self._book.announce) if self._held else succeed(None)

    def _complain(self, failure: Failure) -> None:
        if not self._complained:
            self._complained = True
            self._log.warn("{problem} (announcing)", problem=self._explain(failure))

    def _cancel_repeats(self) -> None:
        for call in self._repeats:
            if call.active():
                call.cancel()
        self._repeats = []

    def _explain(self, failure: Failure) -> str:
        error = failure.value
        if not isinstance(error, OSError):
            self._log.failure("{label}: unexpected", failure, label=self.label)
            return f"{self.label}: {failure.getErrorMessage()}"
        if error.errno == errno.ENODEV:
            return f"{self.label}: there is no such interface; create it or correct `interface`"
        if error.errno in (errno.EPERM, errno.EACCES):
            return f"{self.label}: not permitted; run as root or with CAP_NET_ADMIN and CAP_NET_RAW"
        return f"{self.label}: {error.strerror or error}"
