"""The time of day jumps by an hour, forward and back, under a daemon: it tells so, and does nothing."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.whole import needs
from tests.whole.case import WholeNodeTests
from tests.whole.nodes import Node, services
from tests.whole.timeofday import FakedClocks

HOUR = 3600
FORBIDDEN = frozenset({"node-late", "node-up", "slept"})  # beside those of any change


class ClockTests(WholeNodeTests):
    """Daemons whose time of day is set by libfaketime, which leaves the monotonic clocks alone."""

    needs = (needs.faketime,)

    def setUp(self) -> None:
        self.clocks = FakedClocks()
        self.addCleanup(self.clocks.sweep)
        super().setUp()

    def ahead(self, node: Node) -> float:
        """By how many seconds a node's time of day is ahead of ours: its link breaks, and it says when."""
        before = self.newest(node)
        self.lab.cable.unplug(node.name)

        def told() -> list[str]:
            return [e["time"] for e in node.events() if e["sequence"] > before and e["kind"] == "link-down"]

        self.wait_until(told, f"{node.name} tells that its cable is out")
        at, now = datetime.fromisoformat(told()[0]), datetime.now(UTC)
        self.lab.cable.plug(node.name)
        self.wait_until(lambda: self.lab.whole("alpha"), "the cable beats again")
        return (at - now).total_seconds()

    def test_jumps(self) -> None:
        """Clocks jump on either node: nobody is late, dead or asleep; and then a real death is seen."""
        for node in self.lab.nodes.values():
            self.clocks.set(node, 0)
            self.clocks.start(node)
        self.wait_until(lambda: self.lab.whole("alpha"), "alpha holds the service", 30)
        newest = {node.name: self.newest(node) for node in self.lab.nodes.values()}
        for node in self.lab.nodes.values():
            for seconds in (HOUR, -HOUR, 0):
                self.clocks.set(node, seconds)
                self.remains(lambda: self.lab.held_by("alpha"), "alpha keeps the service", 1.5)
                self.assertApproximates(self.ahead(node), seconds, 60)
        for node in self.lab.nodes.values():
            self.expect_no_change(node, newest[node.name])
            after = {e["kind"] for e in node.events() if e["sequence"] > newest[node.name]}
            self.expect(not after & FORBIDDEN, f"{node.name} was to notice nothing, and told {after}")
        self.assertEqual([(one.node, one.action) for one in self.lab.journal()], [("alpha", "start")])
        self.clocks.set(self.lab.beta, -HOUR)
        self.lose_machine(self.lab.alpha)
        self.wait_until(
            lambda: services(self.lab.beta.status()) == {"web": ("beta", "held")}, "beta takes over"
        )
        terms = [one.term for one in self.lab.journal()]
        self.assertEqual(terms, sorted(set(terms)))
