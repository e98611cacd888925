"""`heart demo --act` as a user runs it."""

from __future__ import annotations

import re
import signal
import subprocess

from click.testing import CliRunner

from heart.cli.demo import demo
from heart.demo.cluster import DemoCluster
from tests.demo.support import DemoCase

STORY = (
    "start alpha and beta",
    "(?P<first>alpha|beta) holds web",
    "kill (?P=first), which holds web",
    "(?P<second>alpha|beta) takes (?P=first) for dead",
    "(?P=second) holds web",
    "revive (?P=first)",
    "cut the LAN; nothing happens",
    "cut the cable too",
    "(?P=first) takes (?P=second) for dead",
    "(?P=first) holds web",
    "with every cable cut and both nodes alive, both hold the service",
    "restore the LAN and the cable",
    "(?P=second) lets go of web",
    "stop both nodes",
    "nothing is left",
)


class ActTests(DemoCase):
    """The act, with real nodes."""

    def test_whole(self) -> None:
        """Without a terminal the story is played; it comes out as it must, and nothing is left of it."""
        act = self.begin("demo")
        output, errors = act.communicate(timeout=240)
        self.assertEqual((act.returncode, errors.decode()), (0, ""), output.decode())
        self.assertRegex(output.decode(), re.compile(".*".join(STORY), re.DOTALL))
        for line in output.decode().splitlines():
            self.assertRegex(line, r"^ *\d+\.\d{3} s +([+-]\d+\.\d{3} s)? +\S")
        self.assertEqual(self.folders(), [])
        self.no_process_left()

    def test_interrupted(self) -> None:
        """Each signal that ends programs ends it in one line, with everything cleaned up."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            act = self.begin("demo", "--act")
            assert act.stdout is not None
            self.assertIn(b"start alpha and beta", act.stdout.readline())
            act.send_signal(number)
            errors = act.communicate(timeout=60)[1].decode()
            self.assertEqual((act.returncode, errors), (1, f"heart: the demo was ended by {number.name}\n"))
            self.assertEqual(self.folders(), [])
            self.no_process_left()

    def test_reader_gone(self) -> None:
        """Where nobody reads the timeline any more, it ends, with everything cleaned up."""
        act = self.begin("demo", "--act", stderr=subprocess.DEVNULL)
        assert act.stdout is not None
        act.stdout.close()
        self.assertEqual(act.wait(60), 1)
        self.assertEqual(self.folders(), [])


class FailingActTests(DemoCase):
    """The act, where something is wrong."""

    def play(self) -> str:
        """Play it; what it says on standard error. It must fail."""
        result = CliRunner().invoke(demo, ["--act"], standalone_mode=False)
        self.assertEqual(result.return_value, 1, result.output)
        return result.stderr

    def test_two_holders(self) -> None:
        """Two holders at a time when the nodes can hear each other end it at once; the logs are kept."""
        start = DemoCluster.start

        def spoiled(cluster: DemoCluster) -> None:
            start(cluster)
            cluster.folder.journal.write_text("03:12:07.123 alpha start 1\n03:12:07.124 beta start 2\n")

        self.patch(DemoCluster, "start", spoiled)
        said = self.play()
        (folder,) = self.folders()
        self.assertRegex(said, r"^FAILED: start alpha and beta .* beta started it while it ran on alpha")
        self.assertIn(f"the logs are in {self.place / folder}", said)
        self.assertTrue((self.place / folder / "beta.log").exists())

    def test_node_ends(self) -> None:
        """A node that ends by itself ends it at once, instead of being waited for."""
        start = DemoCluster.start

        def spoiled(cluster: DemoCluster) -> None:
            cluster.folder.config.write_text("nothing of use")
            start(cluster)

        self.patch(DemoCluster, "start", spoiled)
        self.assertRegex(self.play(), r"(alpha|beta) ended with 1 by itself \(after \d\.")

    def test_nothing_comes(self) -> None:
        """A step whose outcome does not come within its time fails, and says what was missing."""
        self.patch(DemoCluster, "start", lambda cluster: None)
        self.patch(DemoCluster, "kill", lambda cluster, name: None)
        from heart.demo import act

        self.patch(act, "STARTING", 0.5)
        self.assertIn("alpha does not answer (after 0.", self.play())
