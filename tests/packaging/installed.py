"""What must work in every kind of installation."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import heart
from tests.node.processes import until
from tests.packaging.checkout import Installed, clean_environment

PATIENCE = 20.0

CONFIGURATION = """\
cluster = "web"
key_file = "heart.key"
[nodes.alpha]
[nodes.beta]
[links.lan]
kind = "udp"
broadcast = "127.255.255.255"
port = 27694
[paths]
state = "state"
run = "run"
"""

IMPORT_ALL = """
import importlib, pkgutil, heart
names = [module.name for module in pkgutil.walk_packages(heart.__path__, "heart.")]
for name in names:
    importlib.import_module(name)
print(len(names))
"""


class InstalledCase(SynchronousTestCase):
    """What must work in every kind of installation."""

    installed: Installed

    def setUp(self) -> None:
        """A folder with a short name, for the control socket's sake."""
        self.folder = Path(tempfile.mkdtemp(prefix="heart-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.config = self.folder / "heart.toml"
        self.config.write_text(CONFIGURATION)

    def test_place(self) -> None:
        """What is imported is what was installed, and not this checkout."""
        told = self.installed.run("python", "-c", "import heart; print(heart.__file__)").strip()
        self.assertNotEqual(Path(told), Path(heart.__file__))
        self.assertTrue(Path(told).is_relative_to(self.installed.folder.parent), told)

    def test_version(self) -> None:
        """`heart --version` tells the version."""
        self.assertEqual(self.installed.run("heart", "--version").split()[-1], heart.__version__)

    def test_twistd(self) -> None:
        """twistd knows `heart`, from any directory."""
        listed = [line.split() for line in self.installed.run("twistd", "--help").splitlines()]
        self.assertEqual([words[0] for words in listed if words[:1] == ["heart"]], ["heart"])
        self.assertIn("--config=", self.installed.run("twistd", "heart", "--help"))

    def test_other_plugins(self) -> None:
        """twistd's own commands are still there: the plugin lies beside them and not in their place."""
        listed = [line.split()[:1] for line in self.installed.run("twistd", "--help").splitlines()]
        self.assertIn(["web"], listed)
        self.assertIn(["dns"], listed)

    def test_dependencies(self) -> None:
        """All that any part imports was installed with it."""
        told = self.installed.run("python", "-c", IMPORT_ALL)
        self.assertGreater(int(told), 50)
        self.assertIn("No broken requirements", self.installed.run("python", "-m", "pip", "check"))

    def test_commands(self) -> None:
        """A key is made, and the configuration is good."""
        self.installed.run("heart", "keygen", self.folder / "heart.key")
        told = self.installed.run("heart", "check", self.config, "--node", "alpha")
        self.assertIn("alpha", told)

    def test_daemon(self) -> None:
        """A daemon starts, answers and ends."""
        self.installed.run("heart", "keygen", self.folder / "heart.key")
        log = self.folder / "log"
        command = [str(self.installed.bin / "twistd"), "-n", f"--logfile={log}", "heart"]
        daemon = subprocess.Popen(
            [*command, "--config", str(self.config), "--node", "alpha"],
            cwd=self.installed.away,
            env=clean_environment(),
        )
        self.addCleanup(daemon.wait, PATIENCE)
        self.addCleanup(daemon.kill)
        socket = self.folder / "run" / "web.alpha.sock"
        until(lambda: socket.exists() or daemon.poll() is not None, "it answers", PATIENCE)
        self.assertIsNone(daemon.poll(), log.read_text() if log.exists() else "")
        told = self.installed.run("heart", "status", "--json", "--config", self.config, "--node", "alpha")
        self.assertEqual(json.loads(told)["node"], "alpha")
        daemon.terminate()
        self.assertIn(daemon.wait(PATIENCE), (0, -signal.SIGTERM))

    def test_demo(self) -> None:
        """The demo is there, and so is what it needs to show itself."""
        self.assertIn("--act", self.installed.run("heart", "demo", "--help"))
        self.installed.run("python", "-c", "import heart.demo.act, heart.demo.screen")
