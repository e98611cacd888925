"""The answer to other machines that claim a held address: at once, then at a bounded rate (RFC 5227, 2.4)."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

INTERVAL = 10.0
"""Seconds from one answer to the next: two machines that both defend must not fill the network."""

FRESH = 1.0
"""Seconds after the start for which a claim is only what was under way from the holder before: the
announcements that follow a start answer it."""


class Defence:
    """Has each claim answered. What comes too soon is answered late, so that the last word is ours."""

    def __init__(self, clock: IReactorTime, answer: Callable[[str], None]) -> None:
        self._clock, self._answer = clock, answer
        self._held_since: float | None = None
        self._waiting: IDelayedCall | None = None
        self._unanswered: str | None = None

    def begin(self) -> None:
        """The address is held from now on."""
        self.end()
        self._held_since = self._clock.seconds()

    def end(self) -> None:
        """It is held no more: whoever claims it may have it."""
        self._held_since = self._unanswered = None
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def claimed(self, claimant: str) -> None:
        """Another machine claims it."""
        if self._held_since is None or self._clock.seconds() < self._held_since + FRESH:
            return
        if self._waiting is None:
            self._defend(claimant)
        else:
            self._unanswered = claimant

    def _defend(self, claimant: str) -> None:
        self._unanswered = None
        self._waiting = self._clock.callLater(INTERVAL, self._again)
        self._answer(claimant)

    def _again(self) -> None:
        self._waiting = None
        if self._unanswered is not None:
            self._defend(self._unanswered)
