"""Simulated media and clocks: what a link does to frames, and a machine to its time."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from twisted.trial.unittest import SynchronousTestCase

from heart.simulation.chance import Chance
from heart.simulation.clock import MachineClock
from heart.simulation.medium import Burst, Medium
from heart.simulation.world import TimeStandsStill, World

FRAME = bytes(96)
AB, BA = ("a", "b"), ("b", "a")


class MediumCase(SynchronousTestCase):
    """A medium with two nodes, or three."""

    def make(self, baud: int | None = None, nodes: str = "ab") -> Medium:
        """A medium that notes what reaches whom, and when."""
        self.world = World(1)
        self.reached: list[tuple[float, str, bytes]] = []
        medium = Medium(self.world, "lan", baud)
        for node in nodes:
            medium.plug_in(node, self._deliver(node))
        return medium

    def _deliver(self, node: str):  # type: ignore[no-untyped-def]
        return lambda link, frame: self.reached.append((self.world.now, node, frame))

    def send(self, medium: Medium, count: int = 1000, every: float = 0.01) -> Counter[str]:
        """Have `a` send so many frames; how many reached each node."""
        before = len(self.reached)
        for _ in range(count):
            medium.send("a", FRAME)
            self.world.run(every)
        self.world.run(1)
        return Counter(node for _, node, _ in self.reached[before:])


class MediumTests(MediumCase):
    """What happens to frames."""

    def test_healthy(self) -> None:
        """Each frame reaches all others once, unchanged, within a millisecond, and not the sender."""
        self.assertEqual(self.send(self.make(nodes="abc"), 100), {"b": 100, "c": 100})
        self.assertEqual({frame for _, _, frame in self.reached}, {FRAME})

    def test_loss(self) -> None:
        """A share of the frames does not arrive."""
        medium = self.make()
        medium.suffer(loss=0.2)
        self.assertTrue(760 < self.send(medium)["b"] < 840)

    def test_bursts_of_the_whole_link(self) -> None:
        """In a burst of the whole link each frame is lost to all; else each way has bursts of its own."""
        for whole in (True, False):
            medium = self.make(nodes="abc")
            medium.suffer(burst=Burst(0.3, 0.2, whole), delay=(0.0, 0.0))
            self.send(medium)
            together = Counter(time for time, _, _ in self.reached)
            self.assertEqual(set(together.values()) == {2}, whole)

    def test_bursts(self) -> None:
        """In bursts the share is lost that was said, in runs as long as was said."""
        medium = self.make()
        medium.suffer(burst=Burst(0.1, 0.2))
        medium.send("a", FRAME)
        arrived = []
        for _ in range(20_000):
            before = len(self.reached)
            medium.send("a", FRAME)
            self.world.run(0.01)
            arrived.append(len(self.reached) > before)
        lost = arrived.count(False) / len(arrived)
        begins = sum(a and not b for a, b in pairwise(arrived))
        self.assertTrue(0.08 < lost < 0.12, lost)
        self.assertTrue(0.15 < arrived.count(False) * 0.01 / begins < 0.25)

    def test_repeated_and_corrupted(self) -> None:
        """Some frames arrive twice, and some with one byte changed."""
        medium = self.make()
        medium.suffer(repeat=0.3, corrupt=0.5)
        self.assertTrue(1200 < self.send(medium)["b"] < 1400)
        wrong = [frame for _, _, frame in self.reached if frame != FRAME]
        self.assertTrue(500 < len(wrong) < 800)
        self.assertEqual({sum(map(bool, frame)) for frame in wrong}, {1})

    def test_one_way(self) -> None:
        """A cut direction carries nothing, the other all."""
        medium = self.make()
        medium.suffer(cut=frozenset({BA}))
        medium.send("b", FRAME)
        self.assertEqual(self.send(medium, 10), {"b": 10})

    def test_order(self) -> None:
        """Where delays differ frames overtake each other."""
        medium = self.make()
        medium.suffer(delay=(0.0, 0.5))
        for number in range(100):
            medium.send("a", bytes([number]))
            self.world.run(0.01)
        self.world.run(1)
        self.assertNotEqual([frame[0] for _, _, frame in self.reached], list(range(100)))
        self.assertEqual(sorted(frame[0] for _, _, frame in self.reached), list(range(100)))

    def test_serial(self) -> None:
        """At 9,600 baud 100 bytes take 104 ms, one frame after the other; what waits for too long is lost."""
        medium = self.make(9600)
        for _ in range(3):
            medium.send("a", FRAME)
        self.world.run(1)
        times = [time for time, _, _ in self.reached]
        for time, expected in zip(times, (0.104, 0.208, 0.312), strict=True):
            self.assertTrue(0 < time - expected < 0.002, times)
        for _ in range(100):
            medium.send("a", FRAME)
        self.world.run(30)
        self.assertEqual(len(self.reached), 3 + 10)

    def test_unplugged(self) -> None:
        """Who is not plugged in neither sends nor gets anything."""
        medium = self.make(nodes="abc")
        medium.suffer(away=frozenset({"a"}))
        self.assertEqual(self.send(medium, 5), {})
        medium.send("b", FRAME)
        self.world.run(1)
        self.assertEqual([node for _, node, _ in self.reached], ["c"])

    def test_replay(self) -> None:
        """What was recorded can be sent again, to all, the first sender too."""
        medium = self.make()
        self.send(medium, 1)
        medium.replay(medium.recorded[0])
        self.world.run(1)
        self.assertEqual([node for _, node, _ in self.reached[1:]], ["a", "b"])

    def test_sound(self) -> None:
        """A way is sound for as long as nothing has hurt it."""
        medium = self.make()
        self.world.run(5)
        self.assertEqual((medium.sound_for(AB), medium.sound_for(BA)), (5.0, 5.0))
        medium.suffer(cut=frozenset({AB}))
        self.world.run(1)
        self.assertEqual((medium.sound_for(AB), medium.sound_for(BA)), (0.0, 6.0))
        medium.suffer(loss=0.1)
        medium.heal()
        self.world.run(2)
        self.assertEqual((medium.sound_for(AB), medium.sound_for(BA)), (2.0, 2.0))


class ClockTests(SynchronousTestCase):
    """The clocks of a machine."""

    def test_drift(self) -> None:
        """A clock that runs 1 % too fast shows 101 s after 100 s, and says when it will show something."""
        world = World(1)
        clock = MachineClock(world, 1000.0, 0.01)
        world.run(100)
        self.assertAlmostEqual(clock.awake(), 1101.0)
        self.assertAlmostEqual(clock.when(1102.01), 101.0)
        self.assertAlmostEqual(clock.lasts(1.01), 1.0)

    def test_sleep(self) -> None:
        """While the machine is suspended one clock stands still and the other goes on."""
        world = World(1)
        clock = MachineClock(world)
        world.run(10)
        clock.suspend()
        world.run(5)
        self.assertEqual((clock.awake(), clock.boot()), (10.0, 15.0))
        clock.resume()
        world.run(1)
        self.assertEqual((clock.awake(), clock.boot()), (11.0, 16.0))
        self.assertEqual(clock.when(12.0), 17.0)


class WorldTests(SynchronousTestCase):
    """Time and chance."""

    def test_order(self) -> None:
        """What is due at one moment happens in the order in which it was planned, what is past at once."""
        world = World(1)
        done: list[str] = []
        world.run(1)
        for name, at in (("c", 3.0), ("a", 2.0), ("b", 2.0), ("past", 0.5)):
            world.at(at, done.append, name)
        world.run(5)
        self.assertEqual((done, world.now), (["past", "a", "b", "c"], 6.0))

    def test_busy_without_end(self) -> None:
        """Who is busy without end is found out."""
        world = World(1)

        def again() -> None:
            world.after(0.0, again)

        again()
        self.assertRaises(TimeStandsStill, world.run, 1)

    def test_same_everywhere(self) -> None:
        """Chance draws the same numbers on every machine, and others for another purpose."""
        drawn = [Chance(7, "plan").below(1000) for _ in range(2)]
        self.assertEqual(drawn, [drawn[0]] * 2)
        chance = Chance(7, "plan")
        self.assertEqual([chance.below(1000) for _ in range(5)], EXPECTED)
        self.assertNotEqual([Chance(7, "frames").below(1000) for _ in range(5)], EXPECTED)
        self.assertEqual(sorted(Chance(3).some("abcde", 5)), list("abcde"))


EXPECTED = [627, 520, 89, 686, 761]
