"""What a configuration says, as frozen records: durations in seconds, paths absolute.

`heart.config.load` makes these from a file; nothing here reads or judges one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

QUORUM = "quorum"  # the arbiter under which nodes vote
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
class PeerAddress:
    """Where one node listens on a link that is a list of peers: a host's name or address, and a port."""

    node: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class UdpLink:
    """Beats in UDP, to exactly one of: a broadcast address, an interface's broadcast address, a
    multicast group (IPv4 or IPv6, `interface` may be said beside it), or a list of peers.

    `peers` are the nodes other than this one, each with its host and port; `port` is where this node
    listens.
    """

    kind: ClassVar[str] = "udp"

    name: str
    nodes: tuple[str, ...]
    port: int
    broadcast: str | None = None
    interface: str | None = None
    group: str | None = None
    peers: tuple[PeerAddress, ...] = ()


@dataclass(frozen=True, slots=True)
class SerialLink:
    """A null-modem cable on a serial line: eight bits, no parity, one stop bit, no flow control."""

    kind: ClassVar[str] = "serial"

    name: str
    nodes: tuple[str, ...]
    device: str
    baud: int


@dataclass(frozen=True, slots=True)
class PluginLink:
    """A link of a kind that a plug-in brings, with the keys that are that kind's own."""

    name: str
    nodes: tuple[str, ...]
    kind: str
    keys: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class AddressResource:
    """An IPv4 or IPv6 address with its prefix length, held on an interface.

    `detection` is for how many seconds duplicate address detection (RFC 4862) may hold up the start of
    an IPv6 address; 0: it is not asked.
    """

    address: str
    interface: str
    detection: float = 0.0


@dataclass(frozen=True, slots=True)
class ScriptResource:
    """A command that is called with start, stop or status; `timeout` bounds one call, in seconds."""

    command: tuple[str, ...]
    timeout: float


@dataclass(frozen=True, slots=True)
class PluginResource:
    """A resource of a kind that a plug-in brings, with the keys that are that kind's own."""

    kind: str
    keys: Mapping[str, object]


Link = UdpLink | SerialLink | PluginLink
Resource = AddressResource | ScriptResource | PluginResource


@dataclass(frozen=True, slots=True)
class Reach:
    """A link as every node must know it, also of those that are not on it: who is joined, and how fast."""

    name: str
    nodes: tuple[str, ...]
    baud: int | None = None


@dataclass(frozen=True, slots=True)
class Arbiter:
    """What must agree before a node acts on silence; `keys` are those of the kind's own."""

    kind: str = "trust"
    keys: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Service:
    """What the cluster provides: who may hold it, the preferred first, and what it consists of.

    `monitor` is how often its resources' status is asked for (None: never), `restarts` how often it is
    tried again on a node before it moves, `forget` after how long such a failure counts no more there.
    """

    name: str
    nodes: tuple[str, ...]
    stop: float
    resources: tuple[Resource, ...]
    failback: bool = False
    monitor: float | None = None
    restarts: int = 2
    forget: float = 600.0


@dataclass(frozen=True, slots=True)
class Paths:
    """Where a node keeps what outlives its daemon (state) and what does not outlive the machine (run)."""

    state: Path
    run: Path


@dataclass(frozen=True, slots=True)
class Configuration:
    """One node's view of the cluster's configuration: its own overrides are merged into `links`.

    `links` are the links of this node alone, `reach` all links of the cluster. `meaning` is what the
    file means, key by key, as a person would write it; `digest` sums it up, and is the same on every
    node that was given the same file. `warnings` are lines for a person.
    """

    file: Path
    cluster: str
    node: str
    key_file: Path
    timing: Timing
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    services: tuple[Service, ...]
    arbiter: Arbiter
    events: tuple[str, ...] | None
    paths: Paths
    digest: str
    warnings: tuple[str, ...] = ()
    reach: tuple[Reach, ...] = ()
    meaning: Mapping[str, str] = field(default_factory=dict)

    def socket(self) -> Path:
        """The daemon's control socket."""
        return self.paths.run / f"{self.cluster}.{self.node}.sock"
