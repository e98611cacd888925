"""The package of docs/plugin-example, whose own tests must pass. tests/packaging installs and runs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.node.support import short_folder

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "plugin-example"


class ExampleTests(SynchronousTestCase):
    """A copy of it, as if it were installed."""

    def test_own_tests(self) -> None:
        """Its tests pass, and there are some of each kind."""
        place = short_folder(self) / "example"
        shutil.copytree(EXAMPLE, place)
        paths = os.pathsep.join([str(place), *(entry for entry in sys.path if entry)])
        ended = subprocess.run(
            [sys.executable, "-m", "twisted.trial", "heart_example"],
            cwd=place.parent,
            env={**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)
        for module in ("test_kinds", "test_unix", "test_marker", "test_veto"):
            self.assertIn(f"heart_example.test.{module}", ended.stdout)
