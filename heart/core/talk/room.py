"""What a frame has room for, whatever the cluster: so many acks, and so many bytes of the status table.

The sizes are what msgpack takes at most for each part of a beat (docs/beat.md).
"""

from __future__ import annotations

from heart.beat import MAX_FRAME, MOST_HOPS

MOST_LINKS = 8
MOST_SERVICES = 32
MOST_VOTED = 16  # where nodes vote
MOST_ASKS = 16
MOST_ACKS = 32

NEWS = 344  # bytes that acks leave for entries of the status table and orders, in a beat that brings some

_ALWAYS = (
    152  # header, signature, a name of 63 letters, incarnation, sequence, flags, digest, voters, lengths
)
_LINK = 10  # its hash, and the count of frames sent on it
_SERVICE = 19
_PROMISE = 12  # more for each service, where nodes vote
_ASK = 5
_HOP = 5  # a node that passes the beat on
_ACK = 27
_ACK_LINK = 10  # an age and a lag


class Room:
    """The room in the frames of a node with so many links and services."""

    def __init__(self, links: int, services: int, votes: bool = False) -> None:
        self._ack = _ACK + _ACK_LINK * links
        self._left = (
            MAX_FRAME
            - _ALWAYS
            - _HOP * MOST_HOPS
            - _LINK * links
            - (_SERVICE + _PROMISE * votes) * services
            - _ASK * MOST_ASKS
        )
        self.acks = max(1, min(MOST_ACKS, self._left // self._ack))
        self.acks_beside_news = max(1, min(self.acks, (self._left - NEWS) // self._ack))

    def for_news(self, acks: int) -> int:
        """The bytes that are left for entries of the status table and orders beside so many acks."""
        return self._left - self._ack * min(acks, self.acks_beside_news)
