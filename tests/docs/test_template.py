"""conf/scripts/template as it stands: it starts, stops, refuses and compares as docs/scripts.md says."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from dataclasses import fields

from twisted.trial.unittest import SynchronousTestCase

from heart.interfaces import Tenure
from heart.process.start import SEARCH_PATH
from heart.resources.script import _environment
from tests.docs.scripts import PATIENCE, SCRIPTS, ScriptCase, runs
from tests.docs.support import DOCS, ROOT, table
from tests.whole import needs

EXAMPLES = sorted(path for path in SCRIPTS.iterdir() if path.is_file())
TERM = "1795317127"


class TemplateCase(ScriptCase):
    """The template, with a command `heart` that says who lives."""

    def setUp(self) -> None:
        """Write that command."""
        super().setUp()
        self.command = [str(SCRIPTS / "template")]
        self.said = self.folder / "said"
        self.live(alpha="up", beta="up", gamma="up")
        self.addCleanup(self.kill)

    def environment(self) -> dict[str, str]:
        """What Heart gives it, and where it keeps its state."""
        return {
            "TEMPLATE_STATE": str(self.state),
            "PATH": f"{self.folder}:{SEARCH_PATH}",
            "HEART_CLUSTER": "web",
            "HEART_NODE": "alpha",
            "HEART_SERVICE": "db",
            "HEART_TERM": TERM,
            "HEART_REASON": "start",
            "HEART_PREVIOUS": "",
            "HEART_ATTRIBUTES": "{}",
        }

    def live(self, **states: str) -> None:
        """Have `heart status` say this of the nodes; without any, it fails."""
        status = json.dumps({"nodes": [{"name": name, "state": state} for name, state in states.items()]})
        heart = self.folder / "heart"
        ending = f"echo '{status}'" if states else "exit 3"
        heart.write_text(f'#!/bin/sh\necho "$@" >> {self.said}\n{ending}\n')
        heart.chmod(0o755)

    def pid(self) -> int:
        """The process that runs as the service."""
        return int((self.state / "script-db.pid").read_text().split()[0])

    def kill(self) -> None:
        """Leave nothing."""
        if (self.state / "script-db.pid").exists() and runs(self.pid()):
            os.kill(self.pid(), signal.SIGKILL)

    def spoil(self, right: str, wrong: str) -> None:
        """Go on with a copy that differs."""
        text = (SCRIPTS / "template").read_text()
        self.assertIn(right, text)
        copy = self.folder / "copy"
        copy.write_text(text.replace(right, wrong))
        copy.chmod(0o755)
        self.command = [str(copy)]


class LifeTests(TemplateCase):
    """Start, stop and status."""

    def test_life(self) -> None:
        """Started, asked and stopped, each time twice: what is so already is success, and nothing is left."""
        self.expect("status", 3)
        self.expect("start", 0)
        first = self.pid()
        self.expect("status", 0)
        self.expect("start", 0)
        self.assertEqual(self.pid(), first)
        self.expect("stop", 0)
        self.assertFalse(runs(first))
        self.expect("stop", 0)
        self.expect("status", 3)

    def test_dead(self) -> None:
        """A service that was killed is stopped, and can be started; one that ends at once says why."""
        self.expect("start", 0)
        os.kill(self.pid(), signal.SIGKILL)
        self.wait_until(lambda: not runs(self.pid()), "it is dead")
        self.expect("status", 3)
        self.expect("start", 0)
        self.expect("stop", 0)
        self.spoil("exec sleep 1000000", "echo no licence; exit 7")
        self.expect("start", 1, "no licence")

    def test_number_of_another(self) -> None:
        """The number that was left is somebody else's by now: who is left alone."""
        other = subprocess.Popen(["/bin/sleep", "60"])
        self.addCleanup(other.wait, PATIENCE)
        self.addCleanup(other.kill)
        self.state.mkdir()
        (self.state / "script-db.pid").write_text(f"{other.pid} 1\n")
        self.expect("status", 3)
        self.expect("stop", 0)
        self.expect("start", 0)
        self.assertIsNone(other.poll())

    def test_does_not_end(self) -> None:
        """A service that does not end is killed: at once in an emergency."""
        self.spoil("exec sleep 1000000", "trap '' TERM; while :; do sleep 0.1; done")
        self.expect("start", 0)
        self.assertLess(self.expect("stop", 0, HEART_REASON="lease").seconds, 1.5)
        self.assertFalse(runs_any(self.folder))

    def test_hangs(self) -> None:
        """A service that does not answer is a failure, and not a stopped one; a start begins afresh."""
        flag = self.folder / "hangs"
        self.spoil("    true # such as: timeout", f"    [ ! -e {flag} ] # such as: timeout")
        self.expect("start", 0)
        first = self.pid()
        flag.touch()
        self.expect("status", 1, "does not answer")
        running = self.begin("start")
        self.wait_until(lambda: not runs(first), "the one that hangs is ended")
        flag.unlink()
        running.communicate(timeout=PATIENCE)
        self.assertEqual(running.returncode, 0)
        self.assertNotEqual(self.pid(), first)

    def test_ended(self) -> None:
        """A start whose time is over leaves nothing."""
        self.spoil("    true # such as: timeout", "    false # such as: timeout")
        running = self.begin("start")
        self.wait_until((self.state / "script-db.pid").exists, "it has begun")
        os.killpg(running.pid, signal.SIGTERM)
        running.communicate(timeout=PATIENCE)
        self.wait_until(lambda: not runs(self.pid()), "the service is gone, too")

    def test_usage(self) -> None:
        """What Heart never says is refused."""
        self.expect("begin", 2, "expected start, stop, status or publish")


