"""What the demo knows of its nodes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from heart.control.client import DaemonUnreachable
from heart.demo import observer
from heart.demo.observer import Observer
from tests.demo.support import event, status


class ObserverTests(SynchronousTestCase):
    """An observer of nodes whose answers are made here."""

    def setUp(self) -> None:
        self.answers: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {}
        self.patch(observer, "ask", lambda path, *_: self.answer(path)[0])
        self.patch(observer, "ask_lines", self.lines)
        self.observer = Observer({"alpha": Path("alpha"), "beta": Path("beta")})

    def answer(self, path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """What a node says; nothing where it has no answer."""
        if path.name not in self.answers:
            raise DaemonUnreachable(path, "stopped")
        return self.answers[path.name]

    def lines(self, path: Path, *_: Any) -> Iterator[dict[str, Any]]:
        """A node's events."""
        yield from self.answer(path)[1]

    def refresh(self) -> None:
        """Ask both."""
        self.observer.refresh("alpha")
        self.observer.refresh("beta")

    def test_status(self) -> None:
        """A node's status is its last; None where it does not answer, or is not to be asked."""
        self.assertEqual(self.observer.statuses, {"alpha": None, "beta": None})
        self.answers["beta"] = (status("beta"), [])
        self.refresh()
        self.assertEqual(self.observer.statuses, {"alpha": None, "beta": status("beta")})
        del self.answers["beta"]
        self.refresh()
        self.assertEqual(self.observer.statuses["beta"], None)
        self.answers["beta"] = (status("beta"), [])
        self.refresh()
        self.observer.forget("beta")
        self.assertEqual(self.observer.statuses["beta"], None)

    def test_events(self) -> None:
        """Events of both nodes are in order of time, each once, and outlive the daemon that told them."""
        first, second, third = event("beta", "a", 1), event("alpha", "b", 2), event("beta", "c", 3)
        self.answers = {"alpha": (status("alpha"), [second]), "beta": (status("beta"), [first, third])}
        self.refresh()
        self.refresh()
        self.assertEqual(self.observer.events, (first, second, third))
        reborn = {**event("alpha", "d", 4), "incarnation": 5, "sequence": 2}
        self.answers["alpha"] = (status("alpha"), [reborn])
        self.refresh()
        self.assertEqual(self.observer.events, (first, second, third, reborn))

    def test_bounded(self) -> None:
        """Of very many events the newest are remembered."""
        self.patch(observer, "KEPT", 3)
        self.answers["beta"] = (status("beta"), [event("beta", "a", number) for number in range(10)])
        self.refresh()
        self.assertEqual([each["sequence"] for each in self.observer.events], [7, 8, 9])
