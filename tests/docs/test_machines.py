"""docs/machines.md is what docs/draw_machines.py draws from the code."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from heart.core.peers import peer
from heart.core.services import tenure
from tests.docs.support import DOCS, load_script

SCRIPT = DOCS / "draw_machines.py"


class MachinesTests(SynchronousTestCase):
    """The committed drawing."""

    def setUp(self) -> None:
        self.drawn = (DOCS / "machines.md").read_text()

    def test_up_to_date(self) -> None:
        """The committed file is what the code draws."""
        self.assertEqual(self.drawn, load_script("draw_machines").text())

    def test_every_transition(self) -> None:
        """Each transition of the code is an arrow of a diagram, and there is no other arrow."""
        arrows = re.findall(r"^    (\w+) --> (\w+): (\w+)$", self.drawn, re.MULTILINE)
        lives = [(a.value, b.value, turn.name) for (a, turn), b in peer.TRANSITIONS.items()]
        holdings = [(a.value, b.value, step.name) for (a, step), b in tenure.TRANSITIONS.items()]
        self.assertEqual(sorted(arrows), sorted(lives + holdings))

    def test_every_state(self) -> None:
        """Each state can be reached from the first one, and left again."""
        arrows = re.findall(r"^    (\[\*\]|\w+) --> (\w+)", self.drawn, re.MULTILINE)
        for states in (peer.Life, tenure.Holding):
            values = {state.value for state in states}
            self.assertEqual(values - {target for _, target in arrows}, set())
            self.assertEqual(values - {state for state, _ in arrows}, set())


class CommandTests(SynchronousTestCase):
    """`python docs/draw_machines.py`, as a developer runs it, on a copy."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.script = self.folder / SCRIPT.name
        for name in (SCRIPT.name, "written.py"):
            (self.folder / name).write_text((DOCS / name).read_text())
        self.file = self.folder / "machines.md"

    def run_script(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the copy with the code under test."""
        path = str(DOCS.parent)
        command = [sys.executable, str(self.script), *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, env={"PYTHONPATH": path}, timeout=60, check=False
        )

    def test_check(self) -> None:
        """--check says in one line, with exit code 1, that the file is missing or another."""
        for before in (None, "# another drawing\n"):
            if before is not None:
                self.file.write_text(before)
            ended = self.run_script("--check")
            self.assertEqual((ended.returncode, ended.stdout), (1, ""))
            self.assertEqual(ended.stderr.count("\n"), 1)
            self.assertIn("run python docs/draw_machines.py", ended.stderr)
            self.assertEqual(self.file.read_text() if self.file.exists() else None, before)

    def test_write(self) -> None:
        """Without an option it writes the file, which --check then finds good."""
        self.assertEqual(self.run_script().returncode, 0)
        self.assertEqual(self.file.read_text(), (DOCS / "machines.md").read_text())
        self.assertEqual(self.run_script("--check").returncode, 0)

    def test_usage(self) -> None:
        """Anything else is refused."""
        self.assertEqual(self.run_script("--chek").returncode, 1)
        self.assertFalse(self.file.exists())
