"""The search can fail: each deliberate fault in the core is found within a bounded number of seeds."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from twisted.trial.unittest import SynchronousTestCase

from tests.search.mutants import MUTANTS, Mutant

SEEDS = 300
"""From the first of the mutant on."""


def search_with(mutant: Mutant) -> tuple[str, int, str]:
    """Search with a fault in a process of its own; its name, the exit code, and its last line."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.search.mutants", mutant.name, str(SEEDS)],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = (done.stdout + done.stderr).strip().splitlines() or [""]
    return mutant.name, done.returncode, lines[-1]


class MutantTests(SynchronousTestCase):
    """Faults that are put in."""

    def test_names(self) -> None:
        """Each has a name of its own."""
        self.assertEqual(len({mutant.name for mutant in MUTANTS}), len(MUTANTS))

    def test_each_is_found(self) -> None:
        """Every fault breaks an invariant; one that does not is a hole in the search, or is out of date."""
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as threads:
            results = list(threads.map(search_with, MUTANTS))
        self.assertEqual([result for result in results if result[1] != 0], [])
