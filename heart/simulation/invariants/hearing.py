"""Who has heard what of whom: what several invariants must know, gathered once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from math import inf

from heart.beat import ASKS, CLAIMS, CLEAN, GOODBYE, Beat, name_hash
from heart.simulation.invariants.facts import Witness

Pair = tuple[str, str]  # who heard, and whom


class Ears(Witness):
    """For each pair, in true seconds: when the hearer last got a new beat, and what it said.

    `heard_at` is of the newest beat, `sent_at` when that was sent, in whatever life it was heard.
    `claimed_at`, `wanted_at` and `free_at` are when a service was last heard claimed, claimed or asked for,
    and let go of; `free_until` is when it was last heard wanted after that.
    `newest` is the beat itself, `claims` are all terms that were claimed.
    `waits_since` is when something new came that is not read yet, `proven` which life of the peer has
    acknowledged this life of the hearer. `peers` says whom a node hears at all: those in its file.
    """

    def __init__(self, peers: Callable[[str], tuple[str, ...]]) -> None:
        self._peers = peers
        self.waits_since: defaultdict[Pair, float] = defaultdict(lambda: -inf)
        self.heard_at: defaultdict[Pair, float] = defaultdict(lambda: -inf)
        self.sent_at: defaultdict[Pair, float] = defaultdict(lambda: -inf)
        self.claimed_at: defaultdict[tuple[str, str, int], float] = defaultdict(lambda: -inf)
        self.wanted_at: defaultdict[tuple[str, str, int], float] = defaultdict(lambda: -inf)
        self.free_until: defaultdict[tuple[str, str, int], float] = defaultdict(lambda: -inf)
        self.free_at: defaultdict[tuple[str, str, int], float] = defaultdict(lambda: -inf)
        self.newest: dict[Pair, Beat] = {}
        self._life: dict[str, int] = {}
        self.proven: dict[Pair, int] = {}
        self.claims: set[tuple[str, str, int, int]] = set()
        self._ever: dict[Pair, tuple[int, int]] = {}
        self.began_at: dict[str, float] = {}
        self._sent: defaultdict[str, dict[tuple[int, int], float]] = defaultdict(dict)

    def began(self, time: float, node: str, incarnation: int) -> None:
        """What a life before it heard is forgotten."""
        self.began_at[node] = time
        for heard in (self.heard_at, self.newest, self.waits_since, self.proven):
            for pair in [pair for pair in heard if pair[0] == node]:
                del heard[pair]
        for wanted in (self.claimed_at, self.wanted_at, self.free_at, self.free_until):
            for key in [key for key in wanted if key[0] == node]:
                del wanted[key]

    def sent(self, time: float, node: str, beat: Beat, links: tuple[str, ...]) -> None:
        """Remember when."""
        if not beat.through:
            self._life[node] = beat.incarnation
            self._sent[node][beat.incarnation, beat.sequence] = time

    def arrived(self, time: float, node: str, link: str, beat: Beat) -> None:
        """Something new waits to be read."""
        pair = node, beat.sender
        if not beat.flags & GOODBYE and (beat.incarnation, beat.sequence) > self._ever.get(pair, (0, 0)):
            self.waits_since[pair] = time

    def reached(self, time: float, node: str, link: str, beat: Beat) -> None:
        """Take it in, if it is newer than what was heard."""
        pair = node, beat.sender
        number = beat.incarnation, beat.sequence
        if beat.sender not in self._peers(node) or number <= self._ever.get(pair, (0, 0)):
            return  # one that was heard in a life before is a replay, too
        self._ever[pair] = number
        if any(ack.peer == name_hash(node) and ack.incarnation == self._life.get(node) for ack in beat.acks):
            self.proven[pair] = beat.incarnation
        self.newest[pair] = beat
        if not beat.flags & GOODBYE:  # which a node that was asleep does not believe
            self.heard_at[pair] = time
        self.sent_at[pair] = max(
            self.sent_at[pair], self._sent[beat.sender].get((beat.incarnation, beat.sequence), -inf)
        )
        for said in beat.word.services:
            if said.flags & CLAIMS:
                self.claimed_at[node, beat.sender, said.service] = time
                self.claims.add((node, beat.sender, said.service, said.term))
            if said.flags & (CLAIMS | ASKS):
                key = node, beat.sender, said.service
                if self.free_at[key] > self.wanted_at[key]:
                    self.free_until[key] = time
                self.wanted_at[key] = time
            elif said.flags & CLEAN or beat.flags & GOODBYE:
                self.free_at[node, beat.sender, said.service] = time

    def flags(self, node: str, sender: str, service: str) -> int:
        """What the newest beat heard of a node says of a service; 0: it said goodbye, or nothing."""
        beat = self.newest.get((node, sender))
        if beat is None or beat.flags & GOODBYE:
            return 0
        return next((said.flags for said in beat.word.services if said.service == name_hash(service)), 0)