class TermTests(TemplateCase):
    """The fencing token."""

    def test_older(self) -> None:
        """Who comes with an older term than was seen is refused; the same and a greater one are not."""
        self.expect("start", 0)
        self.expect("stop", 0)
        self.expect("start", 1, f"term 5 is over: a holder of term {TERM}", HEART_TERM="5")
        self.expect("start", 0)
        self.expect("start", 0, HEART_TERM=str(int(TERM) + 1))
        self.expect("stop", 0)
        self.expect("start", 1, "is over")


class NewestTests(TemplateCase):
    """Choosing by attributes."""

    def positions(self, **positions: str) -> str:
        """What Heart tells of the nodes."""
        return json.dumps({node: {"db.position": position} for node, position in positions.items()})

    def starts(self, attributes: str, **given: str) -> bool:
        """Whether a start is not refused."""
        ended = self.call("start", HEART_ATTRIBUTES=attributes, **given)
        self.call("stop")
        self.assertIn(ended.status, (0, 1), ended)
        if ended.status:
            self.assertIn("has newer data than", ended.output)
        return ended.status == 0

    def test_compared(self) -> None:
        """The older refuses, the newest and the equal start; parts are numbers, the first the weightiest."""
        for alpha, beta, best in (
            ("5", "9", False),
            ("9", "5", True),
            ("5", "5", True),
            ("10", "9", True),
            ("7:999", "8:1", False),
            ("8:10", "8:9", True),
        ):
            self.assertEqual(self.starts(self.positions(alpha=alpha, beta=beta)), best, (alpha, beta))

    def test_not_known(self) -> None:
        """Who knows nothing of itself refuses beside one that does; where nobody does, all start."""
        self.assertFalse(self.starts(self.positions(beta="1")))
        self.assertTrue(self.starts(self.positions(alpha="1")))
        self.assertTrue(self.starts("{}"))

    def test_reason(self) -> None:
        """The line names the newest node and both positions."""
        told = self.positions(alpha="5", beta="7", gamma="9")
        self.expect("start", 1, "gamma has newer data than alpha", "9 there, 5 here", HEART_ATTRIBUTES=told)

    def test_dead_do_not_count(self) -> None:
        """A node that does not live keeps nobody from starting; where who lives is not known, all count."""
        told = self.positions(alpha="5", beta="9")
        for state in ("dead", "left", "unknown"):
            self.live(alpha="up", beta=state)
            self.assertTrue(self.starts(told), state)
        self.live(alpha="up", beta="late")
        self.assertFalse(self.starts(told))
        self.live()
        self.assertFalse(self.starts(told))

    def test_previous(self) -> None:
        """From whom it takes over is not compared with; at the start of both, it is."""
        told = self.positions(alpha="5", beta="9")
        for reason in ("dead", "move", "fault"):
            self.assertTrue(self.starts(told, HEART_REASON=reason, HEART_PREVIOUS="beta"), reason)
        self.assertFalse(self.starts(told, HEART_REASON="start", HEART_PREVIOUS="beta"))
        self.assertFalse(self.starts(told, HEART_REASON="dead", HEART_PREVIOUS="gamma"))

    def test_nonsense(self) -> None:
        """A position that is none is refused with the line that says so."""
        told = self.positions(alpha="5", beta="0/3000060")
        self.expect("start", 1, "'0/3000060'", "expected numbers", HEART_ATTRIBUTES=told)

    def test_publish(self) -> None:
        """`publish` sets the attribute that is compared, and nothing where there is nothing to say."""
        self.expect("publish", 0)
        self.assertFalse(self.said.exists())
        self.spoil("    true # such as: runuser", "    echo 7:42 # such as: runuser")
        self.call("publish")
        self.assertEqual(self.said.read_text(), "set db.position 7:42\n")
        self.assertFalse(self.starts(self.positions(alpha="9:0", beta="7:43")), "its own counts as it is now")


