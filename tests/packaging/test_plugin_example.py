"""The package of docs/plugin-example, built, installed beside Heart, and used by two real daemons."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess

from tests.packaging.checkout import Installed, from_wheel
from tests.packaging.plugged import PATIENCE, Daemons, Folder

CONFIGURATION = """\
cluster = "web"
key_file = "heart.key"

[nodes.alpha.links.pair]
path = "FOLDER/alpha"
peer = "FOLDER/beta"

[nodes.beta.links.pair]
path = "FOLDER/beta"
peer = "FOLDER/alpha"

[links.pair]
kind = "unix"

[services.site]
nodes = ["alpha", "beta"]

[[services.site.resources]]
kind = "marker"
path = "FOLDER/marker"

[arbiter]
kind = "veto"
path = "FOLDER/veto"

[paths]
state = "state"
run = "run"
"""


class CheckTests(Folder):
    """`heart check`."""

    configuration = CONFIGURATION

    def refused(self, installed: Installed | None = None) -> list[str]:
        """The lines for which it refuses the configuration, without the file's name."""
        ended = self.heart("check", self.config, "--node", "alpha", at=installed)
        self.assertEqual((ended.returncode, ended.stdout), (1, ""), ended.stderr)
        lines = ended.stderr.splitlines()
        for line in lines:
            self.assertTrue(line.startswith(f"{self.config}: "), line)
        return [line.removeprefix(f"{self.config}: ") for line in lines]

    def test_own_tests(self) -> None:
        """The package's own tests pass where it is installed."""
        told = self.installed.run("python", "-m", "twisted.trial", "heart_example")
        self.assertIn("heart_example.test.test_unix", told)
        self.assertIn("No broken requirements", self.installed.run("python", "-m", "pip", "check"))

    def test_good(self) -> None:
        """All three kinds are good, and are shown with their keys."""
        ended = self.heart("check", self.config, "--node", "beta")
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        lines = ended.stdout.splitlines()
        for line in (
            f'link     pair: unix, path = "{self.folder}/beta", peer = "{self.folder}/alpha", with alpha',
            f'           1. marker, path = "{self.folder}/marker"',
            f'arbiter  veto, path = "{self.folder}/veto"',
            f"good: {self.config}",
        ):
            self.assertIn(line, lines)

    def test_wrong_keys(self) -> None:
        """What a plug-in finds wrong is told at its key, as Heart's own lines are."""
        self.write(
            CONFIGURATION.replace('peer = "FOLDER/alpha"', 'peer = "alpha"')
            .replace('path = "FOLDER/marker"', 'file = "FOLDER/marker"')
            .replace('path = "FOLDER/veto"', "path = 5")
        )
        self.assertEqual(
            self.refused(),
            [
                "nodes.beta.links.pair.peer: expected an absolute path, not 'alpha'",
                "services.site.resources[1].path: missing; expected an absolute path",
                "services.site.resources[1].file: unknown key; expected path",
                "arbiter.path: expected an absolute path, not 5",
            ],
        )

    def test_not_installed(self) -> None:
        """Where the package is not installed each of its kinds is refused with a line."""
        self.assertEqual(
            self.refused(from_wheel()),
            [
                'links.pair.kind: expected "udp" or "serial", not "unix": no such kind is installed',
                'services.site.resources[1].kind: expected "address" or "script", not "marker": '
                "no such kind is installed",
                'arbiter.kind: expected "trust" or "quorum", not "veto": no such kind is installed',
            ],
        )

    def test_left_behind(self) -> None:
        """A plug-in in a folder from which somebody starts a command or a daemon is not seen."""
        place = self.installed.away / "twisted" / "plugins"
        place.mkdir(parents=True)
        self.addCleanup(shutil.rmtree, place.parent)
        ran = self.folder / "ran"
        (place / "intruder.py").write_text(f"open({str(ran)!r}, 'w').close()\n")
        self.assertEqual(self.heart("check", self.config, "--node", "alpha").returncode, 0)
        self.installed.run("twistd", "--help")
        self.assertFalse(ran.exists())


