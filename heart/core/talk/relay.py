"""Passing on the beats of nodes that others do not hear themselves, as along a chain of cables.

A beat is passed on where it is news here, once on each link, and never back to where it came from. A node
needs it that shares no link with the sender, or whose own beats say that it hears nothing there.
"""

from __future__ import annotations

from msgspec import structs

from heart.beat import MAX_FRAME, MOST_HOPS, Beat, name_hash
from heart.codec import frame_size
from heart.core.decisions import Send
from heart.core.peers.peer import Life, Peer
from heart.core.state import State
from heart.core.talk.line import Line
from heart.core.talk.paths import between

DEAF_INTERVALS = 2.5  # of a link: so long a neighbour that hears a sender there may not have heard it

Rank = tuple[int, int]  # of those who pass the same sender on to the same link: the least one goes on


class Relay:
    """What this node passes on. `possible` is whether its cluster ever can need that."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._own = name_hash(state.settings.node)
        self.adopt()

    def adopt(self) -> None:
        """From now on the settings of the state are others."""
        settings = self._state.settings
        own = settings.node
        self._on = {link.name: tuple(name for name in link.peers if name != own) for link in settings.links}
        self.possible = len(settings.nodes) > 2 and len(settings.links) > 1
        self._patience: dict[tuple[str, str], float] = {}
        self._fed: dict[tuple[str, str], tuple[float, Rank]] = {}
        for line in self._state.voice.lines:
            line.give_up()

    def fed(self, now: float, link: str, beat: Beat) -> None:
        """Another node has passed this beat on to a link of ours: whoever needs it there has it."""
        rank = len(beat.through), beat.through[-1]
        self._fed[link, beat.sender] = now, rank

    def take(self, now: float, peer: Peer, link: str, beat: Beat) -> bool:
        """A beat of this peer is news: have it passed on where it is needed; True where it is."""
        if len(beat.through) >= MOST_HOPS:
            return False
        lines = [line for line in self._state.voice.lines if self._wanted(now, line, peer, link, beat)]
        if lines:
            onward = structs.replace(beat, through=(*beat.through, self._own))
            if frame_size(onward) > MAX_FRAME:  # no node of ours makes such a beat
                return False
            for line in lines:
                line.wait(onward)
        return bool(lines)

    def check(self, now: float) -> None:
        """Pass on what may go now."""
        for line in self._state.voice.lines:
            while (beat := line.next_waiting(now)) is not None:
                line.pass_on(now, frame_size(beat) if line.settings.baud is not None else 0)
                self._state.decide(Send(beat, (line.name,)))
            self._state.wake_by(line.passes_at())

    def give_up(self) -> None:
        """Pass nothing on any more."""
        for line in self._state.voice.lines:
            line.give_up()

    def _wanted(self, now: float, line: Line, peer: Peer, link: str, beat: Beat) -> bool:
        if line.name == link or not line.up:
            return False
        fed = self._fed.get((line.name, peer.name))
        if fed is not None and now < fed[0] + self._state.timing.late:
            ours = len(beat.through) + 1, self._own
            if fed[1] < ours:
                return False
        return any(
            name != peer.name and name_hash(name) not in beat.through and self._needs(now, name, peer)
            for name in self._on[line.name]
        )

    def _needs(self, now: float, name: str, sender: Peer) -> bool:
        """Whether that node hears the sender only through others."""
        patience = self._patience_of(name, sender.name)
        if patience == 0.0:
            return True
        node = self._state.peers.get(name)
        if node is None or node.beat is None or node.life is not Life.UP:
            return False
        if now < max(node.since, sender.speaking_from) + patience:
            return False  # it has only just begun to hear anybody
        for ack in node.beat.acks:
            if ack.peer == sender.name_hash:
                freshest = min(ack.heard[::2]) * 1e-6 if ack.heard else patience
                return ack.incarnation < sender.incarnation or now - node.heard_at + freshest >= patience
        return len(self._state.peers) <= self._state.voice.room.acks

    def _patience_of(self, name: str, sender: str) -> float:
        """For how long that node may not hear the sender itself before it is passed on; 0: it never does."""
        pair = name, sender
        if pair not in self._patience:
            settings = self._state.settings
            shared = between(settings.all_links(), name, sender)
            slowest = max((link.guaranteed(settings.timing.beat) for link in shared), default=0.0)
            self._patience[pair] = max(settings.timing.late, DEAF_INTERVALS * slowest) if shared else 0.0
        return self._patience[pair]
