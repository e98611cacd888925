"""A core with peers that are only beats: what every test of the core begins with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from heart.beat import ABLE, CLEAN, GOODBYE, GOODBYE_SEQUENCE, Ack, Beat, ServiceWord, Word, name_hash
from heart.config.model import Node, Service, Timing
from heart.core import decisions as d
from heart.core import inputs
from heart.core.cluster import Core
from heart.core.services.electorate import hash_of
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
    arbiter: str = "trust",
    witnesses: tuple[str, ...] = (),
    **service: Any,
) -> Settings:
    """A cluster with one service `web`, a LAN, and a cable of that baud rate where one is given.

    `witnesses` are those of the nodes that hold nothing, `service` further fields of the service.
    """
    links = [LinkSettings("lan", names)]
    if cable is not None:
        links.append(LinkSettings("cable", names, cable))
    nodes = tuple(Node(name, witness=name in witnesses) for name in names)
    holders = tuple(name for name in names if name not in witnesses)
    web = Service("web", holders, 0.3, (), **service)
    return Settings("web", node, nodes, timing, tuple(links), (web,), arbiter=arbiter)


class Bench:
    """A core under test at a time that the test moves; decisions are kept in the order in which they came.

    `boot` is by how much the clock that goes on while the machine sleeps is ahead. With `keeps` false nothing
    reaches the disk. `voters` and `coming` are the sets of voters of an earlier life.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        records: dict[str, Record] | None = None,
        terms: dict[str, int] | None = None,
        voters: tuple[str, ...] = (),
        coming: tuple[str, ...] = (),
    ) -> None:
        self.settings = settings or make_settings()
        self.now = 0.0
        self.boot = 0.0
        self.keeps = True
        self.decided: list[d.Decision] = []
        self.core = Core(
            self.settings,
            0.0,
            0.0,
            incarnation=DAY,
            seconds=DAY,
            terms=terms or {},
            records=records or {},
            voters=voters,
            coming=coming,
        )
        self.give(inputs.Tick())
        for link in self.settings.links:
            self.give(inputs.LinkUp(link.name))

    def give(self, event: inputs.Input) -> list[d.Decision]:
        """Have the core take an input in; the arbiter, the second look and the disk answer at once."""
        fresh = list(self.core.step(self.now, self.boot + self.now, event))
        self.decided += fresh
        for decision in fresh:
            if isinstance(decision, d.Ask):
                self.give(inputs.Answer(decision.service, decision.term, True))
            elif isinstance(decision, d.LookAgain):
                self.give(inputs.Looked())
            elif isinstance(decision, d.StoreVoters) and self.keeps:
                self.give(inputs.VotersKept(decision.coming))
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
        """The beat of its own that it sent last."""
        return [send.beat for send in self.of(d.Send) if not send.beat.through][-1]

    def life(self, peer: str = "beta") -> str:
        """What the core holds a peer to be."""
        return self.core.state.peers[peer].life.value

    def holding(self) -> str:
        """What the service is on this node."""
        return self.core.tenures.all[0].holding.value


class FakePeer:
    """A peer that says what the test wants. `hears` is whether it acknowledges the newest beat.

    `said` is what it says of services, where that is not one word on `web`.
    `promises` is the term and the node to which it promises the service, `voters` what it says of sets of
    voters: by default that it votes under the one that the core has in force.
    """

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
        self.said: tuple[ServiceWord, ...] = ()
        self.promises: tuple[int, str] | None = None
        self.voters: tuple[int, ...] | None = None

    def beat(self, bench: Bench) -> Beat:
        """Its next beat."""
        self.sequence += 1
        if self.hears:
            self.acked = (bench.core.incarnation, bench.core.state.voice.sequence)
        links = tuple(name_hash(link.name) for link in bench.settings.links)
        ack = Ack(name_hash(bench.settings.node), *self.acked, heard=(1000, 0) * len(links))
        promise = () if self.promises is None else (self.promises[0], name_hash(self.promises[1]))
        said = ServiceWord(name_hash("web"), self.term, self.service_flags, *promise)
        voters = self.voters
        if voters is None:
            voters = (hash_of(bench.core.state.electorate.voters),) if bench.settings.votes else ()
        word = Word(links, self.said or (said,), self.digest or b"digest", voters=voters)
        sent = (self.sequence,) * len(links)
        acks = (ack, *self.other_acks) if self.acked[1] else self.other_acks
        return Beat(self.name, self.incarnation, self.sequence, self.flags, sent, self.asks, acks, word)

    def goodbye(self, bench: Bench) -> Beat:
        """Its goodbye."""
        last = self.beat(bench)
        return Beat(
            self.name, self.incarnation, GOODBYE_SEQUENCE, GOODBYE, last.sent, (), last.acks, last.word
        )
