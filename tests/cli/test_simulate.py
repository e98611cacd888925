"""Tests of heart.cli.simulate."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result
from twisted.trial.unittest import SynchronousTestCase

from heart.cli import histories
from heart.cli.main import main
from heart.simulation import plan as p
from heart.simulation.invariants.base import Broken
from heart.simulation.search import Result as Found
from heart.simulation.trial import Outcome, Trial


class SimulateTests(SynchronousTestCase):
    """`heart simulate`."""

    def setUp(self) -> None:
        self.file = Path(self.mktemp())

    def call(self, *args: str | int | Path) -> Result:
        """Run the command."""
        return CliRunner().invoke(main, ["simulate", *map(str, args)])

    def test_replay(self) -> None:
        """A seed is replayed: plan, timeline, and that all holds; twice the same."""
        first, second = (self.call("--seed", 3, "--last", 1000) for _ in range(2))
        self.assertEqual((first.exit_code, first.stdout), (0, second.stdout))
        self.assertIn("plan of seed 3: ", first.stdout)
        self.assertRegex(first.stdout, r"\n +0\.000  alpha +STARTS")
        self.assertRegex(first.stdout, r"\nAll invariants hold, for \d+ simulated seconds\.\n$")

    def test_saved(self) -> None:
        """A saved plan makes the same history as its seed."""
        told = self.call("--seed", 3, "--save", self.file).stdout
        self.assertEqual(self.call("--plan", self.file).stdout, told)

    def test_bad_file(self) -> None:
        """A file that is no plan, or of another version, is told in one line that names it."""
        for text, expected in (
            (b"nonsense", "expected a plan that heart simulate has written"),
            (b'{"format": 99}', "expected a plan of format 1, and this is of format 99"),
        ):
            self.file.write_bytes(text)
            result = self.call("--plan", self.file)
            self.assertEqual((result.exit_code, result.stdout), (1, ""))
            self.assertEqual(result.stderr, f"heart: {self.file}: {expected}\n")

    def test_no_file(self) -> None:
        """One that is not there is told, too."""
        result = self.call("--plan", self.file)
        self.assertEqual(result.exit_code, 1)
        self.assertIn(f"{self.file}: No such file or directory", result.stderr)

    def test_what_to_do(self) -> None:
        """Neither nothing nor two things at once can be asked for."""
        for args in ((), ("--seed", "1", "--search")):
            result = self.call(*args)
            self.assertEqual(result.exit_code, 1)
            self.assertIn("Expected one of --seed, --plan, --search and --config.", result.stderr)

    def test_what_belongs_to_a_forecast(self) -> None:
        """Losses and the like without a configuration are refused, not ignored."""
        for args in (("--loss", "1%"), ("--burst", "1%:1s"), ("--json",), ("--max-false-per-year", "1")):
            result = self.call("--search", *args)
            self.assertEqual(result.exit_code, 1)
            self.assertIn("Expected --config beside --loss", result.stderr)

    def test_search(self) -> None:
        """Some seeds are searched, and how many, how fast and how long is told."""
        result = self.call("--search", "--seeds", 4, "--from", 2)
        self.assertEqual((result.exit_code, result.stderr), (0, ""))
        self.assertRegex(result.stdout, r"^4 seeds, [0-9.]+ a second, 0\.\d\d simulated hours, \d+ faults\n$")

    def test_found(self) -> None:
        """What breaks an invariant ends the search: seed, shortest plan, timeline, and exit code 1."""
        broken = Broken("5 one right at a time", 7.0, "beta takes web, which alpha holds")
        found = [Found(8, 30.0, 5), Found(9, 7.0, 5, broken.rule, str(broken))]
        short = p.Plan(9, p.Setup(("alpha", "beta"), (p.Wire("lan"),)), 8.0, (p.Kill(6.5, "beta"),))
        self.patch(histories, "search", lambda seeds: iter(found))
        self.patch(histories, "shrink", lambda plan, rule: short)
        self.patch(Trial, "run", lambda trial: Outcome(broken, 7.0))
        result = self.call("--search", "--save", self.file)
        self.assertEqual(result.exit_code, 1)
        self.assertEqual(p.read(self.file.read_bytes()), short)
        self.assertIn("seed 9 breaks 5 one right at a time: at 7.000 s", result.stdout)
        self.assertIn("Kill(at=6.5, node='beta')", result.stdout)
        self.assertTrue(result.stdout.endswith(f"BROKEN: {broken}\n"))
