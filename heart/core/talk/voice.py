"""What this node says: its sequence numbers, when its beats are due, and on which links they go."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

from heart.beat import GOODBYE, GOODBYE_SEQUENCE, MAX_FRAME, Beat, Word
from heart.codec import frame_size
from heart.core.decisions import Send
from heart.core.peers.peer import Peer
from heart.core.settings import Settings
from heart.core.talk.line import Line
from heart.core.talk.room import MOST_ASKS, Room

ANSWER_RATE = 20  # mere answers for each beat of the normal rate, however many ask
PROBE_RATE = 10  # beats for each one of the normal rate, while a peer is late
SENT_KEPT = 4096  # beats whose time of sending is remembered
FAREWELL = 0.02  # seconds over which a goodbye is repeated
FAREWELL_EVERY = 0.005


class Voice:
    """The sending half of one incarnation of this node. Times are awake seconds.

    `ahead` is by how much the clock that goes on while the machine sleeps is ahead of the other.
    `calm_news` is how many bytes of news a beat may bring without holding up the slowest line of the
    cluster, over which it may go or be passed on.
    """

    def __init__(self, settings: Settings, now: float, incarnation: int) -> None:
        self.lines: tuple[Line, ...] = ()
        self.due = now
        self.ahead = 0.0
        self.adopt(settings)
        self._spoke_at = -inf
        self._turn = 0
        self.begin(incarnation)

    def begin(self, incarnation: int) -> None:
        """Begin an incarnation: sequence numbers and counts start anew."""
        self.incarnation = incarnation
        self.sequence = 0
        self.said_goodbye = False
        self._sent_at: dict[int, float] = {}
        for line in self.lines:
            line.sent = 0

    def adopt(self, settings: Settings) -> None:
        """From now on this is the configuration; lines that stay go on as they are."""
        self._settings = settings
        self._beat = settings.timing.beat
        lines = {line.name: line for line in self.lines}
        for link in settings.links:
            if link.name in lines:
                lines[link.name].adopt(link, self._beat)
            else:
                lines[link.name] = Line(link, self._beat)
        self.lines = tuple(lines[link.name] for link in settings.links)
        self._named = {line.name: line for line in self.lines}
        self.room = Room(len(settings.links), len(settings.services), settings.votes)
        serial = [link for link in settings.all_links() if link.baud is not None]
        self.calm_news = min((settings.calm_size(link) - link.frame for link in serial), default=MAX_FRAME)

    def line(self, name: str) -> Line | None:
        """The line of this name."""
        return self._named.get(name)

    def sent_at(self, sequence: int) -> float | None:
        """When the beat with this number was sent; None where that is too long ago to matter.

        Time in which the machine slept since then has passed for those who heard it, so it counts.
        """
        sent_at = self._sent_at.get(sequence)
        return None if sent_at is None else sent_at - self.ahead

    def keep_time(self, now: float, probing: bool) -> bool:
        """Whether a regular beat is due; if so, the next one follows in step with those before."""
        interval = self._beat / PROBE_RATE if probing else self._beat
        regular = self.due <= now
        if regular:
            self.due += interval * (1 + (now - self.due) // interval)
        self.due = min(self.due, now + interval)
        return regular

    def answer_at(self) -> float:
        """When the next beat that is a mere answer may go: a flood of questions makes no flood of answers."""
        return self._spoke_at + self._beat / ANSWER_RATE

    def owed_at(self) -> float:
        """When a line can be given the urgent frame that it could not take; inf where none is owed."""
        return min((line.free_at() for line in self.lines if line.owed and line.up), default=inf)

    def owing(self, now: float) -> tuple[Line, ...]:
        """All that take a frame now, if one is among them that is owed it; else none.

        A beat on a slow line alone would tell its receivers that the fast links do not work.
        """
        taking = tuple(line for line in self.lines if line.takes(now, urgent=True))
        return taking if any(line.owed for line in taking) else ()

    def taking(self, now: float, urgent: bool) -> tuple[Line, ...]:
        """The lines that take a frame now; those that do not, but should, are owed it."""
        for line in self.lines:
            if line.settings.baud is not None:
                line.owe(now, urgent)
        return tuple(line for line in self.lines if line.takes(now, urgent))

    def speak(
        self,
        now: float,
        lines: tuple[Line, ...],
        flags: int,
        asks: Iterable[Peer],
        peers: tuple[Peer, ...],
        word: Word,
    ) -> Send:
        """One beat on these lines."""
        self._spoke_at = now
        if flags & GOODBYE:
            self.said_goodbye = True
        else:
            self.sequence += 1
            self._remember(now)
        for line in lines:
            line.sent += 1
        beat = Beat(
            sender=self._settings.node,
            incarnation=self.incarnation,
            sequence=GOODBYE_SEQUENCE if flags & GOODBYE else self.sequence,
            flags=flags,
            sent=tuple(line.sent for line in self.lines),
            asks=tuple(peer.name_hash for peer in asks)[:MOST_ASKS],
            acks=tuple(peer.make_ack(now) for peer in self._acked(peers, bool(word.entries or word.orders))),
            word=word,
        )
        for line in lines:
            if line.settings.baud is not None:
                line.send(now, frame_size(beat))
        return Send(beat, tuple(line.name for line in lines))

    def _acked(self, peers: tuple[Peer, ...], beside_news: bool) -> list[Peer]:
        heard = [peer for peer in peers if peer.incarnation]
        most = (
            self.room.acks_beside_news if beside_news else self.room.acks
        )  # where there are more peers, the others come in turn
        if len(heard) <= most:
            return heard
        waiting = [peer for peer in heard if peer.wants_ack()]
        if len(waiting) >= most:
            return self._in_turn(waiting, most)
        others = [peer for peer in heard if not peer.wants_ack()]
        return waiting + self._in_turn(others, most - len(waiting))

    def _in_turn(self, peers: list[Peer], most: int) -> list[Peer]:
        """So many of these at the most, others each time."""
        self._turn = (self._turn + most) % max(1, len(peers))
        return (peers[self._turn :] + peers[: self._turn])[:most]

    def _remember(self, now: float) -> None:
        self._sent_at[self.sequence] = now + self.ahead
        self._sent_at.pop(self.sequence - SENT_KEPT, None)
