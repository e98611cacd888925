"""Systems that are not Linux: what is in heart.linux can be imported there."""

from __future__ import annotations

import os
import pkgutil
import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

import heart.linux

LACKING = "AF_NETLINK NETLINK_ROUTE AF_PACKET SO_BINDTODEVICE PACKET_OUTGOING PACKET_OTHERHOST SOCK_NONBLOCK"


class ImportTests(SynchronousTestCase):
    """In a process that lacks what only Linux has."""

    def test_import(self) -> None:
        """Each module, and what is built on them, is imported without any of it."""
        modules = [f"heart.linux.{found.name}" for found in pkgutil.iter_modules(heart.linux.__path__)]
        code = (
            "import socket, sys\n"
            "sys.platform = 'freebsd14'\n"
            f"for name in {LACKING!r}.split(): vars(socket).pop(name, None)\n"
            f"import {', '.join(modules)}, heart.resources, heart.links, heart.cli.main\n"
            "from heart.resources.kernel_addresses import address_book\n"
            "print(type(address_book(1, 2, sys.platform)).__name__)\n"
        )
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        self.assertEqual((done.stdout, done.stderr), ("NoAddresses\n", ""))
