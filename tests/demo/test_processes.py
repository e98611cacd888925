"""The nodes of the demo as processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from heart.demo.cluster import DemoCluster
from heart.demo.folder import NODES
from heart.demo.journal import holders, parse
from heart.demo.processes import left_over
from tests.demo.support import DemoCase

ABANDONED = """
import time
from heart.demo.cluster import DemoCluster
with DemoCluster() as cluster:
    cluster.start()
    for look in range(1500):
        if all(cluster.folder.socket(name).exists() for name in cluster.nodes):
            break
        time.sleep(0.02)
    cluster.nodes["beta"].pause()
    print("started", flush=True)
    time.sleep(60)
"""


class LeftOverTests(DemoCase):
    """Processes that speak of a folder."""

    def test_found(self) -> None:
        """Those with a path in the folder on their command line are found, not those with another's."""
        for pid, line in (
            ("17", b"sh\0/tmp/x/service\0start"),
            ("18", b"sh\0/tmp/xy/service"),
            ("self", b"/tmp/x/"),
        ):
            (self.place / pid).mkdir()
            (self.place / pid / "cmdline").write_bytes(line)
        (self.place / "19").mkdir()  # one that has just ended
        self.assertEqual(left_over(Path("/tmp/x"), self.place), [17])


class LifeTests(DemoCase):
    """Real nodes, one life after the other."""

    def test_lives(self) -> None:
        """A node is killed, revived, paused and resumed; each of its states has its word."""
        with DemoCluster() as cluster:
            cluster.start()
            alpha = cluster.nodes["alpha"]
            self.assertEqual((alpha.running, alpha.answers, alpha.state), (True, True, "running"))
            self.assertEqual(os.getsid(alpha.pid or 0), alpha.pid)
            alpha.pause()
            self.assertEqual((alpha.running, alpha.answers, alpha.state), (True, False, "paused"))
            alpha.resume()
            self.assertEqual(alpha.state, "running")
            alpha.pause()
            cluster.kill("alpha")
            self.assertEqual((alpha.running, alpha.paused, alpha.state), (False, False, "killed"))
            self.assertFalse(alpha.fell)
            first = alpha.pid
            alpha.start()
            self.assertEqual(alpha.state, "running")
            self.assertNotEqual(alpha.pid, first)

    def test_own_end(self) -> None:
        """A node that ends by itself is not said to be killed, and its log says why."""
        with DemoCluster() as cluster:
            cluster.folder.config.write_text("nothing of use")
            alpha = cluster.nodes["alpha"]
            alpha.start()
            self.assertTrue(alpha.wait(30))
            self.assertEqual((alpha.fell, alpha.state), (True, "ended with 1"))
            self.assertIn("heart.toml", cluster.folder.log("alpha").read_text())

    def test_abandoned(self) -> None:
        """Nodes do not outlive a demo that was killed itself, not even a paused one."""
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(self.place)}
        demo = subprocess.Popen([sys.executable, "-c", ABANDONED], env=environment, stdout=subprocess.PIPE)
        self.addCleanup(self.end, demo)
        assert demo.stdout is not None
        self.assertEqual(demo.stdout.readline(), b"started\n")
        self.assertEqual(len(left_over(self.place)), len(NODES))
        demo.send_signal(signal.SIGKILL)
        self.no_process_left()


class ClusterTests(DemoCase):
    """What is made together goes together."""

    def test_nothing_left(self) -> None:
        """After an error in the middle, with one node killed and one paused, nothing is left."""
        try:
            with DemoCluster() as cluster:
                cluster.start()
                cluster.kill("alpha")
                cluster.nodes["beta"].pause()
                raise RuntimeError("in the middle")
        except RuntimeError:
            self.assertNotEqual(cluster.nodes["beta"].state, "killed")  # it was resumed, to end in good order
            self.assertEqual(self.folders(), [])
            self.assertEqual(left_over(self.place), [])
        else:
            self.fail("expected the error to come out")

    def test_kept(self) -> None:
        """The folder stays where it is wanted, the processes do not."""
        with DemoCluster() as cluster:
            cluster.start()
            cluster.keep = True
        self.assertEqual(self.folders(), [cluster.folder.path.name])
        self.assertEqual(left_over(self.place), [])

    def test_released_at_the_end(self) -> None:
        """Nodes that are ended let go of the service first."""
        with DemoCluster() as cluster:
            cluster.start()

            def running() -> frozenset[str]:
                return holders(parse(cluster.folder.journal.read_text()))

            self.until(running, "a node holds the service", 60)
            cluster.keep = True
        self.assertEqual(running(), frozenset())

    def test_killed_is_noted(self) -> None:
        """The journal knows of a kill, as nobody else tells it."""
        with DemoCluster() as cluster:
            cluster.kill("beta")
            (entry,) = parse(cluster.folder.journal.read_text())
            self.assertEqual((entry.who, entry.what, entry.detail), ("demo", "kill", "beta"))
