"""The demo's folder: a configuration, a key, a service that writes down what is asked of it, logs."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from heart.keys import write_new_key

NODES = ("alpha", "beta")
SERVICE = "web"
DEAD = 1.0
"""How long a node of the demo may be silent, in seconds: ten beats, as is the default."""

_LONGEST = 60  # characters of a path below which a control socket still fits (unix(7): 107 bytes)

CONFIGURATION = """\
# Written by `heart demo`: two nodes on one machine.
cluster = "demo"
key_file = "heart.key"

[timing]
beat = "100ms"

[nodes.alpha.links.cable]
device = "cable-alpha"

[nodes.beta.links.cable]
device = "cable-beta"

[links.lan]
kind = "udp"
broadcast = "{address}"    # the demo's LAN listens here, and broadcasts what it hears to both nodes
port = {port}

[links.cable]
kind = "serial"
baud = 115200

[services.web]
nodes = ["alpha", "beta"]

[[services.web.resources]]
kind = "script"
command = ["/bin/sh", {script}]

[paths]
state = "state"
run = "run"
"""

SCRIPT = """\
# The demo's service: it writes down who starts and stops it, and in which term.
echo "$(date +%H:%M:%S.%3N) $HEART_NODE $1 $HEART_TERM" >> "${0%/*}/journal"
"""


class Folder:
    """A new folder for a demo, and where in it things are."""

    def __init__(self) -> None:
        # A long TMPDIR would make the paths of the nodes' sockets too long for the kernel.
        place = tempfile.gettempdir() if len(tempfile.gettempdir()) < _LONGEST else "/tmp"  # noqa: S108
        self.path = Path(tempfile.mkdtemp(prefix="heart-demo-", dir=place))
        self.config = self.path / "heart.toml"
        self.journal = self.path / "journal"

    def write(self, address: str, port: int) -> None:
        """Write all that the nodes need; the LAN is reached at that address and port."""
        script = self.path / "service"
        script.write_text(SCRIPT)
        self.journal.touch()
        write_new_key(self.path / "heart.key")
        # A TOML string is written as one of JSON is.
        text = CONFIGURATION.format(
            address=address, port=port, script=json.dumps(str(script), ensure_ascii=False)
        )
        self.config.write_text(text, "utf-8")

    def line(self, node: str) -> Path:
        """A node's end of the cable."""
        return self.path / f"cable-{node}"

    def log(self, node: str) -> Path:
        """What a node's processes wrote, one life after the other."""
        return self.path / f"{node}.log"

    def socket(self, node: str) -> Path:
        """A node's control socket."""
        return self.path / "run" / f"demo.{node}.sock"
