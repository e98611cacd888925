"""The life of a peer, as one node sees it: the state machine, and the evidence that it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from math import inf
from typing import Final

from heart.beat import ASKS, CLAIMS, CLEAN, PROBE, Ack, Beat, ServiceWord, Word, name_hash
from heart.core.peers.hearing import LinkHearing, age_on, heard_pairs, lag_on


class Life(Enum):
    """What this node holds a peer to be."""

    UNKNOWN = "unknown"
    UP = "up"
    LATE = "late"
    DEAD = "dead"
    LEFT = "left"


class Turn(Enum):
    """What can change a peer's life."""

    PROVEN = "beats, and acknowledges this life of ours"
    OVERDUE = "nothing heard for `late`"
    HEARD = "a beat was accepted"
    SILENT = "nothing heard for `dead`, after a second look"
    GOODBYE = "said goodbye"
    REBORN = "a newer incarnation speaks, or ours is new: not yet proven"


# Every state answers every turn. What is not listed leaves the state as it is.
TRANSITIONS: Final[Mapping[tuple[Life, Turn], Life]] = {
    (Life.UNKNOWN, Turn.PROVEN): Life.UP,
    (Life.UNKNOWN, Turn.SILENT): Life.DEAD,
    (Life.UP, Turn.OVERDUE): Life.LATE,
    (Life.UP, Turn.GOODBYE): Life.LEFT,
    (Life.UP, Turn.REBORN): Life.UNKNOWN,
    (Life.LATE, Turn.HEARD): Life.UP,
    (Life.LATE, Turn.PROVEN): Life.UP,
    (Life.LATE, Turn.SILENT): Life.DEAD,
    (Life.LATE, Turn.GOODBYE): Life.LEFT,
    (Life.LATE, Turn.REBORN): Life.UNKNOWN,
    (Life.DEAD, Turn.PROVEN): Life.UP,
    (Life.DEAD, Turn.GOODBYE): Life.LEFT,
    (Life.LEFT, Turn.PROVEN): Life.UP,
}

_NOTHING_SAID = Word(links=(), services=(), digest=b"")


