"""What the rules look at, and what they answer with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

from heart.beat import ABLE
from heart.core.peers.peer import Peer
from heart.core.services.tenure import ServiceTenure
from heart.core.settings import Settings
from heart.core.shared.orders import Orders


@dataclass(frozen=True, slots=True)
class Scene:
    """What there is to judge by, at one moment. Times are awake seconds.

    `started_at` is when this node stops waiting for peers that it never heard, `woke_at` when it
    last found that it had been asleep.
    """

    settings: Settings
    now: float
    peers: tuple[Peer, ...]
    started_at: float
    woke_at: float
    orders: Orders

    def peer(self, name: str | None) -> Peer | None:
        """The peer of this name; None where there is none."""
        return next((peer for peer in self.peers if peer.name == name), None)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a service may not be taken over yet, and from when on that may be different (inf: unknown)."""

    reason: str
    until: float = inf


@dataclass(frozen=True, slots=True)
class Demand:
    """Why a service must be let go: a reason of the contract, and the facts for a person."""

    reason: str
    facts: str


def rivals(scene: Scene, tenure: ServiceTenure) -> Iterator[Peer]:
    """The peers that are there and may hold the service, too."""
    for peer in scene.peers:
        if peer.speaks and peer.flags(tenure.name_hash) & ABLE:
            yield peer
