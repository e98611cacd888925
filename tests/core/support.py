"""A core with peers that are only beats: what every test of the core begins with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from heart.beat import ABLE, CLEAN, GOODBYE, GOODBYE_SEQUENCE, Ack, Beat, ServiceWord, Word, name_hash
from heart.config.model import Node, Service, Timing
from heart.core import decisions as d
from heart.core import inputs
from heart.core.cluster import Core
from heart.core.settings import LinkSettings, Settings
from heart.core.state import Record

TIMING = Timing(beat=0.1, late=0.25, dead=1.0, lease=0.6, start=5.0, settle=10.0)
DAY = 1_700_000_000
D = TypeVar("D", bound=d.Decision)


def make_settings(
    node: str = "alpha",
    names: tuple[str, ...] = ("alpha", "beta"),
    timing: Timing = TIMING,
    cable: int | None = 115200,
    **service: Any,
) -> Settings:
    """A cluster with one service `web`, a LAN, and a cable of that baud rate where one is given.

    `service` are further fields of the service.
    """
    links = [LinkSettings("lan", names)]
    if cable is not None:
        links.append(LinkSettings("cable", names, cable))
    nodes = tuple(Node(name) for name in names)
    return Settings("web", node, nodes, timing, tuple(links), (Service("web", names, 0.3, (), **service),))


class Bench:
    """A core under test at a time that the test moves; decisions are kept in the order in which they came."""

    def __init__(
        self,
        settings: Settings | None = None,
        records: dict[str, Record] | None = None,
        terms: dict[str, int] | None = None,
    ) -> None:
        self.settings = settings or make_settings()
        self.now = 0.0
        self.boot = 0.0
        self.decided: list[d.Decision] = []
        self.core = Core(
            self.settings,
            0.0,
            0.0,
            incarnation=DAY,
            seconds=DAY,
            terms=terms or {},
            records=records or {},
        )
        self.give(inputs.Tick())
        for link in self.settings.links:
            self.give(inputs.LinkUp(link.name))

    def give(self, event: inputs.Input) -> list[d.Decision]:
        """Have the core take an input in; the arbiter and the second look answer at once."""
        fresh = list(self.core.step(self.now, self.boot + self.now, event))
        self.decided += fresh
        for decision in fresh:
            if isinstance(decision, d.Ask):
                self.give(inputs.Answer(decision.service, decision.term, True))
            elif isinstance(decision, d.LookAgain):
                self.give(inputs.Looked())
        return fresh

    def run_to(self, time: float, peers: Iterable[FakePeer] = (), links: Sequence[str] = ("lan",)) -> None:
        """Let time pass, in time for each deadline, while these peers beat on these links."""
        beats = int(self.now * 10) + 1
        while True:
            due = min(self.core.next_deadline(), beats / 10)
            if due > time:
                self.now = time
                return
            self.now = max(self.now, due)
            if self.now >= beats / 10:
                beats += 1
                for peer in peers:
                    for link in links:
                        self.give(inputs.Heard(link, peer.beat(self)))
            self.give(inputs.Tick())

    def of(self, kind: type[D]) -> list[D]:
        """The decisions of one kind so far."""
        return [decision for decision in self.decided if isinstance(decision, kind)]

    def reported(self, kind: str) -> list[d.Report]:
        """The events of one kind so far."""
        return [report for report in self.of(d.Report) if report.kind == kind]

    def last_beat(self) -> Beat:
        """The beat that was sent last."""
        return self.of(d.Send)[-1].beat

    def life(self, peer: str = "beta") -> str:
        """What the core holds a peer to be."""
        return self.core.state.peers[peer].life.value

    def holding(self) -> str:
        """What the service is on this node."""
        return self.core.tenures.all[0].holding.value


class FakePeer:
    """A peer that says what the test wants. `hears` is whether it acknowledges the newest beat."""

    def __init__(self, name: str = "beta", incarnation: int = DAY) -> None:
        self.name = name
        self.incarnation = incarnation
        self.sequence = 0
        self.flags = 0
        self.service_flags = ABLE | CLEAN
        self.term = 0
        self.hears = True
        self.acked: tuple[int, int] = (0, 0)
        self.asks: tuple[int, ...] = ()
        self.other_acks: tuple[Ack, ...] = ()
        self.digest = b""

    def beat(self, bench: Bench) -> Beat:
        """Its next beat."""
        self.sequence += 1
        if self.hears:
            self.acked = (bench.core.incarnation, bench.core.state.voice.sequence)
        links = tuple(name_hash(link.name) for link in bench.settings.links)
        ack = Ack(name_hash(bench.settings.node), *self.acked, heard=(1000, 0) * len(links))
        word = Word(
            links, (ServiceWord(name_hash("web"), self.term, self.service_flags),), self.digest or b"digest"
        )
        sent = (self.sequence,) * len(links)
        acks = (ack, *self.other_acks) if self.acked[1] else self.other_acks
        return Beat(self.name, self.incarnation, self.sequence, self.flags, sent, self.asks, acks, word)

    def goodbye(self, bench: Bench) -> Beat:
        """Its goodbye."""
        last = self.beat(bench)
        return Beat(
            self.name, self.incarnation, GOODBYE_SEQUENCE, GOODBYE, last.sent, (), last.acks, last.word
        )