class Peer:
    """One peer: its life, the newest that was heard of it, and what it last said.

    Times are awake seconds. `links` are all links of this node, None where the peer is not on one.
    `speaks` is whether it is up or late, and `patient` whether one of its links is slower than the beat.
    `told_up` is whether people were told that it is up, and not yet that it is dead or has left.
    `ever_proven` is whether it was proven in any life of it since this node began to listen for it.
    `relayed` is how its beats come through other nodes, None where that cannot be. `lease_from` is when
    the newest of our beats that it acknowledged was sent; `speaking_from` is when it began to speak
    after it was not there.
    """

    def __init__(
        self, name: str, links: tuple[LinkHearing | None, ...], relayed: LinkHearing | None, now: float
    ) -> None:
        self.name = name
        self.name_hash = name_hash(name)
        self.life = Life.UNKNOWN
        self.speaks = False
        self.since = now
        self.reason = "not heard yet"
        self.word: Word = _NOTHING_SAID
        self.adopt(links, relayed)
        self.incarnation = 0
        self.sequence = 0
        self.heard_at = -inf
        self.proven = self.ever_proven = False
        self.acked = 0
        self.lease_from = -inf
        self.speaking_from = -inf
        self.slow_until = -inf
        self._slow_interval = self._slow_judge = 0.0
        self.looked = False
        self.told_up = False
        self.probes = 0
        self.beat: Beat | None = None
        self.ack: Ack | None = None
        self.said: dict[int, ServiceWord] = {}
        self.unclean: dict[int, float] = {}
        self.refused: dict[str, int] = {}

    def adopt(self, links: tuple[LinkHearing | None, ...], relayed: LinkHearing | None) -> None:
        """From now on these are all links of this node; what is known of those that stay is kept."""
        self._links = links
        self.relayed = relayed
        self.hearings = tuple(hearing for hearing in (*links, relayed) if hearing is not None)
        self.on = {hearing.name: hearing for hearing in links if hearing is not None}
        self.patient = any(hearing.slow for hearing in self.hearings)
        self._find_links()

    def turn(self, turn: Turn, now: float, reason: str) -> bool:
        """Apply a turn; True where the peer's life has changed by it."""
        life = TRANSITIONS.get((self.life, turn), self.life)
        if life is self.life:
            return False
        self.life = life
        self.speaks = life is Life.UP or life is Life.LATE
        self.since = now
        self.reason = reason
        self.looked = False
        self.probes = 0
        return True

    def begin(self, incarnation: int, now: float) -> None:
        """A newer incarnation of the peer speaks: nothing of the old one's evidence holds for it."""
        self._let_claims_age()
        self.incarnation = incarnation
        self.sequence = 0
        self.speaking_from = now
        self.forget_proof()
        self.said = {}
        self.word = _NOTHING_SAID
        for hearing in self.hearings:
            hearing.begin()

    def remember(self, incarnation: int, sequence: int) -> None:
        """Take up what an earlier life of this node had heard: nothing older counts."""
        self.incarnation = incarnation
        self.sequence = sequence
        for hearing in self.hearings:
            hearing.sequence = sequence

    def leave(self, now: float, beat: Beat) -> None:
        """It said goodbye: it holds nothing, and this incarnation of it has ended."""
        self.sequence = beat.sequence
        self.heard_at = now
        self.beat = beat
        self.said = {}
        self.unclean = {}

    def forget_proof(self) -> None:
        """What it acknowledged was another life of ours, or of its own."""
        self.proven = False
        self.acked = 0
        self.lease_from = -inf
        self.ack = None

    def say(self, word: Word) -> None:
        """Take in what the peer now says of links and services."""
        self._let_claims_age()
        self.word = word
        self.said = {said.service: said for said in word.services}
        self._find_links()
        if self.proven:
            self.trust_release()

    def trust_release(self) -> None:
        """Forget old claims to what the peer now says it has let go of cleanly. Only from a proven one."""
        for service, said in self.said.items():
            if said.flags & CLEAN and not said.flags & CLAIMS:
                self.unclean.pop(service, None)

    def claims(self, service: int) -> bool:
        """Whether its newest beat claims the service."""
        said = self.said.get(service)
        return said is not None and bool(said.flags & CLAIMS)

    def make_ack(self, now: float) -> Ack:
        """What this node's beats say of what it heard of the peer."""
        return Ack(
            self.name_hash, self.incarnation, self.sequence, heard_pairs(self._links, self.sequence, now)
        )

    def wants_ack(self) -> bool:
        """Whether it needs an ack in every beat: it holds something, asks for something, or probes."""
        if self.beat is not None and (self.beat.flags & PROBE or self.beat.asks):
            return True
        return any(said.flags & (CLAIMS | ASKS) for said in self.word.services)

    def hears_us(self, hearing: LinkHearing) -> float | None:
        """How many seconds before its last beat it heard us on this link; None: never, or it does not say."""
        return None if self.ack is None else age_on(self.ack, hearing.index)

    def lags(self, hearing: LinkHearing) -> int:
        """By how many of our beats this link is behind the newest that it has heard; 0 if it does not say."""
        return 0 if self.ack is None else lag_on(self.ack, hearing.index)

    def last_claim(self, service: int) -> float:
        """When the service was last heard claimed by it without a clean release since; -inf: never."""
        if self.claims(service):
            return self.heard_at
        return self.unclean.get(service, -inf)

    def flags(self, service: int) -> int:
        """The flags of what it says of the service; 0 where it says nothing."""
        said = self.said.get(service)
        return 0 if said is None else said.flags

    def note_slowness(self, now: float) -> None:
        """A beat came on a line slower than the beat: did a fast link bring it, too?"""
        fast = max((h.sequence for h in self.hearings if not h.slow), default=0)
        judges = [(h.judge, h.interval) for h in self.hearings if h.slow and h.sequence > fast]
        if judges:
            self._slow_judge, self._slow_interval = min(judges)
            self.slow_until = now + self._slow_judge

    def dead_at(self, silent_from: float, dead: float) -> float:
        """When it is dead, if nothing of it has been heard since `silent_from` (rule 1).

        A peer that is heard on nothing but a slow line is given that line's time, and keeps it for as
        long when a fast link has come back: it reckons with it until it has learnt better.
        """
        return max(silent_from + dead, self.slow_until)

    def patience(self, now: float, dead: float) -> float:
        """For how long it may be silent just now, and so how long an answer of it may take."""
        return dead if now >= self.slow_until else self._slow_judge

    def interval(self, now: float, beat: float) -> float:
        """The seconds between its beats that can be expected on what is heard of it now."""
        return beat if now >= self.slow_until else self._slow_interval

    def _find_links(self) -> None:
        """Where the peer's beats speak of each link that it shares with this node."""
        links = self.word.links
        for hearing in self.hearings:
            hearing.index = links.index(hearing.name_hash) if hearing.name_hash in links else -1

    def _let_claims_age(self) -> None:
        for service, said in self.said.items():
            if said.flags & CLAIMS:
                self.unclean[service] = self.heard_at
