"""Tests of `heart simulate --config FILE`."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from click.testing import CliRunner, Result
from twisted.trial.unittest import SynchronousTestCase

from heart.cli.main import main
from heart.forecast import forecast
from tests.cli.test_check import EXAMPLE

SHORT = ("--days", "0.0001")


def chunks(reader: int) -> Iterator[bytes]:
    """What a terminal that is closed at its other end has been told."""
    with contextlib.suppress(OSError), open(reader, "rb", buffering=0) as file:
        while chunk := file.read(4096):
            yield chunk


class ForetellCase(SynchronousTestCase):
    """The example configuration, in a folder of its own and without its key."""

    def setUp(self) -> None:
        self.file = Path(self.mktemp()).absolute()
        shutil.copy(EXAMPLE, self.file)


class ForetellTests(ForetellCase):
    """The command, with two runs of each blow, in this process."""

    def setUp(self) -> None:
        super().setUp()
        self.patch(forecast, "RUNS", 2)
        self.patch(forecast, "on_all_cores", map)

    def call(self, *args: str) -> Result:
        """Run the command."""
        return CliRunner().invoke(main, ["simulate", "--config", str(self.file), *SHORT, *args])

    def refused(self, *args: str) -> str:
        """The one line with which the command is refused."""
        result = self.call(*args)
        self.assertEqual((result.exit_code, result.stdout, result.stderr.count("\n")), (1, "", 1))
        return result.stderr

    def test_report(self) -> None:
        """It says what the configuration does in these conditions."""
        result = self.call("--loss", "20%", "--loss", "cable=0%", "--burst", "lan=10%:50ms")
        self.assertEqual((result.exit_code, result.stderr), (0, ""))
        self.assertIn("link cable (115,200 baud): nothing lost", result.stdout)
        self.assertIn("link lan (network): 20 % lost, and all lost in bursts of 50ms", result.stdout)
        self.assertIn("web: on alpha, then beta", result.stdout)

    def test_json(self) -> None:
        """With --json it is a document, the same for the same question."""
        first, second = (self.call("--json", "--loss", "20%").stdout for _ in range(2))
        self.assertEqual(first, second)
        self.assertEqual(json.loads(first)["cluster"], "web")
        self.assertNotEqual(self.call("--json", "--loss", "20%", "--from", "100").stdout, first)

    def test_bound_kept(self) -> None:
        """Fewer false takeovers than the bound: exit code 0."""
        self.assertEqual(self.call("--loss", "20%", "--max-false-per-year", "1").exit_code, 0)

    def test_bound_broken(self) -> None:
        """More of them: one line for each service, and exit code 1."""
        result = self.call("--burst", "10%:200ms", "--max-false-per-year", "1")
        self.assertEqual(result.exit_code, 1)
        expected = r"^heart: web: expected at most 1 false takeovers a year, not up to [0-9,]+ a year\n$"
        self.assertRegex(result.stderr, expected)
        self.assertIn("web: on alpha", result.stdout)

    def test_never_held(self) -> None:
        """A service that is never held keeps no bound."""
        self.file.write_text(self.file.read_text().replace('"trust"', '"quorum"'))
        result = self.call("--loss", "99.9999%", "--max-false-per-year", "1000000000")
        self.assertEqual(result.exit_code, 1)
        self.assertIn("it is never held", result.stderr)

    def test_bad_loss(self) -> None:
        """A loss of 150 %, and other nonsense, is one clear line."""
        self.assertIn(
            "expected a share from 0% to less than 100%, such as 20%, not 150%",
            self.refused("--loss", "150%"),
        )
        self.assertIn("such as 10%:50ms, not 10%", self.refused("--burst", "10%"))
        self.assertIn("expected one of the links lan, cable, not lam", self.refused("--loss", "lam=1%"))

    def test_bad_numbers(self) -> None:
        """Days and bounds that cannot be are refused."""
        for days in ("0", "-1", "nan", "inf", "1000000"):
            self.assertIn("--days: expected more than 0 and at most 36,525", self.refused("--days", days))
        for most in ("-1", "nan"):
            self.assertIn(
                "--max-false-per-year: expected 0 or more", self.refused("--max-false-per-year", most)
            )

    def test_impossible_configuration(self) -> None:
        """What is wrong with it is said, with file and key."""
        self.file.write_text(self.file.read_text().replace("[links.lan]", "[links.lan]\nspeed = 1"))
        self.assertIn(f"{self.file}: links.lan.speed: ", self.refused())

    def test_no_service(self) -> None:
        """Without a service there is nothing to foretell."""
        text = self.file.read_text()
        self.file.write_text(text[: text.index("[services.")])
        self.assertIn("expected a service", self.refused())

    def test_no_file(self) -> None:
        """A file that is not there is named."""
        self.file.unlink()
        self.assertIn(str(self.file), self.refused())


class ProgressTests(ForetellCase):
    """The command as a person runs it, on all cores."""

    def test_progress(self) -> None:
        """On a terminal a bar shows how far it is; the report is not mixed with it."""
        reader, terminal = pty.openpty()
        command = [sys.executable, "-c", "from heart.cli.main import main; main()", "simulate"]
        ended = subprocess.run(
            [*command, "--config", str(self.file), *SHORT],
            stdout=subprocess.PIPE,
            stderr=terminal,
            check=True,
            timeout=120,
        )
        os.close(terminal)
        shown = b"".join(chunks(reader)).decode()
        self.assertIn("simulating", shown)
        self.assertIn("100%", shown)
        self.assertTrue(ended.stdout.startswith(b"cluster web: "))
