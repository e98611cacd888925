"""The status table: whoever hears everything knows the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from heart.beat import Entry
from heart.core.shared.table import StatusTable

NODES = ("alpha", "beta", "gamma")


def entry(node: str, incarnation: int = 1, version: int = 1) -> Entry:
    """An entry whose content follows from its version, as an entry's does that one node alone writes."""
    return Entry(node, incarnation, version, f"c{incarnation}-{version}", "0")


def table(own: str = "alpha") -> StatusTable:
    """A table that knows only its own first entry."""
    return StatusTable(NODES, entry(own))


others = st.builds(entry, st.sampled_from(["beta", "gamma"]), st.integers(1, 3), st.integers(1, 4))


class StatusTableTests(SynchronousTestCase):
    """Entries that are written, passed on and met."""

    @given(st.lists(others, max_size=12), st.randoms(use_true_random=False))
    def test_order_and_repetition_do_not_matter(self, heard: list[Entry], random: st.DrawFn) -> None:
        """The same entries in any order, any number of times, make the same table."""
        one, other = table(), table()
        for each in heard:
            one.merge(each)
        again = [*heard, *heard]
        random.shuffle(again)  # type: ignore[attr-defined]
        for each in again:
            other.merge(each)
        self.assertEqual(one.digest, other.digest)
        for node in NODES:
            self.assertEqual(one.get(node), other.get(node))

    @given(st.lists(others, max_size=12))
    def test_the_newest_stays(self, heard: list[Entry]) -> None:
        """Of each node the entry with the greatest incarnation and version is kept."""
        known = table()
        for each in heard:
            known.merge(each)
        for node in ("beta", "gamma"):
            versions = [(e.incarnation, e.version) for e in heard if e.node == node]
            kept = known.get(node)
            self.assertEqual(kept and (kept.incarnation, kept.version), max(versions, default=None))

    @given(st.lists(others, max_size=8), st.lists(others, max_size=8))
    def test_digests_are_equal_exactly_where_tables_are(self, left: list[Entry], right: list[Entry]) -> None:
        """Nodes whose digests are equal need exchange nothing; where they differ there is news."""
        one, other = table(), table()
        for each in left:
            one.merge(each)
        for each in right:
            other.merge(each)
        same = all(one.get(node) == other.get(node) for node in NODES)
        self.assertEqual(one.digest == other.digest, same)

    def test_a_newer_entry_of_ours_is_outdone(self) -> None:
        """What another life of this node wrote does not replace what it writes now."""
        known = table()
        self.assertFalse(known.merge(entry("alpha", 1, 9)))
        self.assertEqual(known["alpha"].version, 10)
        self.assertEqual(known["alpha"].configuration, "c1-1")

    def test_unknown_node(self) -> None:
        """An entry of a node that is not in the configuration is not kept."""
        known = table()
        before = known.digest
        self.assertFalse(known.merge(entry("mallory", 99, 99)))
        self.assertEqual(known.digest, before)

    def test_writing(self) -> None:
        """A change of our own entry is a new version of it; no change is none."""
        known = table()
        self.assertTrue(known.write(configuration="new"))
        self.assertEqual((known["alpha"].version, known["alpha"].configuration), (2, "new"))
        self.assertFalse(known.write(configuration="new"))
        self.assertEqual(known["alpha"].version, 2)
