"""Trying again: when, and the one timer that waits for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from twisted.internet.interfaces import IDelayedCall, IReactorTime


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before each try, in seconds: `first`, then `factor` times as long, to `greatest`.

    A medium that was open for `settled` is taken for sound: after it the waiting begins anew.
    """

    first: float = 0.25
    factor: float = 2.0
    greatest: float = 5.0
    settled: float = 10.0

    def after(self, previous: float | None) -> float:
        """The wait that follows `previous`; None: nothing was waited for yet."""
        if previous is None:
            return self.first
        return min(self.greatest, previous * self.factor)


class Retry:
    """Waits out a backoff and calls `again`; at most one call is ever pending."""

    def __init__(
        self, clock: IReactorTime, again: Callable[[], None], backoff: Backoff | None = None
    ) -> None:
        self._clock = clock
        self._again = again
        self._backoff = backoff or Backoff()
        self._previous: float | None = None
        self._opened: float | None = None
        self._pending: IDelayedCall | None = None

    @property
    def waiting(self) -> bool:
        """Whether a try is to come."""
        return self._pending is not None

    def opened(self) -> None:
        """The medium is open: nothing more is to be tried."""
        self.stop()
        self._opened = self._clock.seconds()

    def failed(self) -> None:
        """The medium was lost, or a try failed: try again later. Does nothing while that is to come."""
        if self._pending is not None:
            return
        if self._opened is not None and self._clock.seconds() - self._opened >= self._backoff.settled:
            self._previous = None
        self._opened = None
        self._previous = self._backoff.after(self._previous)
        self._pending = self._clock.callLater(self._previous, self._fire)

    def stop(self) -> None:
        """Try no more."""
        if self._pending is not None:
            self._pending.cancel()
            self._pending = None

    def _fire(self) -> None:
        self._pending = None
        self._again()
