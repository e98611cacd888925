"""The receiving half of a node: which beats it accepts, and what it learns from each.

This is the path of every frame, so a beat that brings no news is taken in with little work and
without a look at the rules: `hear` says whether there is news.
"""

from __future__ import annotations

from collections import Counter

from heart.beat import GOODBYE_SEQUENCE, Ack, Beat, Entry, Word, name_hash
from heart.config.meaning import differences
from heart.core.decisions import StorePeer
from heart.core.peers.hearing import LinkHearing, age_on, lag_on
from heart.core.peers.peer import Life, Peer, Turn
from heart.core.state import State
from heart.core.talk.relay import Relay

UP = Life.UP  # a member of an Enum is slow to look up, and this is looked up for every beat
OTHER_CLUSTER = "cluster"  # two clusters may share a segment: that is counted, and no event
REPORT_EVERY = 10.0  # seconds between two reports of refused frames


class Ear:
    """Takes beats in. Counts what is refused, per link and reason."""

    def __init__(self, state: State, relay: Relay) -> None:
        self._state = state
        self._relay = relay
        self._peers = state.peers
        self._voice = state.voice
        self._name = state.settings.node
        self._hash = name_hash(self._name)
        self.refused: dict[str, Counter[str]] = {}
        self._unreported: dict[str, Counter[str]] = {}
        self._report_at = 0.0
        self.adopt()

    def adopt(self) -> None:
        """From now on the settings of the state are others."""
        state = self._state
        self._measure_every = state.timing.beat / 2
        names = [link.name for link in state.settings.links]
        self.refused = {name: self.refused.get(name, Counter()) for name in names}
        self._unreported = {name: self._unreported.get(name, Counter()) for name in names}

    def hear(self, now: float, link: str, beat: Beat) -> bool:
        """Take in a beat whose signature held; True where it brings news that rules must be held against."""
        peer = self._peers.get(beat.sender)
        if peer is None:
            return self._no_peer(link, beat)
        hearing = self._through_others(now, peer, link, beat) if beat.through else peer.on.get(link)
        if hearing is None:
            return not beat.through and self.refuse(link, "wrong-link")
        sequence = beat.sequence
        if beat.incarnation == peer.incarnation and peer.sequence < sequence < GOODBYE_SEQUENCE:
            return self._accept(now, peer, link, hearing, beat)
        if beat.incarnation > peer.incarnation and sequence < GOODBYE_SEQUENCE:
            self._reborn(now, peer, beat.incarnation)
            return self._accept(now, peer, link, hearing, beat)
        if beat.incarnation != peer.incarnation:
            return self._replayed(link, peer)
        if sequence == GOODBYE_SEQUENCE:
            return self._goodbye(now, peer, link, beat)
        return self._second_copy(now, peer, link, hearing, beat)

    def refuse(self, link: str, reason: str) -> bool:
        """Count a frame that is not taken in; never news."""
        if link in self.refused:
            self.refused[link][reason] += 1
            if reason != OTHER_CLUSTER:
                self._unreported[link][reason] += 1
        return False

    def report_refused(self, now: float) -> None:
        """Report what was refused since the last time, at a bounded rate."""
        if now < self._report_at:
            return
        for link, counts in self._unreported.items():
            if counts:
                told = ", ".join(f"{count} {reason}" for reason, count in sorted(counts.items()))
                self._state.report("refused", f"frames on {link}: {told}", link=link, counts=dict(counts))
                counts.clear()
                self._report_at = now + REPORT_EVERY

    def _through_others(self, now: float, peer: Peer, link: str, beat: Beat) -> LinkHearing | None:
        """What hears a beat that others have passed on; None where we have, or where nobody can."""
        if self._hash in beat.through:
            return None
        if peer.relayed is None:
            self.refuse(link, "wrong-link")
        self._relay.fed(now, link, beat)
        return peer.relayed

    def _accept(self, now: float, peer: Peer, link: str, hearing: LinkHearing, beat: Beat) -> bool:
        peer.sequence = beat.sequence
        peer.heard_at = now
        peer.beat = beat
        news = hearing.silent
        if beat.word != peer.word:
            self._take_word(peer, beat.word)
            news = True
        hearing.hear(now, beat)
        if hearing.slow:
            peer.note_slowness(now)
        for ack in beat.acks:
            if ack.peer == self._hash:
                news |= self._acknowledged(now, peer, hearing, ack)
                break
        if beat.asks and self._hash in beat.asks:
            self._state.answer = True
            self._state.wake_by(self._voice.answer_at())
        if peer.life is not UP:
            self._rise(now, peer, hearing)
            news = True
        if self._relay.possible:
            news |= self._relay.take(now, peer, link, beat)
        return news

    def _acknowledged(self, now: float, peer: Peer, hearing: LinkHearing, ack: Ack) -> bool:
        voice = self._voice
        if ack.incarnation != voice.incarnation or ack.sequence > voice.sequence:
            if ack.incarnation < voice.incarnation or voice.said_goodbye:
                return False
            self._state.outlived = max(self._state.outlived, ack.incarnation)
            return True
        peer.ack = ack
        if ack.sequence > peer.acked:
            peer.acked = ack.sequence
            if now >= hearing.measured_at + self._measure_every:
                self._measure(now, hearing, ack)
        if not peer.proven and ack.sequence:
            peer.proven = peer.ever_proven = True
            peer.trust_release()
            return True
        return self._state.asking

    def _measure(self, now: float, hearing: LinkHearing, ack: Ack) -> None:
        """The round trip of one link: our beat out on it, heard, and an ack back on it."""
        age = age_on(ack, hearing.index)
        sent_at = self._voice.sent_at(ack.sequence - lag_on(ack, hearing.index))
        if age is not None and sent_at is not None:
            hearing.measured_at = now
            hearing.round_trip = max(0.0, now - sent_at - age)

    def _take_word(self, peer: Peer, word: Word) -> None:
        peer.say(word)
        for entry in word.entries:
            if self._state.table.merge(entry):
                self._compare(entry)
        for order in word.orders:
            if self._state.orders.merge(order):
                self._state.ordered(order)

    def _compare(self, entry: Entry) -> None:
        """Nodes that run different configurations say so."""
        settings = self._state.settings
        if entry.configuration == settings.configuration:
            return
        keys = differences(settings.meaning, entry.parts)
        reason = f"{entry.node} runs another configuration: {', '.join(keys) or 'it does not say where'}"
        self._state.report("configuration", reason, peer=entry.node, keys=keys)

    def _rise(self, now: float, peer: Peer, hearing: LinkHearing) -> None:
        if not peer.proven:
            return
        silence = now - peer.since
        was = peer.life
        if not peer.turn(Turn.HEARD if was is Life.LATE else Turn.PROVEN, now, f"heard {hearing.place()}"):
            return
        if was is Life.DEAD:
            peer.speaking_from = now
        reason = f"was {was.value} for {silence:.3g} s, heard again {hearing.place()}"
        if was is not Life.LATE:
            reason = f"beats {hearing.place()}, and hears this node"
            self._state.decide(StorePeer(peer.name, peer.incarnation, peer.sequence))
        peer.told_up = True
        self._state.report("node-up", reason, peer=peer.name, peer_incarnation=peer.incarnation)

    def _reborn(self, now: float, peer: Peer, incarnation: int) -> None:
        peer.turn(Turn.REBORN, now, "a new incarnation speaks, which has not acknowledged this node yet")
        peer.begin(incarnation, now)

    def _goodbye(self, now: float, peer: Peer, link: str, beat: Beat) -> bool:
        """Believed only from a proven incarnation, and not where it may be older than a sleep of ours."""
        state = self._state
        if peer.sequence == GOODBYE_SEQUENCE or not peer.proven or now < state.slept_at + state.timing.dead:
            return False
        peer.leave(now, beat)
        state.decide(StorePeer(peer.name, peer.incarnation, peer.sequence))
        if peer.turn(Turn.GOODBYE, now, "said goodbye"):
            peer.told_up = False
            state.report("node-left", "said goodbye", peer=peer.name)
        if self._relay.possible:
            self._relay.take(now, peer, link, beat)
        return True

    def _second_copy(self, now: float, peer: Peer, link: str, hearing: LinkHearing, beat: Beat) -> bool:
        """The same beat on another link says only that this link works; on the same link it is a replay.

        Others may pass a beat on to us by more than one way: then the first copy has said it all.
        """
        if hearing is peer.relayed and beat.sequence <= hearing.sequence:
            return False
        if beat.sequence <= hearing.sequence or peer.life in (Life.DEAD, Life.LEFT):
            return self._replayed(link, peer)
        hearing.hear(now, beat)
        for ack in beat.acks:
            if ack.peer == self._hash and ack.incarnation == self._voice.incarnation:
                self._measure(now, hearing, ack)
                break
        return hearing.silent

    def _replayed(self, link: str, peer: Peer) -> bool:
        peer.refused["replayed"] = peer.refused.get("replayed", 0) + 1
        return self.refuse(link, "replayed")

    def _no_peer(self, link: str, beat: Beat) -> bool:
        if beat.sender != self._name:
            return self.refuse(link, "unknown-node")
        own = (self._voice.incarnation, self._voice.sequence)
        if (beat.incarnation, beat.sequence) > own and beat.sequence < GOODBYE_SEQUENCE:
            return self.refuse(link, "own-name")
        return False
