"""What one resource asks of the kernel: in threads, because somebody else may hold its lock for seconds.

One piece of work at a time, in order: an address that is added late, after its start was given up, is
deleted by the stop that was ordered after it; and nothing is announced that is being deleted.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from twisted.internet.defer import Deferred, DeferredLock, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool

from heart.interfaces import ResourceFailed
from heart.process import Reactor

P = ParamSpec("P")
T = TypeVar("T")
Work = Coroutine[Deferred[Any], Any, T]


class Order:
    """One call that somebody waits for, until it is done, or no longer."""

    def __init__(self, clock: IReactorTime) -> None:
        self.result: Deferred[None] = Deferred()
        self.awaited = True
        self._clock = clock
        self._nap: tuple[IDelayedCall, Deferred[None]] | None = None

    def nap(self, seconds: float) -> Deferred[None]:
        """Fires after so long, or as soon as nobody waits any more."""
        woken: Deferred[None] = Deferred()
        if self.awaited:
            self._nap = (self._clock.callLater(seconds, self._wake), woken)
        else:
            woken.callback(None)
        return woken

    def settle(self, problem: str | None) -> None:
        """It ended, or is waited for no longer; ResourceFailed where there is a problem."""
        self.awaited = False
        self._wake()
        if problem is None:
            self.result.callback(None)
        else:
            self.result.errback(ResourceFailed(problem))

    def _wake(self) -> None:
        if self._nap is None:
            return
        (timer, woken), self._nap = self._nap, None
        if timer.active():
            timer.cancel()
        woken.callback(None)


class Questions:
    """An order is waited for no longer than its limit; what of it is under way in the kernel goes on."""

    _log = Logger()

    def __init__(self, label: str, reactor: Reactor, threads: ThreadPool) -> None:
        self._label, self._reactor, self._threads = label, reactor, threads
        self._queue = DeferredLock()
        self._order: Order | None = None
        self._limit: IDelayedCall | None = None

    def order(self, work: Callable[[Order], Work[None]], limit: float) -> Deferred[None]:
        """Do it when its turn comes; fails with ResourceFailed where it fails, or takes more than `limit`."""
        if self._order is not None:
            raise RuntimeError(f"{self._label}: asked to start or stop while it does already")
        order = self._order = Order(self._reactor)
        late = f"{self._label}: not done within {limit:g} s; the kernel or this daemon's threads are busy"
        self._limit = self._reactor.callLater(limit, self._settle, order, late)
        self.aside(lambda: work(order)).addCallbacks(
            lambda _: self._settle(order, None),
            lambda failure: self._settle(order, self.explain(failure)),
        )
        return order.result

    def aside(self, work: Callable[[], Work[T]]) -> Deferred[T]:
        """Do it when its turn comes, for as long as it takes."""
        done: Deferred[T] = self._queue.run(lambda: Deferred.fromCoroutine(work()))
        return done

    def ask(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        """Do this part of some work in a thread."""
        return deferToThreadPool(self._reactor, self._threads, work, *args, **kwargs)

    def interrupt(self, budget: float) -> Deferred[None]:
        """Wait no longer for the order under way; fires when nothing is, or the budget has passed."""
        if self._order is not None:
            self._settle(self._order, f"{self._label}: was interrupted")
        idle: Deferred[None] = Deferred()
        timer = self._reactor.callLater(budget, idle.callback, None)

        def reached(ignored: None) -> None:
            if timer.active():
                timer.cancel()
                idle.callback(None)

        self._queue.run(succeed, None).addCallback(reached)
        return idle

    def explain(self, failure: Failure) -> str:
        """What went wrong, in a line for a person that says what to do."""
        error = failure.value
        if isinstance(error, ResourceFailed):
            return str(error)
        if not isinstance(error, OSError):
            self._log.failure("{label}: unexpected", failure, label=self._label)
            return f"{self._label}: {failure.getErrorMessage()}"
        return f"{self._label}: {_ADVICE.get(error.errno or 0, error.strerror or error)}"

    def _settle(self, order: Order, problem: str | None) -> None:
        """An order has ended, or we wait for it no longer: whichever comes first counts."""
        if order is not self._order:
            self._log.info("{label}: done late ({problem})", label=self._label, problem=problem or "well")
            return
        self._order = None
        if self._limit is not None and self._limit.active():
            self._limit.cancel()
        order.settle(problem)


_ADVICE = {
    errno.ENODEV: "there is no such interface; create it or correct `interface`",
    errno.EPERM: "not permitted; run as root or with CAP_NET_ADMIN and CAP_NET_RAW",
    errno.EACCES: "IPv6 is switched off on this interface (sysctl net.ipv6.conf.*.disable_ipv6)",
}
