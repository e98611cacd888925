"""A test whose link lives in a namespace of its own, in a program that says what it was told."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

ROOT = Path(__file__).parents[2]


class NamespaceCase(SynchronousTestCase):
    """Runs scenarios of `program`, a module, in a fresh network and mount namespace."""

    program: str

    def setUp(self) -> None:
        """See that this machine can."""
        if os.geteuid() != 0:
            raise SkipTest("needs root, to make a network namespace")
        for tool in ("unshare", "ip", "mount"):
            if shutil.which(tool) is None:
                raise SkipTest(f"needs the command {tool}")

    def told(self, scenario: str) -> list[tuple[str, str]]:
        """What the scenario's link told; it must end well, and complain of nothing."""
        done = subprocess.run(
            [
                shutil.which("unshare") or "",
                "--net",
                "--mount",
                sys.executable,
                "-m",
                self.program,
                scenario,
            ],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return [(what, reason) for what, reason in json.loads(done.stdout)]
