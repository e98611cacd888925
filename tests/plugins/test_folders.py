"""Tests of heart.plugins.folders."""

from __future__ import annotations

import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from heart.plugins.folders import risk
from tests.node.support import short_folder


class RiskTests(SynchronousTestCase):
    """A folder with a module and a cache in it."""

    def setUp(self) -> None:
        """All of it is this user's, below a folder in which everybody may have folders of their own."""
        self.top = short_folder(self)
        self.place = self.top / "twisted" / "plugins"
        self.place.mkdir(parents=True)
        self.module = self.place / "example.py"
        for file in (self.module, self.place / "dropin.cache"):
            file.touch()
            file.chmod(0o644)
        self.place.chmod(0o755)

    def risk(self) -> str | None:
        """Who besides this user may bring something in."""
        return risk(self.place, os.geteuid())

    def test_safe(self) -> None:
        """What only its owner can change is safe, though it lies in a folder such as /tmp."""
        self.assertIsNone(self.risk())

    def test_everybody(self) -> None:
        """Each thing that everybody can change is a way in, and is named."""
        for path in (self.module, self.place / "dropin.cache", self.place, self.place.parent, self.top):
            mode = path.stat().st_mode
            path.chmod(mode | 0o002)
            self.assertEqual(self.risk(), f"{path.resolve()} can be changed by everybody")
            path.chmod(mode)
        self.assertIsNone(self.risk())

    def test_sticky(self) -> None:
        """In a folder that is shared as /tmp is, others can bring in modules, but not exchange folders."""
        self.top.chmod(0o1777)
        self.assertIsNone(self.risk())
        self.place.chmod(0o1777)
        self.assertEqual(self.risk(), f"{self.place.resolve()} can be changed by everybody")

    def test_another_user(self) -> None:
        """What belongs to another user than root and the one who asks is not safe."""
        if os.geteuid() == 0:
            os.chown(self.module, 12345, 0)
            self.assertEqual(self.risk(), f"{self.module.resolve()} belongs to user 12345")
        else:
            found = risk(self.place, os.geteuid() + 1)
            self.assertEqual(found, f"{self.place.resolve()} belongs to user {os.geteuid()}")

    def test_group(self) -> None:
        """What a group can change is safe only where it is root's group."""
        self.module.chmod(0o664)
        group = self.module.stat().st_gid
        self.assertEqual(
            self.risk(), None if group == 0 else f"{self.module.resolve()} can be changed by group {group}"
        )
        if os.geteuid() == 0:
            os.chown(self.module, 0, 12345)
            self.assertEqual(self.risk(), f"{self.module.resolve()} can be changed by group 12345")

    def test_link(self) -> None:
        """A symbolic link is as safe as what it leads to."""
        elsewhere = self.top / "elsewhere"
        elsewhere.symlink_to(self.place)
        self.place.chmod(0o777)
        self.assertEqual(risk(elsewhere, os.geteuid()), f"{self.place.resolve()} can be changed by everybody")

    def test_absent(self) -> None:
        """What cannot be looked at is not safe."""
        self.assertEqual(risk(Path("/heart-none/x")), "/heart-none/x: No such file or directory")
