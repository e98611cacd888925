"""What the keys do."""

from __future__ import annotations

from typing import Any, cast

from twisted.trial.unittest import SynchronousTestCase

from heart.demo.cluster import DemoCluster
from heart.demo.controls import controls


class FakeNode:
    """A node without a process."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.running = True
        self.paused = False

    def start(self) -> None:
        self.running = True

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False


class FakeWire:
    """A wire that carries nothing."""

    whole = True

    def cut(self) -> None:
        self.whole = False

    def restore(self) -> None:
        self.whole = True


class FakeCluster:
    """Two such nodes, and two such wires."""

    def __init__(self) -> None:
        self.nodes = {name: FakeNode(name) for name in ("alpha", "beta")}
        self.lan, self.cable = FakeWire(), FakeWire()

    def kill(self, name: str) -> None:
        self.nodes[name].running = False


class ControlTests(SynchronousTestCase):
    """Each key does one thing, and the next time it undoes it."""

    def setUp(self) -> None:
        self.cluster = FakeCluster()
        rows = controls(cast(DemoCluster, self.cluster))
        self.controls = {control.key: control for row in rows for control in row}

    def press(self, key: str) -> str:
        """Press a key; what it was said to do."""
        label = self.controls[key].label()
        self.controls[key].act()
        return label

    def test_life(self) -> None:
        """a and b kill and revive."""
        for key, name in (("a", "alpha"), ("b", "beta")):
            node = self.cluster.nodes[name]
            self.assertEqual((self.press(key), node.running), (f"kill {name}", False))
            self.assertEqual((self.press(key), node.running), (f"revive {name}", True))

    def test_rest(self) -> None:
        """A and B pause and resume; they do nothing with a node that does not run, and say so."""
        for key, name in (("A", "alpha"), ("B", "beta")):
            node = self.cluster.nodes[name]
            self.assertEqual((self.press(key), node.paused), (f"pause {name}", True))
            self.assertEqual((self.press(key), node.paused), (f"resume {name}", False))
            node.running = False
            self.assertEqual(self.controls[key].label(), "")

    def test_wires(self) -> None:
        """l and c cut and restore."""
        wires: Any = {"l": ("the LAN", self.cluster.lan), "c": ("the cable", self.cluster.cable)}
        for key, (name, wire) in wires.items():
            self.assertEqual((self.press(key), wire.whole), (f"cut {name}", False))
            self.assertEqual((self.press(key), wire.whole), (f"restore {name}", True))
