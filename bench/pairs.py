"""The two that compete: a pair of Heart's daemons, and a pair of keepalived's, for the same address."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.machines import INTERFACE, NETWORK, Daemon, Machines, tool
from heart.config.durations import format_duration
from heart.config.model import Timing
from heart.control.client import DaemonUnreachable, ask, ask_lines
from heart.keys import write_new_key

NODES = ("alpha", "beta")
ADDRESS = f"{NETWORK}.100"
PATIENCE = 2.0  # seconds that a daemon may take to answer on its control socket


@dataclass(frozen=True)
class Plan:
    """What Heart is told: its timing, and the service's budget of an emergency release, in seconds."""

    timing: Timing
    stop: float

    def show(self) -> str:
        """The timing as a configuration says it, and the `wait` that follows."""
        timing = self.timing
        said = {"beat": timing.beat, "late": timing.late, "dead": timing.dead, "lease": timing.lease}
        said |= {"stop": self.stop, "wait": timing.wait(self.stop)}
        return ", ".join(f"{key} {format_duration(seconds)}" for key, seconds in said.items())


class Pair(ABC):
    """Two daemons, one in each node; `folder` is theirs alone."""

    def __init__(self, machines: Machines, folder: Path) -> None:
        self.machines = machines
        self.folder = folder
        self._daemons: dict[str, Daemon] = {}

    def start(self) -> None:
        """Start both."""
        self.prepare()
        for node in NODES:
            command = self.machines.inside(node, *self.command(node))
            self._daemons[node] = Daemon(command, self.folder / f"{node}.log")

    def kill(self, node: str) -> None:
        """Kill all that runs in one of them."""
        self._daemons[node].kill()

    def stop(self) -> None:
        """End both, and take away the address where it was left."""
        for node, daemon in self._daemons.items():
            daemon.reap()
            self.machines.ip(node, "address", "flush", "dev", INTERFACE, "to", ADDRESS)

    def running(self) -> bool:
        """Whether both live."""
        return all(daemon.running() for daemon in self._daemons.values())

    def log(self) -> str:
        """The last line that each has written."""
        lines = {node: (self.folder / f"{node}.log").read_text("utf-8", "replace") for node in NODES}
        return "; ".join(f"{node}: {text.strip().rpartition(chr(10))[2]}" for node, text in lines.items())

    @abstractmethod
    def prepare(self) -> None:
        """Write what they read."""

    @abstractmethod
    def command(self, node: str) -> Sequence[str]:
        """The command line of one of them."""

    @abstractmethod
    def at_rest(self, holder: str) -> bool:
        """Whether both agree that this is the holder, as far as they can be asked."""


class HeartPair(Pair):
    """Heart, with one link: the LAN."""

    def __init__(self, machines: Machines, folder: Path, plan: Plan) -> None:
        super().__init__(machines, folder)
        self._plan = plan

    def prepare(self) -> None:
        """Write the configuration and a key."""
        write_new_key(self.folder / "heart.key")
        (self.folder / "heart.toml").write_text(_heart_toml(self._plan))

    def command(self, node: str) -> Sequence[str]:
        """The daemon, in the foreground."""
        twistd = str(Path(sys.executable).with_name("twistd"))
        config = str(self.folder / "heart.toml")
        return [twistd, "-n", "--pidfile=", "heart", "--config", config, "--node", node]

    def at_rest(self, holder: str) -> bool:
        """Both say so, and that both nodes are up."""
        try:
            told = [ask(self._socket(node), {"command": "status"}, PATIENCE) for node in NODES]
        except DaemonUnreachable:
            return False
        return all(
            status["services"][0]["holder"] == holder
            and status["services"][0]["state"] == "held"
            and {node["state"] for node in status["nodes"]} == {"up"}
            for status in told
        )

    def events(self, node: str) -> list[dict[str, Any]]:
        """What a node tells of its life; each event's `time` as seconds of the time of day."""
        told = ask_lines(self._socket(node), {"command": "events"}, PATIENCE)
        return [event | {"time": datetime.fromisoformat(event["time"]).timestamp()} for event in told]

    def _socket(self, node: str) -> Path:
        return self.folder / "run" / f"bench.{node}.sock"


class KeepalivedPair(Pair):
    """keepalived (VRRP version 3), which goes to its backup after three lost adverts and a skew.

    The priorities are the highest two that do not own the address: the skew is then at its smallest.
    """

    def __init__(self, machines: Machines, folder: Path, advert: float) -> None:
        super().__init__(machines, folder)
        self._program = tool("keepalived", "keepalived")
        self._advert = advert

    def prepare(self) -> None:
        """Write a configuration for each."""
        for node, priority in zip(NODES, (254, 253), strict=True):
            (self.folder / f"{node}.conf").write_text(_keepalived_conf(node, self._advert, priority))

    def command(self, node: str) -> Sequence[str]:
        """VRRP alone, in the foreground, with files of its own."""
        files = [f"--use-file={self.folder}/{node}.conf", f"--pid={self.folder}/{node}.pid"]
        files += [f"--vrrp_pid={self.folder}/{node}-vrrp.pid"]
        return [self._program, "--vrrp", "--dont-fork", "--log-console", "--no-syslog", *files]

    def at_rest(self, holder: str) -> bool:
        """It cannot be asked; who answers at the address has to do."""
        return True


def _heart_toml(plan: Plan) -> str:
    timing = plan.timing
    said = {
        "beat": timing.beat,
        "late": timing.late,
        "dead": timing.dead,
        "lease": timing.lease,
        "start": timing.start,
        "settle": timing.settle,
    }
    lines = "\n".join(f'{key} = "{format_duration(seconds)}"' for key, seconds in said.items())
    return f"""cluster = "bench"
key_file = "heart.key"

[timing]
{lines}

[nodes.alpha]
[nodes.beta]

[links.lan]
kind = "udp"
interface = "{INTERFACE}"

[services.web]
nodes = ["alpha", "beta"]
stop = "{format_duration(plan.stop)}"

[[services.web.resources]]
kind = "address"
address = "{ADDRESS}/24"
interface = "{INTERFACE}"

[paths]
state = "state"
run = "run"
"""


def _keepalived_conf(node: str, advert: float, priority: int) -> str:
    return f"""global_defs {{
    router_id {node}
    vrrp_version 3
}}
vrrp_instance web {{
    state BACKUP
    nopreempt
    interface {INTERFACE}
    virtual_router_id 78
    priority {priority}
    advert_int {advert:g}
    virtual_ipaddress {{
        {ADDRESS}/24 dev {INTERFACE}
    }}
}}
"""
