"""The service's journal: who runs it, and whether it was ever wrong."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from heart.demo.journal import Entry, doubled, holders, parse, stale


def journal(*lines: str) -> tuple[Entry, ...]:
    """Entries from lines without their time."""
    return parse("".join(f"03:12:07.123 {line}\n" for line in lines))


class ParseTests(SynchronousTestCase):
    """Lines."""

    def test_line(self) -> None:
        """A line has a time, who, what, and a term."""
        self.assertEqual(parse("03:12:07.123 beta start 7\n"), (Entry("03:12:07.123", "beta", "start", "7"),))

    def test_unfinished_line(self) -> None:
        """A line that is being written is not yet there."""
        self.assertEqual(parse("03:12:07.123 beta start 7\n03:12:08.1 beta st"), journal("beta start 7"))

    def test_no_line(self) -> None:
        """What is no line of a journal is not passed over."""
        self.assertRaises(ValueError, parse, "03:12:07.123 beta start\n")


class HolderTests(SynchronousTestCase):
    """On which nodes the service runs."""

    def test_started_and_stopped(self) -> None:
        """It runs where it was started and not stopped."""
        self.assertEqual(holders(()), frozenset())
        self.assertEqual(holders(journal("alpha start 1")), {"alpha"})
        self.assertEqual(holders(journal("alpha start 1", "alpha stop 1")), frozenset())

    def test_killed(self) -> None:
        """It does not run on a node that was killed; that node's stop of what was left changes nothing."""
        killed = ("alpha start 1", "demo kill alpha", "beta start 2")
        self.assertEqual(holders(journal(*killed)), {"beta"})
        self.assertEqual(holders(journal(*killed, "alpha stop 1")), {"beta"})

    def test_other_notes(self) -> None:
        """A cut or healed wire starts and stops nothing."""
        self.assertEqual(holders(journal("alpha start 1", "demo apart -", "demo joined -")), {"alpha"})


class DoubledTests(SynchronousTestCase):
    """Two holders that could tell each other apart."""

    def test_good(self) -> None:
        """One after the other is well, and so are two while every cable is cut, and until they have met."""
        self.assertIsNone(doubled(journal("alpha start 1", "alpha stop 1", "beta start 2")))
        self.assertIsNone(doubled(journal("alpha start 1", "demo kill alpha", "beta start 2")))
        apart = ("alpha start 1", "demo apart -", "beta start 2", "demo joined -", "alpha stop 1")
        self.assertIsNone(doubled(journal(*apart)))

    def test_two_holders(self) -> None:
        """A start on a second node is told, though the first one stopped at once."""
        told = doubled(journal("alpha start 1", "beta start 2", "alpha stop 1"))
        self.assertEqual(told, "03:12:07.123 beta started it while it ran on alpha")

    def test_two_holders_after_healing(self) -> None:
        """With a cable whole again nobody may start it beside another."""
        healed = ("alpha start 1", "demo apart -", "demo joined -", "beta start 2")
        self.assertIsNotNone(doubled(journal(*healed)))

    def test_revived_too_soon(self) -> None:
        """A node that was killed and starts it again beside its successor is told."""
        revived = ("alpha start 1", "demo kill alpha", "beta start 2", "alpha stop 1", "alpha start 3")
        self.assertIsNotNone(doubled(journal(*revived)))

    @given(st.lists(st.sampled_from(["alpha start", "beta start", "alpha stop", "beta stop"])))
    def test_against_counting(self, calls: list[str]) -> None:
        """With all cables whole it is exactly the journals in which two ran at some time that are told."""
        running: set[str] = set()
        both = False
        for call in calls:
            node, what = call.split()
            (running.add if what == "start" else running.discard)(node)
            both |= len(running) == 2
        self.assertEqual(doubled(journal(*(f"{call} 1" for call in calls))) is not None, both)


class StaleTests(SynchronousTestCase):
    """Terms, which scripts rely on as fencing tokens."""

    def test_growing(self) -> None:
        """Terms that grow are well; a stop repeats the term of its start."""
        self.assertIsNone(stale(journal("alpha start 9", "alpha stop 9", "beta start 10")))

    def test_not_growing(self) -> None:
        """A start in a term that was there before, or in an older one, is told."""
        for term in ("10", "9"):
            self.assertIn(f"in term {term}", stale(journal("alpha start 10", f"beta start {term}")) or "")
