"""Orders of operators become the same on every node, however they travel."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from heart.beat import Order
from heart.core.shared.orders import ATTRIBUTE, MOST, MOVE, RETRY, STANDBY, YES, Orders

ORDERS = st.builds(
    Order,
    kind=st.sampled_from((STANDBY, MOVE, RETRY, ATTRIBUTE, "unknown")),
    subject=st.sampled_from(("alpha", "beta", "web", "alpha/lag")),
    value=st.sampled_from(("", YES, "alpha", "beta")),
    stamp=st.integers(1, 4),
    author=st.sampled_from(("alpha", "beta")),
    term=st.integers(0, 3),
)


def unlike(orders: list[Order]) -> list[Order]:
    """Without two that are equally new for one subject: no author gives those."""
    return list({(one.kind, one.subject, one.stamp, one.author): one for one in orders}.values())


class MergeTests(SynchronousTestCase):
    """Two nodes that hear of the same orders."""

    @given(st.lists(ORDERS, max_size=4).map(unlike))
    def test_in_any_order(self, orders: list[Order]) -> None:
        """In whatever order they come, and how often, the same are in force, and the digests are equal."""
        ends = {
            (tables.all(), tables.digest)
            for arrival in permutations(orders)
            for tables in [Orders((*arrival, *arrival[:2]))]
        }
        self.assertEqual(len(ends), 1)

    def test_newest_wins(self) -> None:
        """An order is newer than every one that its author knew, whatever the time of day says."""
        orders = Orders()
        first = orders.give(STANDBY, "beta", YES, "alpha", 1000)
        second = orders.give(STANDBY, "beta", "", "alpha", 10)
        self.assertEqual((first.stamp, second.stamp), (1000, 1001))
        self.assertFalse(orders.in_standby("beta"))
        self.assertFalse(orders.merge(first))

    def test_what_is_not_known_here(self) -> None:
        """An order of a kind that this version does not know is kept and passed on."""
        orders = Orders()
        self.assertTrue(orders.merge(Order("pause", "", "yes", 5, "beta")))
        self.assertEqual([order.kind for order in orders.all()], ["pause"])

    def test_bounded(self) -> None:
        """No flood of orders makes the table grow without end."""
        orders = Orders()
        for number in range(MOST + 10):
            orders.merge(Order(ATTRIBUTE, f"alpha/{number}", "x", 1, "alpha"))
        self.assertEqual(len(orders.all()), MOST)
        self.assertTrue(orders.merge(Order(ATTRIBUTE, "alpha/0", "y", 2, "alpha")))


class MeaningTests(SynchronousTestCase):
    """What orders say."""

    def test_move_ends_with_its_term(self) -> None:
        """A move is in force until the service has another tenure."""
        orders = Orders([Order(MOVE, "web", "beta", 1, "alpha", term=7)])
        self.assertEqual((orders.target("web", 7), orders.target("web", 8)), ("beta", None))

    def test_attributes(self) -> None:
        """What is set on each node by name; an empty value takes the name away."""
        orders = Orders()
        orders.give(ATTRIBUTE, "alpha/lag", "5", "alpha", 1)
        orders.give(ATTRIBUTE, "beta/lag", "9", "beta", 1)
        orders.give(ATTRIBUTE, "beta/lag", "", "beta", 1)
        self.assertEqual(orders.attributes(), {"alpha": {"lag": "5"}})
