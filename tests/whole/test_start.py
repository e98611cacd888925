"""How nodes begin: together, one by one, twice, from anywhere, and as a daemon in the background."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from tests.whole.case import WholeNodeTests
from tests.whole.netns import alive
from tests.whole.nodes import Node, link, services, states


class StartTests(WholeNodeTests):
    """Who holds the service after a start."""

    def test_together(self) -> None:
        """Of two that start together the preferred one takes the service, alone, and it answers."""
        self.start_both()
        self.wait_until(lambda: self.lab.client.who() == "alpha", "the address answers on alpha")
        self.remains(lambda: self.lab.whole("alpha"), "alpha holds the service")
        self.expect_never_two()
        self.assertEqual([(one.node, one.action) for one in self.lab.journal()], [("alpha", "start")])
        for node in self.lab.nodes.values():
            replayed = {
                name: link(node.status(), name)["refused"].get("replayed", 0) for name in ("lan", "cable")
            }
            self.expect(not any(replayed.values()), f"nobody replayed anything to {node.name}: {replayed}")

    def test_one_by_one(self) -> None:
        """One alone takes the service once `start` has passed; the preferred one comes and leaves it."""
        self.lab.beta.start()
        self.wait_until(lambda: states(self.lab.beta.status()).get("alpha") == "unknown", "beta runs")
        self.expect(not self.lab.journal(), "beta was to wait for `start`")
        self.wait_until(lambda: self.lab.held_by("beta"), "beta holds the service")
        self.lab.alpha.start()
        self.wait_until(lambda: self.lab.whole("beta"), "alpha is there, and beta holds the service")
        self.remains(lambda: self.lab.whole("beta"), "beta keeps the service")
        self.expect_never_two()
        self.assertEqual([(one.node, one.action) for one in self.lab.journal()], [("beta", "start")])

    def test_second_daemon(self) -> None:
        """A second daemon of the same node is refused in one line, and the first goes on as before."""
        self.start_both()
        before = self.lab.alpha.status()
        second = subprocess.run(
            self.lab.alpha.namespace.command(*self.lab.alpha.command()),
            cwd=self.lab.folder,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        said = (second.stdout + second.stderr).splitlines()
        self.assertEqual((second.returncode, len(said)), (1, 1), said)
        self.assertIn("another daemon of this node is running", said[0])
        self.remains(lambda: self.lab.whole("alpha"), "alpha holds the service", 1)
        after = self.lab.alpha.status()
        assert before is not None
        assert after is not None
        self.assertEqual(before["incarnation"], after["incarnation"])

    def test_hang_up(self) -> None:
        """SIGHUP, which a closed terminal sends, ends nothing and changes nothing."""
        self.start_both()
        newest = self.newest(self.lab.alpha)
        for _ in range(3):
            self.lab.alpha.send(signal.SIGHUP)
            self.remains(lambda: self.lab.whole("alpha"), "alpha holds the service", 0.5)
        self.expect_no_change(self.lab.alpha, newest)

    def test_anywhere(self) -> None:
        """A daemon works from any folder, also one where nothing can be written, and leaves nothing there."""
        here = self.lab.folder / "here"
        here.mkdir()
        self.lab.alpha.start(folder=here, config="../heart.toml")
        self.lab.beta.start(folder=Path("/proc"))
        self.wait_until(lambda: self.lab.whole("alpha"), "alpha holds the service")
        self.assertEqual(list(here.iterdir()), [])


class BackgroundTests(WholeNodeTests):
    """`twistd heart` without -n, as old init scripts start it."""

    def begin(self, node: Node) -> int:
        """Start a daemon that goes to the background; its process, as its pid file says."""
        folder = self.lab.folder / node.name
        folder.mkdir()
        done = subprocess.run(
            node.namespace.command(*node.command(options=())),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))
        self.wait_until(node.pid_file.exists, "the pid file is there")
        pid = int(node.pid_file.read_text())
        self.expect(alive(pid), "the pid file names a process that lives")
        self.assertNotEqual(os.getsid(pid), os.getsid(0))
        return pid

    def test_life(self) -> None:
        """It has a pid file and a log; `kill` makes it let go and say goodbye, and the other takes over."""
        pid = self.begin(self.lab.alpha)
        self.begin(self.lab.beta)
        self.wait_until(lambda: self.lab.whole("alpha"), "alpha holds the service", 30)
        log = self.lab.folder / "alpha" / "twistd.log"
        self.assertIn("alpha held web", log.read_text())
        os.kill(pid, signal.SIGTERM)
        self.wait_until(lambda: not alive(pid), "the daemon ends")
        self.wait_until(lambda: self.lab.held_by("beta"), "beta holds the service")
        self.assertFalse(self.lab.alpha.pid_file.exists())
        self.assertIn("alpha released web", log.read_text())
        self.expect_never_two()
        told = self.lab.beta.events()
        self.assertEqual([e["peer"] for e in told if e["kind"] == "node-left"], ["alpha"])
        self.assertEqual([e["cause"] for e in told if e["kind"] == "takeover"], ["left"])
        self.assertEqual(services(self.lab.beta.status()), {"web": ("beta", "held")})
