"""The configuration of a lab's cluster, and the script of its service, which keeps a journal."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from heart.keys import write_new_key

SERVICE_ADDRESS = "10.77.0.100"
PORT = 694
STOP = 0.3  # seconds, the service's emergency budget
BEAT = 0.1
DEAD = 1.0

SCRIPT = """#!/bin/sh
# Writes into the journal when it begins to start and when it has stopped; before that, after that, it
# does whatever the file NODE.start or NODE.stop beside it says, and for its status what NODE.status says.
for action; do :; done
folder=$(dirname "$0")
if [ "$action" = status ]; then
    if [ -e "$folder/$HEART_NODE.status" ]; then . "$folder/$HEART_NODE.status"; fi
    exit 0
fi
note() { echo "$HEART_NODE $action $HEART_TERM $HEART_REASON $HEART_PREVIOUS" >> "$folder/journal"; }
[ "$action" = stop ] || note
if [ -e "$folder/$HEART_NODE.$action" ]; then . "$folder/$HEART_NODE.$action"; fi
[ "$action" = start ] || note
"""


@dataclass(frozen=True)
class Wish:
    """How a lab's cluster differs from the usual; `timing` and `service` are lines of those tables.

    `resources` are tables of further resources of the service, which are started last.
    """

    timeout: str = "20s"
    state: str = "state"
    timing: str = ""
    service: str = ""
    resources: str = ""


def write_cluster(folder: Path, devices: dict[str, Path], wish: Wish) -> Path:
    """Write configuration, key and script into a folder; returns the configuration's path."""
    write_new_key(folder / "heart.key")
    script = folder / "web"
    script.write_text(SCRIPT)
    script.chmod(0o755)
    (folder / "journal").touch()
    config = folder / "heart.toml"
    config.write_text(cluster_text(devices, wish))
    return config


def cluster_text(devices: dict[str, Path], wish: Wish) -> str:
    """The configuration of such a cluster."""
    nodes = "".join(
        f'[nodes.{name}]\n[nodes.{name}.links.cable]\ndevice = "{device}"\n'
        for name, device in devices.items()
    )
    return f"""cluster = "web"
key_file = "heart.key"
{nodes}
[links.lan]
kind = "udp"
interface = "eth0"
port = {PORT}

[links.cable]
kind = "serial"
device = "/dev/null"
baud = 115200

[timing]
{wish.timing}

[services.web]
nodes = ["alpha", "beta"]
{wish.service}

[[services.web.resources]]
kind = "address"
address = "{SERVICE_ADDRESS}/24"
interface = "eth0"

[[services.web.resources]]
kind = "script"
command = ["web"]
timeout = "{wish.timeout}"

{wish.resources}

[paths]
state = "{wish.state}"
run = "run"
"""