class DaemonTests(Daemons):
    """Two daemons, whose only link, resource and arbiter are the example's."""

    configuration = CONFIGURATION

    def marker(self) -> dict[str, str]:
        """What the marker says; nothing where there is none."""
        file = self.folder / "marker"
        return dict(line.split("=") for line in file.read_text().splitlines()) if file.exists() else {}

    def hold(self) -> dict[str, str]:
        """Wait until alpha holds the service, and beta knows it; what the marker says."""
        self.until(lambda: self.service("beta").get("holder") == "alpha", "beta hears that alpha holds it")
        self.until(lambda: self.service("alpha").get("state") == "held", "alpha holds it")
        return self.marker()

    def test_takeover(self) -> None:
        """The holder is killed: while the veto stands nobody acts on that, and without it beta takes over."""
        held = self.hold()
        self.assertEqual((held["service"], held["node"]), ("site", "alpha"))
        (self.folder / "veto").touch()
        self.daemons["alpha"].send_signal(signal.SIGKILL)
        self.until(lambda: self.refusals("beta"), "the arbiter refuses beta")
        self.assertIsNone(self.service("beta")["holder"])
        self.assertEqual(self.marker(), held)
        (self.folder / "veto").unlink()
        self.until(lambda: self.service("beta").get("state") == "held", "beta holds it")
        taken = self.marker()
        self.assertEqual((taken["node"], taken["reason"]), ("beta", "dead"))
        self.assertGreater(int(taken["term"]), int(held["term"]))

    def test_status(self) -> None:
        """The status tells the link and the arbiter by the kinds that the file names."""
        self.hold()
        told = json.loads(self.ask("status", "beta"))
        (link,) = told["links"]
        self.assertEqual((link["kind"], link["state"]), ("unix", "up"))
        self.assertLess(link["peers"][0]["heard"], 5)
        self.assertEqual(told["arbiter"], {"kind": "veto"})

    def reload(self, node: str, text: str) -> subprocess.CompletedProcess[str]:
        """Have a node take up this configuration."""
        self.write(text)
        return self.heart("reload", "--config", self.config, "--node", node)

    def test_reload(self) -> None:
        """A reload exchanges a resource where it is held; what a plug-in refuses stops a reload."""
        self.hold()
        refused = self.reload("alpha", CONFIGURATION.replace('path = "FOLDER/veto"', "path = 5"))
        self.assertEqual(refused.returncode, 1)
        self.assertIn("arbiter.path: expected an absolute path, not 5", refused.stderr)
        self.assertTrue((self.folder / "marker").exists())
        for node in ("beta", "alpha"):
            taken = self.reload(node, CONFIGURATION.replace("FOLDER/marker", "FOLDER/renamed"))
            self.assertEqual(taken.returncode, 0, taken.stderr)
        self.until((self.folder / "renamed").exists, "the new marker is there")
        self.assertEqual(self.marker(), {})
        self.assertEqual(self.service("beta")["holder"], "alpha")

    def test_goodbye(self) -> None:
        """The holder is stopped: it removes its marker, and beta has it; no veto interferes with that."""
        self.hold()
        (self.folder / "veto").touch()
        self.daemons["alpha"].terminate()
        self.until(lambda: self.service("beta").get("state") == "held", "beta holds it")
        self.assertIn(self.daemons["alpha"].wait(PATIENCE), (0, -signal.SIGTERM))
        self.assertEqual(self.marker()["node"], "beta")
        self.assertEqual(self.refusals("beta"), [])
        self.daemons["beta"].terminate()
        self.assertIn(self.daemons["beta"].wait(PATIENCE), (0, -signal.SIGTERM))
        self.assertEqual(self.marker(), {})
