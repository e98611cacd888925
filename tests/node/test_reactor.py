"""The reactor whose timers do not follow the time of day, in processes of their own: each has but one."""

from __future__ import annotations

import subprocess
import sys
import time

from twisted.trial.unittest import SynchronousTestCase

from heart.node.reactor import MonotonicReactor
from tests.node.daemon import make_folder
from tests.node.processes import environment

# Sets the clock by an hour, forwards or back, for everything in this process that asks for the time of
# day, those included who took hold of `time.time` when they were imported; then waits for a timer.
JUMP = """
import sys, time
hours = int(sys.argv[1])
jumped = False
real = time.time
def now():
    return real() + (3600 * hours if jumped else 0)
time.time = now
import twisted.python.runtime
assert twisted.python.runtime.seconds is now
{install}
from twisted.internet import reactor
began = time.monotonic()
def fire():
    print(time.monotonic() - began)
    reactor.stop()
def jump():
    global jumped
    jumped = True
reactor.callLater(0.05, jump)
reactor.callLater(0.5, fire)
# What ends the test, should that timer not come: a thread that asks no clock.
import os, threading
killer = threading.Timer(3.0, os._exit, (9,))
killer.daemon = True
killer.start()
reactor.run()
"""
OURS = "from heart.node.reactor import install; install()"
STOCK = "from twisted.internet import epollreactor; epollreactor.install()"
TWISTD = """
import sys as _sys
from twisted.scripts.twistd import ServerOptions
ServerOptions().parseOptions(["-n", "heart", "--config", _sys.argv[2], "--node", "alpha"])
"""


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a Python program to its end."""
    command = [sys.executable, "-P", "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, env=environment(), check=False)


class ReactorTests(SynchronousTestCase):
    """Timers count time that passes, whatever the clock on the wall shows."""

    def fired_after(self, install: str, hours: int, *arguments: str) -> float | None:
        """After how many real seconds a timer of 0.5 s fired; None if not within 3 s."""
        ended = run(JUMP.format(install=install), str(hours), *arguments)
        if ended.returncode == 9:
            return None
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        return float(ended.stdout)

    def assert_in_time(self, seconds: float | None) -> None:
        """The timer came when it should, a busy machine being late at worst."""
        assert seconds is not None
        self.assertGreaterEqual(seconds, 0.499)

    def test_clock_set_ahead(self) -> None:
        """A clock that is set an hour ahead makes no timer fire early."""
        self.assert_in_time(self.fired_after(OURS, 1))

    def test_clock_set_back(self) -> None:
        """A clock that is set an hour back makes no timer late."""
        self.assert_in_time(self.fired_after(OURS, -1))

    def test_twistd(self) -> None:
        """What twistd runs heart on is such a reactor: it is there once the options are read."""
        config = make_folder(self).config
        for hours in (1, -1):
            self.assert_in_time(self.fired_after(TWISTD, hours, str(config)))

    def test_stock(self) -> None:
        """Twisted's own reactor is fooled both ways by the same jumps, so the tests above see something."""
        early = self.fired_after(STOCK, 1)
        assert early is not None
        self.assertLess(early, 0.499)
        self.assertIsNone(self.fired_after(STOCK, -1))

    def test_seconds(self) -> None:
        """`seconds` is the kernel's monotonic clock, of the class and of each reactor."""
        before = time.monotonic()
        told = MonotonicReactor.seconds()
        self.assertTrue(before <= told <= time.monotonic())

    def test_installed_once(self) -> None:
        """Where there is a reactor already, ours does not take its place in silence."""
        ended = run(f"{STOCK}\n{OURS}")
        self.assertNotEqual(ended.returncode, 0)
        self.assertIn("ReactorAlreadyInstalledError", ended.stderr)
