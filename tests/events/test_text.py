"""Events as lines for a person."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from heart.events.text import describe, event_line, printable

WORDS = ("kind", "reason", "service", "peer", "term", "clean", "order", "subject", "value")


class EventTextTests(SynchronousTestCase):
    """One line an event, whatever is in it."""

    def test_line(self) -> None:
        """A line has the time, the node, the kind, what it is about, and why."""
        event = {
            "time": "T",
            "node": "alpha",
            "kind": "node-dead",
            "peer": "beta",
            "reason": "silent",
        }
        self.assertEqual(event_line(event), "T alpha node-dead beta: silent")

    def test_details(self) -> None:
        """A service's event tells its term and the holder before; a conflict tells with whom."""
        event = {
            "kind": "takeover",
            "service": "web",
            "term": 7,
            "cause": "dead",
            "previous": "beta",
            "reason": "beta is dead",
        }
        self.assertEqual(describe(event), "takeover web (term 7, cause dead, previous beta): beta is dead")
        event = {"kind": "conflict", "service": "web", "term": 7, "peer": "beta", "reason": "two holders"}
        self.assertEqual(describe(event), "conflict web (term 7, peer beta): two holders")
        event = {"kind": "link-down", "link": "lan", "peer": "beta", "reason": "silent"}
        self.assertEqual(describe(event), "link-down lan (peer beta): silent")

    def test_failures(self) -> None:
        """Of a failure it is told whether something may still run, and whether it is tried again here."""
        event = {"kind": "failed", "service": "web", "term": 7, "reason": "exit status 1"}
        for clean, barred, told in (
            (True, False, "(term 7)"),
            (True, True, "(term 7, not tried again here for now)"),
            (False, True, "(term 7, something may still run, not tried again here for now)"),
        ):
            said = describe({**event, "clean": clean, "barred": barred})
            self.assertEqual(said, f"failed web {told}: exit status 1")

    def test_hindered(self) -> None:
        """What keeps a service from a node is told with the service."""
        event = {"kind": "hindered", "service": "web", "hindered": True}
        event["reason"] = "cannot be held here: eth0 has no carrier"
        self.assertEqual(describe(event), "hindered web: cannot be held here: eth0 has no carrier")

    def test_configurations(self) -> None:
        """Of a peer's other configuration the keys are told, of our own changed one the digest."""
        event = {
            "kind": "configuration",
            "peer": "beta",
            "keys": ["timing.dead"],
            "reason": "differs: timing.dead",
        }
        self.assertEqual(describe(event), "configuration beta: differs: timing.dead")
        event = {"kind": "configuration", "digest": "0123", "reason": "taken up"}
        self.assertEqual(describe(event), "configuration (digest 0123): taken up")

    def test_orders(self) -> None:
        """An order is told in the words of its command, with the node on which it was given."""
        for order, subject, value, told in (
            ("move", "web", "beta", "move web beta"),
            ("standby", "beta", "yes", "standby beta"),
            ("standby", "beta", "", "active beta"),
            ("retry", "web", "", "retry web"),
            ("dance", "web", "long", "dance web long"),
        ):
            event = {"kind": "operator", "order": order, "subject": subject, "value": value}
            event["reason"] = "ordered on beta"
            self.assertEqual(describe(event), f"operator {told}: ordered on beta")
            event["reason"] = "a reason of its own: with a colon"
            self.assertEqual(describe(event), f"operator {told}: a reason of its own: with a colon")

    @given(st.dictionaries(st.sampled_from(WORDS), st.none() | st.booleans() | st.integers() | st.text()))
    def test_anything(self, event: dict[str, object]) -> None:
        """Whatever an event has in it, it is one line."""
        self.assertTrue(event_line({**event, "kind": "operator"}).isprintable())
        self.assertTrue(event_line(event).isprintable())

    def test_little_known(self) -> None:
        """An event that lacks everything is still a line."""
        self.assertEqual(event_line({}), "- - event: no reason given")

    @given(st.text())
    def test_printable(self, text: str) -> None:
        """Nothing that a terminal would act upon gets through, and no second line."""
        self.assertTrue(printable(text).isprintable())
        self.assertEqual(printable("exit\x1b[2J 1\nand more"), "exit?[2J 1 and more")
