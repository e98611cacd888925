"""One of this node's links as far as sending goes: when the next frame may go, and which may not wait.

A serial line never carries more than half of what it could. At rest it is given one beat in its own
interval, which is less than that; what it saves so lets an urgent frame, a question or an answer, go
at once. Of this node's own frames none is ever queued: one that cannot go now is not sent, and the newest
goes later. Of every other node whose beats are passed on here the newest one waits. Where both have
something to send, own frames and passed on ones alternate.
"""

from __future__ import annotations

from math import inf

from heart.beat import Beat
from heart.core.settings import SHARE, LinkSettings


class Line:
    """The pace of one link. Times are awake seconds; `owed` says that an own frame could not go yet."""

    def __init__(self, settings: LinkSettings, beat: float) -> None:
        self.name = settings.name
        self.adopt(settings, beat)
        self.up = False
        self.reason = "not open yet"
        self.since = -inf
        self.sent = 0
        self.owed = False
        self._waiting: dict[str, Beat] = {}
        self._passed_on_last = True
        self._spoke_at = -inf
        self._busy_until = -inf
        self._paid_until = -inf

    def adopt(self, settings: LinkSettings, beat: float) -> None:
        """From now on this is what the configuration says of the link."""
        self.settings = settings
        self._regular_gap = settings.interval(beat) - beat / 2
        self._credit = settings.occupied(settings.frame)

    def takes(self, now: float, urgent: bool) -> bool:
        """Whether a frame of this node may go now."""
        if not self.up or self.settings.baud is None:
            return self.up
        return self._due(now, urgent) and now >= self.free_at() and self._is_its_turn()

    def owe(self, now: float, urgent: bool) -> None:
        """A frame of this node wants to go: where it cannot, but should, it is owed."""
        delayed_by_others = bool(self._waiting) or self._passed_on_last
        if (urgent or delayed_by_others) and self._due(now, urgent) and not self.takes(now, urgent):
            self.owed = self.up

    def free_at(self) -> float:
        """From when on an urgent frame may go."""
        return max(self._busy_until, self._paid_until - self._credit)

    def send(self, now: float, size: int) -> None:
        """A frame of this node goes, of `size` bytes."""
        self._spoke_at = now
        self._occupy(now, size)
        self._passed_on_last = False
        self.owed = False

    def wait(self, beat: Beat) -> None:
        """A beat of another node is to be passed on; of each node only the newest waits, in its old place."""
        self._waiting[beat.sender] = beat

    def next_waiting(self, now: float) -> Beat | None:
        """The beat that may be passed on now; None where there is none."""
        if not self.up:
            self.give_up()
        if not self._waiting or now < self.free_at() or (self.owed and self._passed_on_last):
            return None
        return self._waiting.pop(next(iter(self._waiting)))

    def pass_on(self, now: float, size: int) -> None:
        """A beat of another node goes, of `size` bytes."""
        self._occupy(now, size)
        self._passed_on_last = True

    def passes_at(self) -> float:
        """When the next beat of another node may be passed on; inf where none waits."""
        return self.free_at() if self._waiting else inf

    def give_up(self) -> None:
        """What waits to be passed on is not passed on any more."""
        self._waiting.clear()

    def _due(self, now: float, urgent: bool) -> bool:
        return urgent or now >= self._spoke_at + self._regular_gap

    def _is_its_turn(self) -> bool:
        return self._passed_on_last or not self._waiting

    def _occupy(self, now: float, size: int) -> None:
        occupied = self.settings.occupied(size)
        self._busy_until = now + occupied / SHARE
        self._paid_until = max(self._paid_until, now) + occupied
