"""Whatever the cluster, its beats fit into a frame."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from heart.beat import ABLE, CLAIMS, GOODBYE_SEQUENCE, ServiceWord, name_hash
from heart.codec import Codec
from heart.config.model import QUORUM, Node, Service
from heart.core import decisions as d
from heart.core import inputs
from heart.core.settings import LinkSettings, Settings
from heart.core.talk.room import MOST_LINKS, MOST_SERVICES, MOST_VOTED
from tests.beats import KEYS
from tests.core.support import TIMING, Bench, FakePeer


def long_name(kind: str, number: int) -> str:
    """A name of the greatest length."""
    return f"{kind}-{number}-".ljust(63, "x")


def names_of(nodes: int) -> tuple[str, ...]:
    """The names of so many nodes, alpha first."""
    return ("alpha", *(long_name("node", number) for number in range(1, nodes)))


def cluster(nodes: int, links: int, services: int, arbiter: str = "trust") -> Settings:
    """The settings of alpha, in a cluster of that size."""
    names = names_of(nodes)
    return Settings(
        "web",
        "alpha",
        tuple(map(Node, names)),
        TIMING,
        tuple(LinkSettings(long_name("link", number), names) for number in range(links)),
        tuple(Service(long_name("service", number), names, 0.3, ()) for number in range(services)),
        arbiter=arbiter,
    )


class RoomTests(SynchronousTestCase):
    """Clusters of every size that a configuration may have."""

    @settings(max_examples=25, deadline=None)
    @given(st.integers(2, 60), st.integers(1, MOST_LINKS), st.integers(1, MOST_SERVICES))
    def test_every_beat_fits(self, nodes: int, links: int, services: int) -> None:
        """With the longest names, the greatest numbers and failures to tell of, beats fit."""
        names = names_of(nodes)
        bench = Bench(cluster(nodes, links, services))
        peers = [FakePeer(name, incarnation=2**61) for name in names[1:]]
        for peer in peers:
            peer.sequence = GOODBYE_SEQUENCE - 100
        bench.run_to(1.3, peers, [bench.settings.links[0].name])
        for taken in bench.of(d.TakeOver):
            bench.give(inputs.StartFailed(taken.service, taken.term, "x" * 500, False))
        bench.run_to(1.6, peers, [bench.settings.links[0].name])
        codec = Codec("web", KEYS)
        acked = set()
        for send in bench.of(d.Send):
            codec.encode(send.beat)
            acked |= {ack.peer for ack in send.beat.acks}
        self.assertEqual(bench.life(names[1]), "up")
        self.assertGreaterEqual(len(acked), min(nodes - 1, 12), "peers are acknowledged in turn")

    @settings(max_examples=25, deadline=None)
    @given(st.integers(2, 60), st.integers(1, MOST_LINKS), st.data())
    def test_every_beat_with_promises_fits(self, nodes: int, links: int, data: st.DataObject) -> None:
        """So they do where nodes vote, with a promise of every service, between two sets of voters."""
        services = data.draw(st.integers(1, MOST_VOTED))
        names = names_of(nodes)
        bench = Bench(cluster(nodes, links, services, QUORUM), voters=names, coming=names[:1])
        others = [FakePeer(name, incarnation=2**61) for name in names[1:]]
        held = [ServiceWord(name_hash(one.name), 2**61, ABLE | CLAIMS) for one in bench.settings.services]
        for peer in others:
            peer.sequence, peer.said = GOODBYE_SEQUENCE - 100, tuple(held)
        bench.run_to(1.3, others, [bench.settings.links[0].name])
        codec = Codec("web", KEYS)
        for send in bench.of(d.Send):
            codec.encode(send.beat)
        word = bench.last_beat().word
        self.assertEqual(len(word.voters), 3)
        self.assertEqual([said.promised_term for said in word.services], [2**61] * services)
