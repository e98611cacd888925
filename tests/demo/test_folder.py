"""What the demo writes for its nodes."""

from __future__ import annotations

import os
import subprocess
import tempfile

from heart.config import load
from heart.config.model import SerialLink, UdpLink
from heart.demo.folder import DEAD, NODES, Folder
from heart.demo.journal import parse
from heart.demo.wires import SWITCH
from heart.keys import load_keys
from tests.demo.support import DemoCase


class FolderTests(DemoCase):
    """The folder of a demo."""

    def setUp(self) -> None:
        super().setUp()
        self.folder = Folder()
        self.folder.write(SWITCH, 20694)

    def test_configuration(self) -> None:
        """It is good for both nodes, and the same; all that it warns of is that trust trusts."""
        alpha, beta = (load(self.folder.config, node) for node in NODES)
        self.assertEqual(alpha.digest, beta.digest)
        self.assertEqual((alpha.timing.beat, alpha.timing.dead), (0.1, DEAD))
        lines = [
            line for line in alpha.warnings + beta.warnings if "is not there on this machine" not in line
        ]
        self.assertEqual(len(lines), 2, lines)
        for line in lines:
            self.assertIn("trust takes silence for death", line)

    def test_links(self) -> None:
        """Both nodes are on the demo's LAN, and each has its own end of the cable."""
        for node in NODES:
            lan, cable = load(self.folder.config, node).links
            assert isinstance(lan, UdpLink)
            assert isinstance(cable, SerialLink)
            self.assertEqual((lan.broadcast, lan.port), (SWITCH, 20694))
            self.assertEqual(cable.device, str(self.folder.line(node)))

    def test_socket(self) -> None:
        """The control sockets are where they are looked for."""
        for node in NODES:
            self.assertEqual(load(self.folder.config, node).socket(), self.folder.socket(node))

    def test_key(self) -> None:
        """It has a key of its own that a daemon accepts."""
        self.assertEqual(len(load_keys(self.folder.path / "heart.key").keys), 1)

    def test_script(self) -> None:
        """The service writes a line of its journal for each call, from whatever directory it is called."""
        (service,) = load(self.folder.config, "beta").services
        (script,) = service.resources
        environment = {"PATH": os.defpath, "HEART_NODE": "beta", "HEART_TERM": "7"}
        for action in ("start", "stop"):
            subprocess.run([*script.command, action], env=environment, cwd="/", check=True)  # type: ignore[union-attr]
        entries = parse(self.folder.journal.read_text())
        self.assertEqual(
            [(e.who, e.what, e.detail) for e in entries], [("beta", "start", "7"), ("beta", "stop", "7")]
        )

    def test_long_temporary_folder(self) -> None:
        """Where the temporary folder has a long path, sockets still have one that the kernel takes."""
        deep = self.place / ("d" * 100)
        deep.mkdir()
        self.patch(tempfile, "tempdir", str(deep))
        folder = Folder()
        self.addCleanup(folder.path.rmdir)
        self.assertLessEqual(len(str(folder.socket("alpha")).encode()), 107)
