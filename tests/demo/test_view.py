"""The picture of the demo."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from twisted.trial.unittest import SynchronousTestCase

from heart.demo.view import NodePicture, Picture, draw
from tests.demo.support import status

KEYS = [[("a", "kill alpha"), ("A", "pause alpha")], [("b", "kill beta"), ("B", "")], [("q", "quit")]]


def node(name: str, holder: str | None, **changes: Any) -> NodePicture:
    """A node that runs and answers, unless said otherwise."""
    seen = {"state": "running", "pid": 812, "status": status(name, holder), "runs_service": name == holder}
    return NodePicture(name=name, **{**seen, **changes})


class DrawTests(SynchronousTestCase):
    """Pictures as lines of text."""

    def draw(
        self, *nodes: NodePicture, lan: bool = True, cable: bool = True, size: tuple[int, int] = (80, 24)
    ) -> str:
        """The picture of such a cluster, in which 100 things happened."""
        happened = [f"this was number {number}. " * 9 for number in range(100)]
        wires = {"LAN": lan, "cable": cable}
        console = Console(width=size[0], height=size[1], color_system=None, force_terminal=False)
        with console.capture() as capture:
            console.print(draw(Picture(nodes, wires, happened, KEYS, "/tmp/heart-demo-1"), *size))
        self.lines = capture.get().splitlines()
        return capture.get()

    def test_fits(self) -> None:
        """It fills a terminal to its last line and column, and has the newest event and all keys on it."""
        for size in ((80, 24), (81, 24), (132, 50)):
            for whole in (True, False):
                beta = node("beta", "alpha" if whole else "beta")
                told = self.draw(node("alpha", "alpha"), beta, lan=whole, cable=whole, size=size)
                self.assertEqual(len(self.lines), size[1])
                self.assertLessEqual(max(map(len, self.lines)), size[0])
                for text in ("number 99", "kill alpha", "pause alpha", "kill beta", "quit"):
                    self.assertIn(text, told)

    def test_links(self) -> None:
        """Each link has when it was heard, the round trip, how many beats came in and how many were lost."""
        seen = status("alpha", "alpha", received=4321)
        seen["links"][1]["peers"][0].update(heard=None, round_trip=None, received=0, lost=17)
        self.draw(node("alpha", "alpha", status=seen), node("beta", "alpha"))
        words = [line.split("│")[1].split() for line in self.lines if line.startswith(("│ lan", "│ cable"))]
        self.assertEqual(words, [["lan", "0.0", "s", "1", "ms", "4321", "0"], ["cable", "-", "-", "0", "17"]])

    def test_holder(self) -> None:
        """Each node says whether the service runs on it, or who holds it as far as it knows."""
        told = self.draw(node("alpha", "alpha"), node("beta", "alpha"))
        self.assertIn("web runs here, term 7", told)
        self.assertIn("web is held by alpha", told)
        self.assertIn("knows of no holder", self.draw(node("alpha", None), node("beta", None)))

    def test_silent(self) -> None:
        """A node that does not answer is shown so, and whether its service runs on."""
        dead = {"status": None, "runs_service": False, "state": "killed"}
        told = self.draw(node("alpha", None, **dead), node("beta", "beta"))
        self.assertIn("killed, pid 812", told)
        self.assertIn("does not answer  ", told)
        asleep = {"status": None, "runs_service": True, "state": "paused"}
        self.assertIn(
            "does not answer, but web runs here",
            self.draw(node("alpha", None, **asleep), node("beta", "alpha")),
        )

    def test_wires(self) -> None:
        """A whole wire is drawn whole, a cut one cut."""
        self.draw(node("alpha", "alpha"), node("beta", "alpha"), lan=False)
        lan, cable = (
            next(line for line in self.lines if line.startswith(f" {name}")) for name in ("LAN", "cable")
        )
        self.assertIn("CUT", lan)
        self.assertIn("     ", lan.strip())
        self.assertIn("whole", cable)
        self.assertNotIn("   ", cable.strip())

    def test_two_holders(self) -> None:
        """Two holders are told of plainly, and why there are two; one is not."""
        both = node("alpha", "alpha"), node("beta", "beta")
        self.assertIn("nobody can tell them apart", self.draw(*both, lan=False, cable=False))
        self.assertIn("one of them lets go", self.draw(*both, lan=False))
        self.assertNotIn("two holders", self.draw(node("alpha", "alpha"), node("beta", "alpha")))

    def test_plain_terminal(self) -> None:
        """A terminal that knows no more than ASCII is sent no more."""
        console = Console(width=80, color_system=None, force_terminal=False)
        picture = Picture(
            [node("alpha", "alpha"), node("beta", "alpha")], {"LAN": True, "cable": False}, [], KEYS, "/"
        )
        with console.capture() as capture:
            console.print(draw(picture, 80, 24, ascii_only=True))
        wires = [line for line in capture.get().splitlines() if line.startswith((" LAN", " cable"))]
        self.assertTrue(all(line.isascii() for line in wires), wires)
