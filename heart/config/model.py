"""What a configuration says, as frozen records: durations in seconds, paths absolute.

`heart.config.load` makes these from a file; nothing here reads or judges one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SAFETY = 1.03  # two clocks that drift apart by 1 % at most, and some to spare (rule 4)


@dataclass(frozen=True, slots=True)
class Timing:
    """The timing of a cluster, in seconds; what each one means is in docs/configuration.md."""

    beat: float
    late: float
    dead: float
    lease: float
    start: float
    settle: float

    def wait(self, stop: float) -> float:
        """How long a successor waits after the last claim it heard of a service with this `stop`."""
        return max(self.dead, SAFETY * (self.lease + stop))


@dataclass(frozen=True, slots=True)
class Node:
    """A machine of the cluster."""

    name: str
    witness: bool = False


@dataclass(frozen=True, slots=True)
class UdpLink:
    """A UDP broadcast domain, given by its broadcast address or by an interface that has one."""

    name: str
    nodes: tuple[str, ...]
    port: int
    broadcast: str | None = None
    interface: str | None = None


@dataclass(frozen=True, slots=True)
class SerialLink:
    """A null-modem cable on a serial line: eight bits, no parity, one stop bit, no flow control."""

    name: str
    nodes: tuple[str, ...]
    device: str
    baud: int


@dataclass(frozen=True, slots=True)
class AddressResource:
    """An IPv4 address with its prefix length, held on an interface."""

    address: str
    interface: str


@dataclass(frozen=True, slots=True)
class ScriptResource:
    """A command that is called with start, stop or status; `timeout` bounds one call, in seconds."""

    command: tuple[str, ...]
    timeout: float


Link = UdpLink | SerialLink
Resource = AddressResource | ScriptResource


@dataclass(frozen=True, slots=True)
class Service:
    """What the cluster provides: who may hold it, the preferred first, and what it consists of."""

    name: str
    nodes: tuple[str, ...]
    stop: float
    resources: tuple[Resource, ...]
    failback: bool = False
    monitor: float | None = None
    restarts: int = 2


@dataclass(frozen=True, slots=True)
class Paths:
    """Where a node keeps what outlives its daemon (state) and what does not outlive the machine (run)."""

    state: Path
    run: Path


@dataclass(frozen=True, slots=True)
class Configuration:
    """One node's view of the cluster's configuration: its own overrides are merged into `links`.

    `links` are the links of this node alone. `digest` is the same on every node that was given the
    same file, whatever its overrides; `warnings` are lines for a person.
    """

    file: Path
    cluster: str
    node: str
    key_file: Path
    timing: Timing
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    services: tuple[Service, ...]
    arbiter: str
    events: tuple[str, ...] | None
    paths: Paths
    digest: str
    warnings: tuple[str, ...] = ()

    def socket(self) -> Path:
        """The daemon's control socket."""
        return self.paths.run / f"{self.cluster}.{self.node}.sock"
