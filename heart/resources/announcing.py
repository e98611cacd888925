"""The announcements of an address: at once, then again and again for a while, because one may be lost."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

REPEATS = (0.1, 0.5, 2.0, 5.0)
"""Seconds after the first announcement at which it is repeated."""


class Announcements:
    """One series of them at a time."""

    def __init__(self, clock: IReactorTime, send: Callable[[], None]) -> None:
        self._clock, self._send = clock, send
        self._repeats: list[IDelayedCall] = []

    def begin(self) -> None:
        """Begin a series, in the place of the one that there may be."""
        self.end()
        self._send()
        self._repeats = [self._clock.callLater(delay, self._send) for delay in REPEATS]

    def end(self) -> None:
        """Send no more."""
        for call in self._repeats:
            if call.active():
                call.cancel()
        self._repeats = []
