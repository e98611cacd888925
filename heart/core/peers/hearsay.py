"""What others say of a peer that this node misses: who is still heard by somebody is not dead (rule 5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from heart.beat import NEVER
from heart.core.peers.peer import Life, Peer

MICROSECOND = 1e-6


@dataclass(frozen=True, slots=True)
class Hearsay:
    """By the word of the peer `witness` the missed one is not dead before the awake second `until`."""

    witness: str
    until: float


def hearsay(missed: Peer, peers: Iterable[Peer], dead: float) -> Hearsay | None:
    """The word on a missed peer that counts for longest; None where nobody has heard it in this life of it.

    A witness says how long ago it heard each peer. What it heard keeps that peer alive for `dead` seconds,
    as what this node hears does.
    """
    found: Hearsay | None = None
    for witness in peers:
        if witness is missed or witness.life is not Life.UP or witness.beat is None:
            continue
        for ack in witness.beat.acks:
            ages = [age for age in ack.heard[::2] if age != NEVER]
            if ack.peer != missed.name_hash or ack.incarnation < missed.incarnation or not ages:
                continue
            until = witness.heard_at - min(ages) * MICROSECOND + dead
            if found is None or until > found.until:
                found = Hearsay(witness.name, until)
    return found
