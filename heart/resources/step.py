"""One start, stop or status of one resource that is under way, for a bounded time."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from heart.interfaces import IResource, ResourceFailed

TOLD = 0.95
"""The part of a limit that a resource is told of, so that its own account of a failure comes in time."""


class Step:
    """Fires `done` with the problem, or None: when the resource has ended the call, or at the limit.

    A resource that breaks its promise to end within a budget is left behind at the limit.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, resource: IResource) -> None:
        self.done: Deferred[str | None] = Deferred()
        self.interrupted = False
        self._clock, self._resource = clock, resource
        self._guard: IDelayedCall | None = None
        self._pending = 0
        self._problem: str | None = None

    def begin(self, call: Callable[[], Deferred[None]], limit: float | None) -> None:
        """Make the call, for `limit` seconds if given."""
        if limit is not None:
            self._limit(limit)
        self._await(call)

    def interrupt(self, limit: float) -> None:
        """End the call within `limit` seconds; may be said again with less."""
        self.interrupted = True
        self._limit(limit)
        self._await(lambda: self._resource.interrupt(limit * TOLD))

    def _limit(self, seconds: float) -> None:
        if self._guard is not None:
            if self._guard.getTime() <= self._clock.seconds() + seconds:
                return
            self._guard.cancel()
        self._guard = self._clock.callLater(seconds, self._leave)

    def _await(self, call: Callable[[], Deferred[None]]) -> None:
        self._pending += 1
        try:
            deferred = call()
        except Exception:
            self._failed(Failure())
        else:
            deferred.addErrback(self._failed)
            deferred.addCallback(self._ended)
            return
        self._ended(None)

    def _failed(self, failure: Failure) -> None:
        if failure.check(ResourceFailed) is None:
            self._log.failure("{label}: unexpected", failure, label=self._resource.label)
            self._problem = f"{self._resource.label}: {failure.getErrorMessage()}"
        else:
            self._problem = str(failure.value)

    def _ended(self, ignored: None) -> None:
        self._pending -= 1
        if self._pending == 0 and not self.done.called:
            if self._guard is not None:
                self._guard.cancel()
            self.done.callback(self._problem)

    def _leave(self) -> None:
        self.done.callback(self._problem or f"{self._resource.label}: did not end in time")
