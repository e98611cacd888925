"""Tests of heart.cli.main."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import click
from click.testing import CliRunner, Result
from twisted.trial.unittest import SynchronousTestCase

import heart
from heart.cli.main import COMMANDS, Commands, main

ROOT = Path(heart.__file__).parent.parent
RUN = "from heart.cli.main import main; main()"


def failing(error: BaseException) -> Commands:
    """The group with a command that fails in this way."""

    class Failing(Commands):
        def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
            def fail() -> None:
                raise error

            return click.Command("fail", callback=fail)

    return Failing("heart")


def run(*args: str, stdout: int = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", RUN, *args],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        env=environment,
        check=False,
    )


class MainTests(SynchronousTestCase):
    """The command itself."""

    def call(self, *args: str, group: click.Command = main) -> Result:
        """The command's result, which must not be a traceback."""
        result = CliRunner().invoke(group, list(args))
        self.assertTrue(
            result.exception is None or isinstance(result.exception, SystemExit), result.exception
        )
        self.assertNotIn("Traceback", result.output)
        return result

    def assert_complains(self, result: Result, line: str) -> None:
        """Nothing was printed but this line on standard error, and the exit code is 1."""
        self.assertEqual((result.stdout, result.stderr, result.exit_code), ("", line + "\n", 1))

    def test_version(self) -> None:
        """The version is printed."""
        result = self.call("--version")
        self.assertEqual((result.stdout, result.exit_code), (f"heart, version {heart.__version__}\n", 0))

    def test_help(self) -> None:
        """Help names every command with what it does."""
        result = self.call("--help")
        self.assertEqual(result.exit_code, 0)
        for name, (_, summary) in COMMANDS.items():
            self.assertRegex(result.stdout, rf"\n +{name} +{re.escape(summary)}\n")

    def test_help_order(self) -> None:
        """What is needed every day comes first; each command has a line of 80 columns at most."""
        _, _, listed = self.call("--help").stdout.partition("Commands:\n")
        self.assertEqual([line.split()[0] for line in listed.splitlines()], list(COMMANDS))
        self.assertEqual(list(COMMANDS)[:2], ["status", "events"])
        self.assertLessEqual(max(map(len, listed.splitlines())), 80)

    def test_all_there(self) -> None:
        """Every command in the table can be imported, and has help of its own."""
        for name in COMMANDS:
            result = self.call(name, "--help")
            self.assertEqual(result.exit_code, 0, name)
            self.assertTrue(result.stdout.startswith(f"Usage: heart {name}"), result.stdout)

    def test_usage_errors(self) -> None:
        """Wrong usage is one line, and exit code 1."""
        self.assert_complains(self.call(), "heart: expected a command: see heart --help")
        self.assert_complains(self.call("chekc"), "heart: No such command 'chekc'. See heart --help")
        self.assert_complains(self.call("keygen"), "heart: Missing argument 'PATH'. See heart keygen --help")
        self.assert_complains(
            self.call("check", "--foo"), "heart: No such option '--foo'. See heart check --help"
        )

    def test_operating_system(self) -> None:
        """What the operating system refuses is one line."""
        group = failing(PermissionError(13, "Permission denied", "/run/heart"))
        self.assert_complains(self.call("x", group=group), "heart: /run/heart: Permission denied")
        self.assert_complains(self.call("x", group=failing(OSError("odd"))), "heart: odd")

    def test_own_fault(self) -> None:
        """A fault of the program is one line that says where it is."""
        result = self.call("x", group=failing(KeyError("a\nb")))
        self.assertRegex(
            result.stderr,
            r"\Aheart: a fault of this program, please report it: "
            r"KeyError in test_main.py line \d+: 'a\\nb'\n\Z",
        )
        self.assertEqual(result.exit_code, 1)

    def test_interrupted(self) -> None:
        """Ctrl-C is quiet."""
        result = self.call("x", group=failing(KeyboardInterrupt()))
        self.assertEqual((result.stdout, result.stderr.strip(), result.exit_code), ("", "", 1))

    def test_own_exit_code(self) -> None:
        """A command's own exit code is kept."""
        self.assertEqual(self.call("x", group=failing(SystemExit(3))).exit_code, 3)
        self.assertEqual(self.call("x", group=failing(click.exceptions.Exit(3))).exit_code, 3)


class ProcessTests(SynchronousTestCase):
    """The command as a process."""

    def test_version(self) -> None:
        """It runs from anywhere."""
        done = run("--version")
        self.assertEqual((done.returncode, done.stdout), (0, f"heart, version {heart.__version__}\n"))

    def test_keygen_is_light(self) -> None:
        """Making a key imports neither Twisted nor rich."""
        path = Path(self.mktemp())
        script = f"""if True:
            import sys
            from heart.cli.main import main
            try:
                main(["keygen", {str(path)!r}])
            finally:
                print(sorted({{"twisted", "rich", "zope"}} & set(sys.modules)))
        """
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        output = subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            timeout=60,
            env=environment,
            check=True,
        ).stdout
        self.assertEqual(output.splitlines()[-1], "[]")
        self.assertTrue(path.exists())

    def test_full_disk(self) -> None:
        """Output that cannot be written is one line on standard error."""
        if not Path("/dev/full").exists():
            self.skipTest("needs the device /dev/full")
        with Path("/dev/full").open("wb") as full:
            done = run("--version", stdout=full.fileno())
        self.assertEqual((done.returncode, done.stderr), (1, "heart: No space left on device\n"))

    def test_closed_pipe(self) -> None:
        """A reader that goes away ends it quietly."""
        reading, writing = os.pipe()
        os.close(reading)
        try:
            done = run("--help", stdout=writing)
        finally:
            os.close(writing)
        self.assertEqual((done.returncode, done.stderr), (1, ""))
