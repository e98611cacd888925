"""What one node knows, and what it has decided in this step: shared by the parts of its core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

from heart.beat import Entry, name_hash
from heart.core.decisions import Decision, Report
from heart.core.hearing import LinkHearing
from heart.core.peer import Peer
from heart.core.settings import LinkSettings, Settings
from heart.core.succession import Scene
from heart.core.table import StatusTable
from heart.core.voice import Voice

Record = tuple[int, int]  # the newest incarnation and sequence number that were heard of a peer


class State:
    """One node's knowledge. Times are awake seconds; -inf means never.

    `speak_now` asks for a beat in this step, `answer` for one that answers a peer, `asking` says
    that a service waits for acks. `outlived` is an incarnation of this node that others remember
    and it does not; 0 if there is none.
    """

    def __init__(
        self, settings: Settings, now: float, incarnation: int, records: Mapping[str, Record]
    ) -> None:
        self.settings = settings
        self.timing = settings.timing
        self.peers = {name: _make_peer(settings, name, now, records.get(name)) for name in settings.peers()}
        self.everyone = tuple(self.peers.values())
        self.voice = Voice(settings, now, incarnation)
        nodes = tuple(node.name for node in settings.nodes)
        own = Entry(settings.node, incarnation, 1, settings.configuration, settings.software)
        self.table = StatusTable(nodes, own)
        self.since = now
        longest = max((self.timing.wait(service.stop) for service in settings.services), default=0.0)
        self.started_at = now + max(self.timing.start, longest)
        self.slept_at = -inf
        self.leaving = False
        self.speak_now = False
        self.answer = False
        self.ask_all = False
        self.asking = False
        self.outlived = 0
        self.deadline = now
        self._decisions: list[Decision] = []

    def renew_leases(self) -> None:
        """An ack is a lease, counted from the sending of what it acknowledges (rule 3)."""
        for peer in self.everyone:
            sent_at = self.voice.sent_at(peer.acked)
            if sent_at is not None:
                peer.lease_from = sent_at

    def scene(self, now: float) -> Scene:
        """The facts of this moment, for the rules."""
        return Scene(self.settings, now, self.everyone, self.started_at, self.slept_at)

    def decide(self, decision: Decision) -> None:
        """Add a decision to those of this step."""
        self._decisions.append(decision)

    def report(self, kind: str, reason: str, **fields: Any) -> None:
        """Add an event to the decisions of this step."""
        self._decisions.append(Report(kind, reason, fields))

    def decided(self) -> Sequence[Decision]:
        """The decisions of this step, in their order; the next step begins without any."""
        if not self._decisions:
            return ()
        decisions, self._decisions = self._decisions, []
        return decisions

    def wake_by(self, time: float) -> None:
        """Something may have to be done at this time."""
        if time < self.deadline:
            self.deadline = time


def _make_peer(settings: Settings, name: str, now: float, record: Record | None) -> Peer:
    links = tuple(_make_hearing(settings, link) if name in link.peers else None for link in settings.links)
    peer = Peer(name, links, now)
    if record is not None:
        peer.remember(*record)
    return peer


def _make_hearing(settings: Settings, link: LinkSettings) -> LinkHearing:
    beat = settings.timing.beat
    interval = link.interval(beat)
    return LinkHearing(link.name, name_hash(link.name), interval, interval > beat, settings.judge(link))
