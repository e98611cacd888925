"""What was heard once is heard once."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from heart.core import inputs
from tests.core.support import DAY, Bench, FakePeer, make_settings


class ReplayTests(SynchronousTestCase):
    """What was heard once is heard once."""

    def setUp(self) -> None:
        self.bench = Bench()
        self.beta = FakePeer()

    def test_replayed_beat(self) -> None:
        """A beat that comes again on its link is counted as a replay and keeps nobody alive."""
        self.bench.run_to(0.4, [self.beta])
        old = self.beta.beat(self.bench)
        self.bench.give(inputs.Heard("lan", old))
        for time in range(5, 20):
            self.bench.run_to(time / 10)
            self.bench.give(inputs.Heard("lan", old))
        self.assertEqual(self.bench.life(), "dead")
        self.assertEqual(self.bench.core.ear.refused["lan"]["replayed"], 15)

    def test_older_incarnation(self) -> None:
        """Beats of a life that is over count for nothing."""
        self.bench.run_to(0.4, [self.beta])
        older = FakePeer(incarnation=DAY - 1)
        older.sequence = 10_000
        self.bench.run_to(2, [older])
        self.assertEqual(self.bench.life(), "dead")

    def test_remembered_across_our_restart(self) -> None:
        """What an earlier life of this node had heard is not news to it, on any link."""
        bench = Bench(records={"beta": (DAY, 1000)})
        self.beta.sequence = 500
        self.beta.hears = False
        bench.run_to(2, [self.beta], ["lan", "cable"])
        self.assertEqual(bench.core.state.peers["beta"].heard_at, float("-inf"))
        bench.run_to(6.1)
        self.assertEqual(bench.holding(), "starting")

    def test_recordings_are_nobody_heard(self) -> None:
        """Beats that acknowledge another life of ours, then silence: `start` is waited for all the same."""
        self.beta.hears = False
        self.bench.run_to(2, [self.beta])
        self.bench.run_to(4.95)
        self.assertEqual(self.bench.life(), "dead")
        self.assertEqual(self.bench.holding(), "stopped")
        self.bench.run_to(5.05)
        self.assertEqual(self.bench.holding(), "starting")

    def test_remembered_while_it_is_not_in_the_file(self) -> None:
        """A node that is taken out and put back is not heard again in recordings of what it said before."""
        three = make_settings(names=("alpha", "beta", "gamma"))
        bench, gamma = Bench(three), FakePeer("gamma")
        kept = []
        for tenth in range(1, 10):
            kept.append(gamma.beat(bench))
            bench.give(inputs.Heard("lan", kept[-1]))
            bench.run_to(tenth / 10)
        self.assertEqual(bench.life("gamma"), "up")
        bench.give(inputs.Reconfigure(make_settings()))
        bench.give(inputs.Reconfigure(three))
        for beat in kept:
            bench.give(inputs.Heard("lan", beat))
        self.assertEqual(bench.life("gamma"), "unknown")
        self.assertEqual(bench.core.ear.refused["lan"]["replayed"], len(kept))
        bench.run_to(1.2, [gamma])
        self.assertEqual(bench.life("gamma"), "up")

    def test_the_same_beat_on_two_links(self) -> None:
        """The second copy of a beat shows that its link works, and is no replay."""
        self.bench.run_to(1, [self.beta], ["lan", "cable"])
        peer = self.bench.core.state.peers["beta"]
        self.assertEqual(peer.on["lan"].received, peer.on["cable"].received)
        self.assertEqual(self.bench.core.ear.refused["cable"], {})

    def test_second_copy_before_any_proof(self) -> None:
        """Nor is it one while the peer has yet to acknowledge us."""
        self.beta.hears = False
        self.bench.run_to(0.5, [self.beta], ["lan", "cable"])
        self.assertEqual(self.bench.core.ear.refused["cable"], {})

    def test_frames_that_a_dead_peer_never_got_through(self) -> None:
        """What one link lost, sent again there after the peer's death, does not make that link look alive."""
        kept = [self.beta.beat(self.bench)]
        self.bench.give(inputs.Heard("lan", kept[0]))
        self.bench.run_to(0.5, [self.beta])
        self.bench.run_to(2)
        self.assertEqual(self.bench.life(), "dead")
        self.bench.give(inputs.Heard("cable", kept[0]))
        self.assertEqual(self.bench.core.ear.refused["cable"], {"replayed": 1})
        self.assertEqual(self.bench.core.state.peers["beta"].on["cable"].received, 0)

    def test_lost_frames_are_counted(self) -> None:
        """What the peer sent on a link and what arrived there tell what was lost."""
        self.bench.run_to(0.4, [self.beta])
        for _ in range(7):
            self.beta.beat(self.bench)
        self.bench.run_to(1, [self.beta])
        self.assertEqual(self.bench.core.state.peers["beta"].on["lan"].lost(), 7)

    def test_unknown_node(self) -> None:
        """A signed beat of a node that is not in the configuration is counted, and changes nothing."""
        self.bench.run_to(1, [FakePeer("gamma")])
        self.assertEqual(self.bench.core.ear.refused["lan"]["unknown-node"], 10)
        (told,) = self.bench.reported("refused")
        self.assertIn("unknown-node", told.reason)
