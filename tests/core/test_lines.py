"""Slow lines, and links that not every node has."""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from heart.beat import NEVER, name_hash
from heart.core import decisions as d
from heart.core import inputs
from heart.core.settings import LinkSettings
from heart.core.talk.line import Line
from tests.core.support import Bench, FakePeer, make_settings


class SlowLineTests(SynchronousTestCase):
    """A peer that is heard on nothing but a line slower than the beat."""

    def test_judged_by_the_lines_own_interval(self) -> None:
        """Heard at 9,600 baud alone, a peer is dead after four of that line's intervals, not after `dead`."""
        bench, beta = Bench(make_settings(cable=9600)), FakePeer()
        bench.run_to(3, [beta], ["cable"])
        bench.run_to(4.55)
        self.assertEqual(bench.life(), "late")
        bench.run_to(4.65)
        self.assertEqual(bench.life(), "dead")

    def test_urgent_beat_goes_when_the_line_is_free(self) -> None:
        """An answer that finds the line busy goes on it once it is free, not with the next regular beat."""
        bench, beta = Bench(make_settings(cable=9600)), FakePeer()
        bench.run_to(1, [beta], ["lan", "cable"])
        while not (bench.decided and "cable" in getattr(bench.decided[-1], "links", ())):
            bench.run_to(bench.now + 0.01, [beta], ["lan", "cable"])
        sent_at = bench.now
        bench.decided.clear()
        beta.asks = (name_hash("alpha"),)
        bench.give(inputs.Heard("lan", beta.beat(bench)))
        beta.asks = ()
        while not [send for send in bench.of(d.Send) if "cable" in send.links]:
            bench.run_to(bench.now + 0.01, [beta], ["lan", "cable"])
        self.assertTrue(0.1 < bench.now - sent_at < 0.2, f"after {bench.now - sent_at:.2f} s")

    def test_lease_beside_a_slow_line(self) -> None:
        """A peer that hears us on a slow line alone lets us hold while its own verdict leaves time."""
        settings = make_settings(cable=9600)
        self.assertEqual(settings.lease(1.0, 0.3), 0.6)
        self.assertAlmostEqual(settings.lease(1.6, 0.3), 1.6 / 1.03 - 0.3)

    def test_half_of_the_capacity(self) -> None:
        """A line never sends more than half of what it could carry, however many beats are due."""
        bench, beta = Bench(make_settings(cable=9600)), FakePeer()
        bench.run_to(0.5, [beta])
        bench.decided.clear()
        bench.run_to(20.5)
        frames = [send for send in bench.of(d.Send) if "cable" in send.links]
        self.assertLess(len(frames) * 110 * 10, 9600 * 20 / 2)
        self.assertGreater(len(frames), 20 * 2)

    def test_regular_beat_after_one_that_was_passed_on(self) -> None:
        """A regular beat that finds a line busy with one that was passed on goes next, once it is free.

        One that finds it busy with a beat of our own is not missed: that one has just been said.
        """
        line = Line(LinkSettings("cable", ("alpha", "beta"), 9600, others=1), 0.1)
        line.up = True
        line.send(0.0, 100)
        line.owe(0.1, urgent=False)
        self.assertFalse(line.owed)
        line.pass_on(10.0, 160)
        line.owe(10.05, urgent=False)
        self.assertTrue(line.owed)
        line.wait(FakePeer("gamma").beat(Bench()))
        free_at = line.free_at()
        self.assertGreater(free_at, 10.05)
        self.assertIsNone(line.next_waiting(free_at))
        self.assertTrue(line.takes(free_at, urgent=False))

    def test_line_that_goes_while_it_is_owed_a_beat(self) -> None:
        """A line that goes down while an urgent beat waits for it does not keep the node busy."""
        bench, beta = Bench(make_settings(cable=9600)), FakePeer()
        bench.run_to(0.5, [beta])
        bench.run_to(0.9)
        bench.give(inputs.LinkDown("cable", "pulled"))
        bench.decided.clear()
        bench.run_to(1.2)
        self.assertLess(len(bench.of(d.Send)), 35)
        self.assertGreater(bench.core.next_deadline(), 1.2)


class UnlikeLinksTests(SynchronousTestCase):
    """Links that not every node has."""

    def test_acks_speak_of_each_of_our_links(self) -> None:
        """An ack has its two numbers for every link of the sender, also for those that the peer is not on."""
        names = ("alpha", "beta", "gamma")
        settings = make_settings(names=names)
        cable, lan = LinkSettings("cable", ("alpha", "beta"), 115200), LinkSettings("lan", names)
        bench, gamma = Bench(replace(settings, links=(cable, lan))), FakePeer("gamma")
        bench.run_to(0.5, [gamma])
        (ack,) = bench.last_beat().acks
        self.assertEqual(ack.heard[:2], (NEVER, 0))
        self.assertLess(ack.heard[2], 200_000)
