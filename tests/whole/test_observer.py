"""What the tests of whole nodes look with: it sees two holders where there are two."""

from __future__ import annotations

import os
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.whole import needs
from tests.whole.observer import AddressWatch, Change, Entry, holders_after, overlaps, read_journal


def entry(node: str, action: str) -> Entry:
    """A line of a journal."""
    return Entry(node, action, 7, "start", "")


class JournalTests(SynchronousTestCase):
    """Who ran the script while another did."""

    def test_reads(self) -> None:
        """A journal's lines are read with and without a previous holder."""
        path = Path(self.mktemp())
        path.write_text("alpha start 7 start \nbeta start 8 dead alpha\n")
        self.assertEqual(
            read_journal(path),
            [Entry("alpha", "start", 7, "start", ""), Entry("beta", "start", 8, "dead", "alpha")],
        )

    def test_one_after_the_other(self) -> None:
        """A start after the other's stop, or after one's own start, is no overlap."""
        told = [
            entry("alpha", "start"),
            entry("alpha", "start"),
            entry("alpha", "stop"),
            entry("beta", "start"),
        ]
        self.assertEqual(overlaps(told), [])

    def test_overlap(self) -> None:
        """A start before the other's stop is one."""
        told = [entry("alpha", "start"), entry("beta", "start"), entry("alpha", "stop")]
        self.assertEqual(overlaps(told), [entry("beta", "start")])


class HoldersTests(SynchronousTestCase):
    """Who had the address."""

    def test_in_order(self) -> None:
        """Holders are counted change by change."""
        changes = [Change(1, "alpha", True), Change(2, "beta", True), Change(3, "alpha", False)]
        self.assertEqual(
            holders_after(changes), [frozenset({"alpha"}), frozenset({"alpha", "beta"}), frozenset({"beta"})]
        )


class NeedsTests(SynchronousTestCase):
    """Tests that cannot run say why."""

    def missing(self) -> str | None:
        """A need that nothing meets."""
        return "needs a thing"

    def test_left_out(self) -> None:
        """What is missing leaves a test out, with the reason."""
        self.patch(os, "environ", {})
        self.assertEqual(str(self.assertRaises(SkipTest, needs.demand, self.missing)), "needs a thing")

    def test_complete(self) -> None:
        """Where nothing may be left out, it fails the test."""
        self.patch(os, "environ", {needs.COMPLETE: "1"})
        error = self.assertRaises(AssertionError, needs.demand, self.missing)
        self.assertIn("needs a thing", str(error))

    def test_met(self) -> None:
        """What is there stops nothing, also where nothing may be left out."""
        asked = []
        self.patch(os, "environ", {needs.COMPLETE: "1"})
        needs.demand(lambda: asked.append("asked"))
        self.assertEqual(asked, ["asked"])


class AddressWatchTests(SynchronousTestCase):
    """What the kernel tells of other namespaces."""

    def test_two(self) -> None:
        """An address on two hosts at once is seen, and that it goes."""
        from tests.whole.case import WholeNodeTests
        from tests.whole.lab import Lab

        needs.demand(needs.namespaces)
        lab = Lab()
        self.addCleanup(lab.remove)
        hosts = lab.network.hosts
        waits = WholeNodeTests()
        waits.lab = lab
        hosts["alpha"].ip("addr", "add", "10.77.0.100/24", "dev", "eth0")
        waits.wait_until(lambda: lab.watch.holders() == {"alpha"}, "alpha is seen to have it")
        self.assertFalse(lab.watch.ever_two())
        self.assertEqual(lab.client.who(1), "alpha")
        hosts["beta"].ip("addr", "add", "10.77.0.100/24", "dev", "eth0")
        hosts["beta"].ip("addr", "add", "10.77.0.101/24", "dev", "eth0")
        waits.wait_until(lambda: lab.watch.holders() == {"alpha", "beta"}, "both are seen to have it")
        hosts["alpha"].ip("addr", "del", "10.77.0.100/24", "dev", "eth0")
        waits.wait_until(lambda: lab.watch.holders() == {"beta"}, "alpha is seen to have lost it")
        self.assertTrue(lab.watch.ever_two())
        self.assertIsInstance(lab.watch, AddressWatch)
        # What the client once learnt it believes for ever, so nothing but a gratuitous ARP can help it.
        self.assertIs(lab.client.who(1), None)
