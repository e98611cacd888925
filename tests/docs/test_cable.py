"""docs/cable.md: its numbers are those of the code, and its two commands work."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import termios
from itertools import pairwise
from time import monotonic

from twisted.trial.unittest import SynchronousTestCase

from heart.beat import REST_FRAME
from heart.config.links import BAUDS
from heart.config.model import Node
from heart.core.cluster import Core
from heart.core.settings import BITS_PER_BYTE, LINE_OVERHEAD, LinkSettings, Settings, link_settings
from tests.core.support import TIMING
from tests.docs.support import DOCS, table

TEXT = (DOCS / "cable.md").read_text()
DEADLINE = 10.0


class SpeedTests(SynchronousTestCase):
    """The table of speeds."""

    def test_table(self) -> None:
        """Each row is what the core reckons with, and each rate that can be configured has one."""
        rows = table("cable.md", "## Speed")
        self.assertEqual([int(row[0]) for row in rows], list(BAUDS))
        for row in rows:
            line = LinkSettings("", (), int(row[0]))
            on_the_wire = BITS_PER_BYTE * (REST_FRAME + LINE_OVERHEAD) / int(row[0])
            intervals = [f"{1000 * line.interval(beat):.0f} ms" for beat in (0.1, 0.05, 0.01)]
            fit = f"{1 / line.occupied(REST_FRAME):.1f}"
            self.assertEqual(row[1:], [f"{1000 * on_the_wire:.1f} ms", fit, *intervals])


class ChainTests(SynchronousTestCase):
    """The table of verdicts in a chain of four."""

    def test_table(self) -> None:
        """Each row is how long a core at the end of such a chain waits until it calls the others dead."""
        names = ("alpha", "beta", "gamma", "delta")
        for row in table("cable.md", "## More than two machines"):
            cables = [("".join(ends), ends, int(row[0])) for ends in pairwise(names)]
            reach = link_settings(len(names), 1, cables)
            own = tuple(link for link in reach if "delta" in link.peers)
            settings = Settings("web", "delta", tuple(map(Node, names)), TIMING, own, (), reach=reach)
            core = Core(settings, 0.0, 0.0, incarnation=1, seconds=1, terms={}, records={})
            judges = [min(h.judge for h in core.state.peers[name].hearings) for name in names[2::-1]]
            self.assertEqual(row[1:], [f"{round(judge, 2):g} s" for judge in judges], row[0])


class CommandTests(SynchronousTestCase):
    """The test of a cable with two commands, on two ptys that are joined as a cable joins two ports."""

    def setUp(self) -> None:
        self.masters: list[int] = []
        self.ports: list[str] = []
        for _ in range(2):
            master, slave = pty.openpty()
            self.addCleanup(os.close, master)
            self.addCleanup(os.close, slave)
            self.masters.append(master)
            self.ports.append(os.ttyname(slave))

    def commands(self) -> list[str]:
        """The two commands as the document has them, each for its own end."""
        found = re.findall(r"^    (stty .*)$", TEXT, re.MULTILINE)
        return [command.replace("/dev/ttyS0", port) for command, port in zip(found, self.ports, strict=True)]

    def carry(self, reader: subprocess.Popen[bytes], writer: subprocess.Popen[bytes]) -> bytes:
        """Be the cable until a line has come out of `reader`, and a while longer for what should not come."""
        if reader.stdout is None:
            self.fail("the reader has no standard output")
        source = reader.stdout.fileno()
        output, until = b"", monotonic() + DEADLINE
        while monotonic() < until:
            if b"\n" in output and writer.poll() is not None:
                until = min(until, monotonic() + 0.3)
            ready = select.select([*self.masters, source], [], [], 0.05)[0]
            for number, master in enumerate(self.masters):
                if master in ready:
                    os.write(self.masters[1 - number], os.read(master, 4096))
            if source in ready:
                output += os.read(source, 4096)
        return output

    def start(self, command: str) -> subprocess.Popen[bytes]:
        """Run one of them in a shell, to be ended with the test."""
        started = subprocess.Popen(["/bin/sh", "-c", f"exec 2>&1; {command}"], stdout=subprocess.PIPE)

        def end() -> None:
            started.kill()
            started.communicate(timeout=DEADLINE)

        self.addCleanup(end)
        return started

    def test_hello(self) -> None:
        """What the second one writes comes out of the first, once."""
        first, second = self.commands()
        first = first.replace("; cat", "; exec cat")  # so that one kill ends it
        reader = self.start(first)
        self.wait_for_raw(self.ports[0])
        self.assertEqual(self.carry(reader, self.start(second)), b"hello\n")

    def wait_for_raw(self, port: str) -> None:
        """Wait until the first command has set its port."""
        until = monotonic() + DEADLINE
        while monotonic() < until:
            descriptor = os.open(port, os.O_RDONLY | os.O_NOCTTY)
            lflag = termios.tcgetattr(descriptor)[3]
            os.close(descriptor)
            if not lflag & (termios.ICANON | termios.ECHO):
                return
        self.fail(f"stty did not set {port} in {DEADLINE} s")
