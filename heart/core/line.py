"""One of this node's links as far as sending goes: when the next frame may go, and which may not wait.

A serial line never carries more than half of what it could. At rest it is given one beat in its own
interval, which is less than that; what it saves so lets an urgent frame, a question or an answer, go
at once. Nothing is ever queued: a frame that cannot go now is not sent, and the newest goes later.
"""

from __future__ import annotations

from math import inf

from heart.beat import REST_FRAME
from heart.core.settings import SHARE, LinkSettings


class Line:
    """The pace of one link. Times are awake seconds; `owed` says that an urgent frame could not go yet."""

    def __init__(self, settings: LinkSettings, beat: float) -> None:
        self.settings = settings
        self.name = settings.name
        self.up = False
        self.reason = "not open yet"
        self.since = -inf
        self.sent = 0
        self.owed = False
        self._regular_gap = settings.interval(beat) - beat / 2
        self._credit = settings.occupied(REST_FRAME)
        self._sent_at = -inf
        self._busy_until = -inf
        self._paid_until = -inf

    def takes(self, now: float, urgent: bool) -> bool:
        """Whether a frame may go now."""
        if not self.up or self.settings.baud is None:
            return self.up
        return now >= self.free_at() and (urgent or now >= self._sent_at + self._regular_gap)

    def free_at(self) -> float:
        """From when on an urgent frame may go."""
        return max(self._busy_until, self._paid_until - self._credit)

    def send(self, now: float, size: int) -> None:
        """A frame of `size` bytes goes."""
        occupied = self.settings.occupied(size)
        self._sent_at = now
        self._busy_until = now + occupied / SHARE
        self._paid_until = max(self._paid_until, now) + occupied
        self.owed = False
