"""Tests of heart.cli.check, heart.cli.keygen and conf/heart.toml."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

from click.testing import CliRunner, Result
from twisted.trial.unittest import SynchronousTestCase

import heart
from heart.cli.main import main
from heart.keys import load_keys
from tests.cli.test_main import run

EXAMPLE = Path(heart.__file__).parent.parent / "conf" / "heart.toml"
TRUTH = (
    "arbiter: trust takes silence for death: with every link cut and both nodes alive, both hold the services"
)


class CommandCase(SynchronousTestCase):
    """Runs commands beside a copy of the example configuration, without its key."""

    def setUp(self) -> None:
        """Copy the example."""
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.file = self.folder / "heart.toml"
        shutil.copy(EXAMPLE, self.file)
        self.key = self.folder / "heart.key"

    def call(self, *args: str | Path) -> Result:
        """The result of a command."""
        return CliRunner().invoke(main, [str(arg) for arg in args])

    def change(self, old: str, new: str) -> None:
        """Change the example's text in one place."""
        text = self.file.read_text()
        self.assertEqual(text.count(old), 1)
        self.file.write_text(text.replace(old, new))


class KeygenTests(CommandCase):
    """`heart keygen`."""

    def test_made(self) -> None:
        """A key is made, its path printed first, and what to do next; nothing of the key."""
        result = self.call("keygen", self.key)
        self.assertEqual((result.exit_code, result.stderr), (0, ""))
        self.assertEqual(result.stdout.splitlines()[0], str(self.key))
        self.assertIn("Copy this file to every node", result.stdout)
        self.assertEqual(stat.S_IMODE(self.key.stat().st_mode), 0o600)
        (key,) = load_keys(self.key).keys.values()
        self.assertNotIn(key.hex(), result.output)

    def test_exists(self) -> None:
        """A key that is there is left alone, exit code 1."""
        self.key.write_text("precious")
        result = self.call("keygen", self.key)
        self.assertEqual((result.exit_code, result.stdout), (1, ""))
        self.assertEqual(
            result.stderr,
            f"{self.key} exists already and is left as it is; expected a path where nothing is\n",
        )
        self.assertEqual(self.key.read_text(), "precious")


class CheckTests(CommandCase):
    """`heart check`."""

    def test_example(self) -> None:
        """The example is good but for the key that has to be made."""
        result = self.call("check", self.file, "--node", "alpha")
        self.assertEqual((result.exit_code, result.stdout), (1, ""))
        self.assertEqual(
            result.stderr,
            f"{self.file}: key_file: {self.key} is missing; "
            f"make it once with `heart keygen {self.key}` and copy it to every node\n",
        )

    def test_example_with_key(self) -> None:
        """With a key it is good, and what it means is printed; whatever this machine lacks is warned of."""
        self.call("keygen", self.key)
        self.change('interface = "eth0"                  #', 'interface = "heart-none" #')
        self.change('device = "/dev/ttyS0"', 'device = "/dev/heart-none"')
        result = self.call("check", "--config", self.file, "--node", "alpha")
        self.assertEqual(result.exit_code, 0, result.stderr)
        lines = result.stdout.splitlines()
        for line in (
            "cluster  web of alpha, beta",
            "node     alpha",
            "timing   beat   100ms",
            "timing   lease  600ms",
            "link     lan: udp, interface heart-none, port 694, with beta",
            "link     cable: serial, device /dev/heart-none at 115200 baud, with beta",
            "service  web: on alpha, beta; wait 1s, stop 300ms",
            "           1. address 10.0.0.100/24 on eth0",
            "           2. script /etc/heart/scripts/web, timeout 20s",
            "keys     1 signs",
        ):
            self.assertIn(line, lines)
        complaints = result.stderr.splitlines()
        self.assertEqual(lines[-1], f"good: {self.file} ({len(complaints)} warnings)")
        for complaint in (
            TRUTH,
            "links.lan.interface: heart-none is not there on this machine",
            "links.cable.device: /dev/heart-none is not there on this machine",
        ):
            self.assertIn(f"warning: {self.file}: {complaint}", complaints)

    def test_wait(self) -> None:
        """A service's wait is what a successor waits, longer than `dead` where the release may take long."""
        self.call("keygen", self.key)
        self.change('stop = "300ms"', 'stop = "900ms"')
        result = self.call("check", self.file, "--node", "beta")
        self.assertIn("service  web: on alpha, beta; wait 1.545s, stop 900ms", result.stdout.splitlines())

    def test_several_keys(self) -> None:
        """The ids of all keys are told, and no key."""
        self.key.write_text(f"3 {'ab' * 32}\n1 {'cd' * 32}\n2 {'ef' * 32}\n")
        self.key.chmod(0o600)
        result = self.call("check", self.file, "--node", "beta")
        self.assertIn("keys     3 signs; 1, 2 verify too", result.stdout.splitlines())
        self.assertNotRegex(result.output, "abab|cdcd|efef")

    def test_elsewhere(self) -> None:
        """On a machine that is none of the nodes it is good, with warnings."""
        self.change("[nodes.alpha]", "[nodes.heart-none-a]")
        self.file.write_text(self.file.read_text().replace('"alpha"', '"heart-none-a"'))
        self.file.write_text(self.file.read_text().replace("beta", "heart-none-b"))
        result = self.call("check", self.file)
        self.assertEqual(result.exit_code, 0, result.stderr)
        self.assertRegex(result.stderr, r"none of heart-none-a, heart-none-b; checked as heart-none-a\n")
        self.assertIn("keys     none on this machine", result.stdout.splitlines())

    def test_errors(self) -> None:
        """All faults are told on standard error, a line each, and nothing on standard output."""
        self.call("keygen", self.key)
        self.change('beat = "100ms"', 'beat = "100"')
        self.change("port = 694", "prot = 694")
        result = self.call("check", self.file, "--node", "alpha")
        self.assertEqual((result.exit_code, result.stdout), (1, ""))
        self.assertEqual(
            result.stderr.splitlines(),
            [
                f"{self.file}: timing.beat: expected a duration such as "
                '"100ms" (a decimal number and ms, s, m, h or d), not "100"',
                f"{self.file}: links.lan.prot: unknown key; did you mean port?",
            ],
        )

    def test_both(self) -> None:
        """A path and --config together are refused."""
        result = self.call("check", self.file, "--config", self.file)
        self.assertEqual(
            (result.exit_code, result.stderr),
            (1, "heart: Expected PATH or --config, not both. See heart check --help\n"),
        )

    def test_default(self) -> None:
        """Unless said, it is /etc/heart/heart.toml that is checked."""
        self.assertIn("[default: /etc/heart/heart.toml]", self.call("check", "--help").stdout)

    def test_process(self) -> None:
        """It is the same as a real process: output, warnings, exit codes."""
        self.assertEqual(run("keygen", str(self.key)).returncode, 0)
        good = run("check", str(self.file), "--node", "alpha")
        self.assertEqual(good.returncode, 0)
        self.assertIn(f"good: {self.file}", good.stdout)
        self.assertIn(TRUTH, good.stderr)
        self.key.chmod(0o644)
        wrong = run("check", str(self.file), "--node", "alpha")
        self.assertEqual((wrong.returncode, wrong.stdout), (1, ""))
        self.assertEqual(
            wrong.stderr,
            f"{self.file}: key_file: {self.key} is open to group or others (mode 0644); "
            f"expected mode 0600: chmod 600 {self.key}\n",
        )
