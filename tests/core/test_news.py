"""What of the status table and the orders goes into a beat."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec import msgpack
from twisted.trial.unittest import SynchronousTestCase

from heart.beat import Entry, Order
from heart.core.shared.news import choose
from heart.core.shared.orders import ATTRIBUTE, Orders
from heart.core.shared.table import StatusTable
from heart.simulation.cluster import SimulatedCluster

NODES = ("alpha", "beta", "gamma")
ONE = 100  # bytes in which any of these fits, but no two


def entry(node: str) -> Entry:
    """A node's entry."""
    return Entry(node, 1, 1, "c" * 16, "0.2.0")


class ChoiceTests(SynchronousTestCase):
    """Three entries and five orders."""

    def setUp(self) -> None:
        self.table = StatusTable(NODES, entry("alpha"))
        self.table.merge(entry("beta"))
        self.table.merge(entry("gamma"))
        self.orders = Orders(Order(ATTRIBUTE, f"alpha/{number}", "x", 1, "alpha") for number in range(5))

    def chosen(self, turn: int, calm: int, most: int) -> tuple[Entry | Order, ...]:
        """What goes in a turn."""
        entries, orders = choose(self.table, self.orders, turn, calm, most)
        return (*entries, *orders)

    @given(st.integers(0, 400), st.integers(0, 400), st.integers(0, 50))
    def test_fits(self, calm: int, more: int, turn: int) -> None:
        """No more goes than fits: one item into all the room, several into what keeps a line calm."""
        sizes = [len(msgpack.encode(item)) for item in self.chosen(turn, calm, calm + more)]
        self.assertLessEqual(sum(sizes), calm if len(sizes) > 1 else calm + more)

    def test_all_in_turn(self) -> None:
        """Where there is room for one alone, each has its turn."""
        told = {item for turn in range(2 * 8) for item in self.chosen(turn, 0, ONE)}
        self.assertEqual(len(told), 8)

    def test_latest_first(self) -> None:
        """What has changed last comes first in every second turn, an order and an entry by turns."""
        new = self.orders.give(ATTRIBUTE, "alpha/3", "y", "alpha", 5)
        self.table.write(configuration="new")
        firsts = [self.chosen(turn, 0, ONE)[0] for turn in range(1, 9, 2)]
        self.assertEqual(firsts, [self.table["alpha"], new] * 2)

    def test_no_orders(self) -> None:
        """Without orders the entries go."""
        self.orders = Orders()
        for turn in range(10):
            self.assertEqual(len(self.chosen(turn, 1000, 1000)), 3)


class SlowLineTests(SynchronousTestCase):
    """Much to tell, and a slow line alone to tell it on."""

    def test_attribute_that_ticks(self) -> None:
        """Sixteen attributes of which one changes all the time hold up no beat, and all come through."""
        for baud in (9600, 19200):
            cluster = SimulatedCluster(1, links={"cable": baud})
            cluster.start()
            cluster.run(10)
            for name, node in cluster.nodes.items():
                for number in range(8):
                    node.operate("set", f"{name}-number-{number}", "x" * 50)
            cluster.run(30)
            for tick in range(20):
                cluster.nodes["alpha"].operate("set", "alpha-number-1", str(tick) * 20)
                cluster.run(10, step=0.1)
            for kind in ("node-late", "node-dead", "release"):
                self.assertEqual(cluster.reports(kind), [], f"{kind} at {baud}")
            cores = [node.core for node in cluster.nodes.values()]
            self.assertEqual(len({core.state.digest() for core in cores if core is not None}), 1)
