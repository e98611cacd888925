"""Events as lines for a person."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from heart.events.text import describe, event_line, printable


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

    def test_little_known(self) -> None:
        """An event that lacks everything is still a line."""
        self.assertEqual(event_line({}), "- - event: no reason given")

    @given(st.text())
    def test_printable(self, text: str) -> None:
        """Nothing that a terminal would act upon gets through, and no second line."""
        self.assertTrue(printable(text).isprintable())
        self.assertEqual(printable("exit\x1b[2J 1\nand more"), "exit?[2J 1 and more")
