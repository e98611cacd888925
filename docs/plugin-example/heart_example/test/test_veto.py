"""The arbiter `veto`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from heart.interfaces import InThread, Question
from twisted.internet.defer import Deferred, execute
from twisted.trial.unittest import SynchronousTestCase

from heart_example.veto import Veto

at_once = cast(InThread, execute)
QUESTION = Question("web", 7, ("beta",))


class VetoTests(SynchronousTestCase):
    """A file in a folder of its own."""

    def setUp(self) -> None:
        """It is not there."""
        self.file = Path(self.mktemp())

    def ask(self, path: Path, question: Question = QUESTION) -> bool:
        """What it says where the disk answers at once."""
        return self.successResultOf(Veto(str(path), at_once).ask(question))

    def test_file(self) -> None:
        """While the file is there, of whatever sort, it says no."""
        self.assertIs(self.ask(self.file), True)
        self.file.symlink_to("/heart-none")
        self.assertIs(self.ask(self.file), False)
        self.file.unlink()
        self.assertIs(self.ask(self.file), True)

    def test_nobody_silent(self) -> None:
        """It forbids to act on silence, and nothing else."""
        self.file.touch()
        self.assertIs(self.ask(self.file, Question("web", 7, ())), True)

    def test_cannot_tell(self) -> None:
        """Where the disk fails it says no."""
        self.file.touch()
        self.assertIs(self.ask(self.file / "below"), False)

    def test_stalled(self) -> None:
        """While the disk gives no answer one thread waits for it, and further questions are refused."""
        waiting: list[Deferred[bool]] = []

        def stalled(*work: Any) -> Deferred[bool]:
            waiting.append(Deferred())
            return waiting[-1]

        veto = Veto(str(self.file), cast(InThread, stalled))
        first = veto.ask(QUESTION)
        self.assertIs(self.successResultOf(veto.ask(QUESTION)), False)
        self.assertNoResult(first)
        self.assertEqual(len(waiting), 1)
        waiting[0].callback(False)
        self.assertIs(self.successResultOf(first), True)
        veto.ask(QUESTION)
        self.assertEqual(len(waiting), 2)
