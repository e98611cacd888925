"""Which beats a node passes on, where, and what it takes in of those that others have passed on."""

from __future__ import annotations

from msgspec import structs
from twisted.trial.unittest import SynchronousTestCase

from heart.beat import MOST_HOPS, NEVER, Ack, Beat, name_hash
from heart.config.model import Node, Service
from heart.core import decisions as d
from heart.core import inputs
from heart.core.settings import LinkSettings, Settings
from tests.core.support import TIMING, Bench, FakePeer

LEAST, GREATEST = 0, 2**32 - 1  # hashes of nodes that go before alpha, and after it


def bench(**links: str) -> Bench:
    """The core of alpha where each of these links joins the nodes that it names."""
    reach = tuple(LinkSettings(name, tuple(nodes.split())) for name, nodes in links.items())
    names = tuple(dict.fromkeys(name for link in reach for name in link.peers))
    own = tuple(link for link in reach if "alpha" in link.peers)
    web = Service("web", names, 0.3, ())
    return Bench(Settings("web", "alpha", tuple(map(Node, names)), TIMING, own, (web,), reach=reach))


class RelayCase(SynchronousTestCase):
    """Looks at what goes on."""

    def passed_on(self, bench: Bench, link: str, beat: Beat) -> list[tuple[str, tuple[int, ...]]]:
        """The links on which a beat of another node goes on, and through whom it came by then."""
        sent = [one for one in bench.give(inputs.Heard(link, beat)) if isinstance(one, d.Send)]
        return [(on, one.beat.through) for one in sent if one.beat.sender != "alpha" for on in one.links]


class PassingTests(RelayCase):
    """Where a beat goes on."""

    def test_where_nobody_else_can_be_heard(self) -> None:
        """A beat goes on, once and with our name, to a link whose nodes share none with its sender."""
        middle, beta = bench(lan="alpha beta", other="alpha gamma"), FakePeer()
        beat = beta.beat(middle)
        self.assertEqual(self.passed_on(middle, "lan", beat), [("other", (name_hash("alpha"),))])
        self.assertEqual(self.passed_on(middle, "lan", beat), [])

    def test_so_far_and_no_farther(self) -> None:
        """A beat that as many nodes have passed on as may goes no farther."""
        middle, beta = bench(lan="alpha delta", far="beta delta", other="alpha gamma"), FakePeer()
        for hops, links in ((MOST_HOPS - 1, ["other"]), (MOST_HOPS, [])):
            beat = structs.replace(beta.beat(middle), through=tuple(range(hops)))
            self.assertEqual([on for on, _ in self.passed_on(middle, "lan", beat)], links, hops)

    def test_never_back(self) -> None:
        """Nothing goes back to the link on which it came, though a node there does not hear its sender."""
        middle = bench(lan="alpha beta gamma", other="alpha beta")
        beta, gamma = FakePeer(), FakePeer("gamma")
        gamma.other_acks = (Ack(name_hash("beta"), beta.incarnation, 1, (NEVER, 0)),)
        middle.run_to(3, [beta, gamma])
        self.assertEqual(middle.life("gamma"), "up")
        self.assertEqual(self.passed_on(middle, "lan", beta.beat(middle)), [])
        # The same beat is needed there when it comes in elsewhere.
        self.assertEqual([on for on, _ in self.passed_on(middle, "other", beta.beat(middle))], ["lan"])

    def test_where_another_does_it(self) -> None:
        """Of two who could pass a beat on to a link one does, by rank; once it is silent the other does."""
        for other, goes_on in ((LEAST, []), (GREATEST, ["shared"])):
            middle = bench(lan="alpha beta", far="beta delta", shared="alpha gamma delta")
            beta = FakePeer()
            first = beta.beat(middle)
            self.passed_on(middle, "lan", first)
            self.passed_on(middle, "shared", structs.replace(first, through=(other,)))
            links = [on for on, _ in self.passed_on(middle, "lan", beta.beat(middle))]
            self.assertEqual(links, goes_on, other)
            middle.now += TIMING.late
            links = [on for on, _ in self.passed_on(middle, "lan", beta.beat(middle))]
            self.assertEqual(links, ["shared"], other)


class HearingTests(RelayCase):
    """What others have passed on."""

    def setUp(self) -> None:
        self.bench = bench(lan="alpha delta", far="beta delta gamma", other="alpha gamma")
        self.beta = FakePeer()

    def hear(self, link: str, beat: Beat, *through: int) -> None:
        """A beat comes in on a link, through these."""
        self.bench.give(inputs.Heard(link, structs.replace(beat, through=through)))

    def refused(self) -> int:
        """How many frames were refused."""
        core = self.bench.core
        by_link = sum(sum(counts.values()) for counts in core.ear.refused.values())
        return by_link + sum(sum(peer.refused.values()) for peer in core.state.everyone)

    def test_counts_for_its_sender(self) -> None:
        """It counts for the sender's life and not for the link."""
        self.hear("lan", self.beta.beat(self.bench), name_hash("delta"))
        self.hear("lan", self.beta.beat(self.bench), name_hash("delta"))
        beta = self.bench.core.state.peers["beta"]
        self.assertEqual((beta.life.value, beta.on, beta.sequence), ("up", {}, 2))

    def test_by_two_ways(self) -> None:
        """The same beat by another way is no replay, and no news."""
        beat = self.beta.beat(self.bench)
        self.hear("lan", beat, name_hash("delta"))
        self.hear("other", beat, name_hash("gamma"))
        self.assertEqual((self.refused(), self.bench.core.state.peers["beta"].sequence), (0, 1))

    def test_what_we_passed_on_ourselves(self) -> None:
        """What we have passed on says nothing when it comes back."""
        self.hear("lan", self.beta.beat(self.bench), name_hash("delta"))
        self.hear("lan", self.beta.beat(self.bench), name_hash("alpha"), name_hash("delta"))
        self.assertEqual((self.refused(), self.bench.core.state.peers["beta"].sequence), (0, 1))

    def test_by_no_way_that_there_is(self) -> None:
        """A beat of a node to which no way leads through others is refused."""
        self.bench = bench(lan="alpha beta gamma")
        self.hear("lan", self.beta.beat(self.bench), name_hash("gamma"))
        self.assertEqual(self.bench.core.ear.refused["lan"], {"wrong-link": 1})
