"""Watches peers fall silent: late, looked for once more, dead (rule 1), and links that only seem to work."""

from __future__ import annotations

from math import inf

from heart.core.decisions import LookAgain, StorePeer
from heart.core.peers.hearsay import hearsay
from heart.core.peers.peer import Life, Peer, Turn
from heart.core.state import State

LATE_INTERVALS = 2.5  # beats that may be overdue before a peer on a slow line is late


class Watch:
    """Holds the silence of each peer, and of each peer on each link, against the clock.

    `probing` says that a peer is missed, `dazed` that this node slept, and has not read yet what came then.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._looking: tuple[Peer, ...] = ()
        self.probing = False
        self.dazed = False

    def woken(self) -> None:
        """This node slept: it reads what it missed before it speaks, or its acks would call it deaf."""
        self.dazed = True
        if not self._looking:
            self._state.decide(LookAgain())

    def looked(self) -> None:
        """The second look is done: who was silent before it and is silent still is judged now."""
        for peer in self._looking:
            peer.looked = True
        self._looking = ()
        self.dazed = False

    def check(self, now: float) -> None:
        """Judge every peer by the time that it has been silent."""
        condemned: list[Peer] = []
        self.probing = False
        for peer in self._state.everyone:
            if self._condemned(now, peer):
                condemned.append(peer)
            if peer.life is Life.LATE:
                self.probing = True
            elif peer.life is Life.UP and not self._state.leaving:
                self._check_links(now, peer)
        if condemned and not self._looking:
            self._looking = tuple(condemned)
            self._state.decide(LookAgain())

    def _condemned(self, now: float, peer: Peer) -> bool:
        """Judge one peer; True where only a second look stands before its death."""
        if peer.life is Life.UP:
            self._check_overdue(now, peer)
        if peer.life is Life.LATE or (peer.life is Life.UNKNOWN and peer.heard_at > -inf):
            return self._check_silence(now, peer)
        return False

    def _check_overdue(self, now: float, peer: Peer) -> None:
        timing = self._state.timing
        interval = peer.interval(now, timing.beat)
        overdue_at = self._silent_from(peer) + max(
            timing.late, LATE_INTERVALS * interval if interval > timing.beat else 0
        )
        if now < overdue_at:
            self._state.wake_by(overdue_at)
            return
        silence = now - peer.heard_at
        peer.turn(Turn.OVERDUE, now, f"silent for {silence:.3g} s")
        self._state.report("node-late", peer.reason, peer=peer.name)
        self._state.speak_now = True

    def _check_silence(self, now: float, peer: Peer) -> bool:
        dead_at = peer.dead_at(self._silent_from(peer), self._state.timing.dead)
        if now < dead_at:
            self._state.wake_by(dead_at)
            peer.looked = False
            return False
        if not peer.looked:
            return True
        word = hearsay(peer, self._state.everyone, self._state.timing.dead)
        if word is not None and now < word.until:
            peer.looked = False  # before a later verdict it is looked for anew
            self._state.wake_by(word.until)
            peer.reason = f"silent for {now - peer.heard_at:.3g} s, but {word.witness} still hears it"
            return False
        self._bury(now, peer)
        return False

    def _bury(self, now: float, peer: Peer) -> None:
        probes = peer.probes
        silence = f"silent for {now - peer.heard_at:.3g} s on every link, {probes} probes unanswered"
        peer.turn(Turn.SILENT, now, silence)
        self._state.decide(StorePeer(peer.name, peer.incarnation, peer.sequence))
        if peer.told_up:
            peer.told_up = False
            self._state.report("node-dead", silence, peer=peer.name, probes=probes)

    def _silent_from(self, peer: Peer) -> float:
        """Since when its silence counts: nothing that was missed while this node slept does (rule 2)."""
        return max(peer.heard_at, self._state.slept_at)

    def _check_links(self, now: float, peer: Peer) -> None:
        """A peer that is heard, but not on all its links: a cable is out, and nobody would notice."""
        for hearing in peer.on.values():
            line = self._state.voice.line(hearing.name)
            if line is None or not line.up:
                continue
            since = max(hearing.heard_at, peer.since, self._state.slept_at, line.since)
            silent = now >= since + hearing.judge
            if not silent and not hearing.silent:
                self._state.wake_by(since + hearing.judge)
            if silent == hearing.silent or (hearing.silent and now >= hearing.heard_at + hearing.judge):
                continue
            hearing.silent = silent
            kind = "link-down" if silent else "link-up"
            heard = [h.place() for h in peer.hearings if now < h.heard_at + h.judge]
            reason = f"{peer.name} is heard {' and '.join(heard) or 'on no link'}, but not on {hearing.name}"
            if not silent:
                reason = f"{peer.name} is heard on {hearing.name} again"
            self._state.report(kind, reason, link=hearing.name, peer=peer.name)