class ScriptTests(SynchronousTestCase):
    """All scripts of conf/scripts, and docs/scripts.md."""

    def test_syntax(self) -> None:
        """They can be run, and every shell of Debian reads them."""
        self.assertGreaterEqual(len(EXAMPLES), 2)
        for path in EXAMPLES:
            self.assertTrue(os.access(path, os.X_OK), path)
            for shell in ("/bin/sh", "/bin/bash"):
                read = subprocess.run([shell, "-n", path], capture_output=True, text=True, check=False)
                self.assertEqual((read.returncode, read.stderr), (0, ""), path)

    def test_shellcheck(self) -> None:
        """shellcheck finds nothing in them."""
        needs.demand(needs.shellcheck)
        found = subprocess.run(
            [needs.tool("shellcheck"), *EXAMPLES], capture_output=True, text=True, check=False
        )
        self.assertEqual(found.stdout, "")

    def test_environment(self) -> None:
        """docs/scripts.md explains all that a script finds in its environment, and nothing else."""
        told = {row[0].strip("`") for row in table("scripts.md", "## What a script is told")}
        values = {field.name: "" for field in fields(Tenure) if field.name != "attributes"}
        given = _environment(Tenure(**values))  # type: ignore[arg-type]  # their types do not matter here
        self.assertEqual(told, {*given, "PATH"})

    def test_reasons(self) -> None:
        """It names the same reasons as docs/events.md."""
        _, _, below = (DOCS / "events.md").read_text().partition("\n`cause` is the word")
        reasons = set(re.findall(r"`([a-z]+)`", below.partition("\n\n")[0]))
        (row,) = (row for row in table("scripts.md", "## What a script is told") if "HEART_REASON" in row[0])
        self.assertEqual(set(re.findall(r"`([a-z]+)`", row[1])), reasons - {"cause"})

    def test_files(self) -> None:
        """What docs/scripts.md copies exists."""
        named = set(re.findall(r"conf/[\w./-]+\w", (DOCS / "scripts.md").read_text()))
        self.assertIn("conf/scripts/template", named)
        self.assertEqual([name for name in sorted(named) if not (ROOT / name).exists()], [])


def runs_any(folder: object) -> bool:
    """Whether a process runs that was started from this folder."""
    listed = subprocess.run(["/bin/ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return f"{folder}/copy" in listed
