"""What is heard of one peer on one link, and what it says it hears of us there."""

from __future__ import annotations

from math import inf

from heart.beat import NEVER, Ack, Beat

MICROSECOND = 1e-6


class LinkHearing:
    """One peer on one link; or without a name, as others pass its beats on. Times are awake seconds.

    `interval` is the link's own, and `slow` says that a peer that is heard here alone is judged by the
    link's time: `judge` is how long it may then be silent before it is dead.
    """

    __slots__ = (
        "_base",
        "_highest",
        "heard_at",
        "index",
        "interval",
        "judge",
        "measured_at",
        "name",
        "name_hash",
        "received",
        "round_trip",
        "sequence",
        "silent",
        "slow",
    )

    interval: float
    slow: bool
    judge: float

    def __init__(self, name: str, name_hash: int) -> None:
        self.name = name
        self.name_hash = name_hash
        self.round_trip: float | None = None
        self.silent = False
        self.measured_at = -inf
        self.heard_at = -inf
        self.begin()

    def adopt(self, interval: float, slow: bool, judge: float) -> None:
        """From now on these are the times of the link."""
        self.interval = interval
        self.slow = slow
        self.judge = judge

    def place(self) -> str:
        """Where it is heard, for a person."""
        return f"on {self.name}" if self.name else "through other nodes"

    def begin(self) -> None:
        """A new incarnation of the peer: its counts begin anew."""
        self.sequence = 0
        self.received = 0
        self.index = -1
        self._base = 0
        self._highest = 0

    def hear(self, now: float, beat: Beat) -> None:
        """A frame of the peer came in here."""
        self.heard_at = now
        self.sequence = beat.sequence
        self.received += 1
        if 0 <= self.index < len(beat.sent):
            count = beat.sent[self.index]
            if self.received == 1:
                self._base = count - 1
            if count > self._highest:
                self._highest = count

    def lost(self) -> int:
        """How many frames the peer has sent here since we first heard it that did not arrive."""
        return max(0, self._highest - self._base - self.received)


def heard_pairs(links: tuple[LinkHearing | None, ...], newest: int, now: float) -> tuple[int, ...]:
    """The `heard` field of an ack of a peer whose newest sequence number is `newest`.

    `links` are all links of this node; None stands for one that the peer is not on.
    """
    pairs: list[int] = []
    for hearing in links:
        age = NEVER if hearing is None else (now - hearing.heard_at) / MICROSECOND
        if hearing is not None and hearing.sequence and age < NEVER:
            pairs += (int(age), min(NEVER, newest - hearing.sequence))
        else:
            pairs += (NEVER, 0)
    return tuple(pairs)


def age_on(ack: Ack, index: int) -> float | None:
    """How many seconds ago the sender of this ack heard us on its link number `index`; None: never."""
    if not 0 <= 2 * index < len(ack.heard) or ack.heard[2 * index] >= NEVER:
        return None
    return ack.heard[2 * index] * MICROSECOND


def lag_on(ack: Ack, index: int) -> int:
    """By how much the newest of our beats heard on that link is behind the newest heard at all."""
    return ack.heard[2 * index + 1] if 2 * index + 1 < len(ack.heard) else 0
