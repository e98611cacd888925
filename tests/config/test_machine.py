"""Tests of heart.config.machine."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from heart.config.machine import default_paths, this_machine
from heart.config.model import Paths
from tests.config.support import machine


class NameTests(SynchronousTestCase):
    """The names by which a node may be this machine."""

    def test_full_then_short(self) -> None:
        """The full name comes first, and case does not matter."""
        self.assertEqual(machine("Web7", "Web7.Example.com").names(True), ("web7.example.com", "web7"))
        self.assertEqual(machine("web7.example.com").names(False), ("web7.example.com", "web7"))

    def test_no_look_up(self) -> None:
        """Where no node has a dotted name, no name server is asked."""
        answers = iter(["web7.example.com"])
        here = replace(machine("web7"), full_name=lambda: next(answers))
        self.assertEqual(here.names(False), ("web7",))
        self.assertEqual(here.names(True), ("web7.example.com", "web7"))
        self.assertEqual(list(answers), [])


class PathTests(SynchronousTestCase):
    """Where files go where the configuration does not say."""

    def home(self) -> Path:
        """A user's home."""
        return Path("/home/u")

    def test_root(self) -> None:
        """Root uses the system's folders, whatever its environment says."""
        paths = default_paths(0, {"XDG_RUNTIME_DIR": "/run/user/0"}, self.home)
        self.assertEqual(paths, Paths(Path("/var/lib/heart"), Path("/run/heart")))

    def test_user(self) -> None:
        """A user has the XDG folders, or their defaults; relative ones are ignored."""
        said = {"XDG_STATE_HOME": "/s", "XDG_RUNTIME_DIR": "/run/user/7"}
        self.assertEqual(
            default_paths(7, said, self.home), Paths(Path("/s/heart"), Path("/run/user/7/heart"))
        )
        unsaid = Paths(Path("/home/u/.local/state/heart"), Path("/tmp/heart-7"))
        self.assertEqual(default_paths(7, {}, self.home), unsaid)
        relative = {"XDG_STATE_HOME": "s", "XDG_RUNTIME_DIR": "r"}
        self.assertEqual(default_paths(7, relative, self.home), unsaid)

    def test_no_home(self) -> None:
        """A user without a home has a place all the same."""

        def homeless() -> Path:
            raise RuntimeError

        self.assertEqual(
            default_paths(7, {}, homeless), Paths(Path("/tmp/heart-7/state"), Path("/tmp/heart-7"))
        )


class ThisMachineTests(SynchronousTestCase):
    """The machine that the tests run on."""

    def assert_tells(self, look: Callable[[str], bool], there: str, absent: str) -> None:
        """The look finds the one and not the other."""
        self.assertEqual((look(there), look(absent)), (True, False))

    def test_looks(self) -> None:
        """Devices, interfaces and programs that are there are found, others are not."""
        here = this_machine()
        self.assertEqual(here.host_name, os.uname().nodename)
        self.assert_tells(here.has_device, "/dev/null", "/dev/heart-none")
        self.assert_tells(here.has_interface, "lo", "heart-none")
        self.assert_tells(here.can_run, "/bin/sh", "/etc/passwd")
        self.assertFalse(here.can_run("/"))
