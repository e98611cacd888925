"""What one table says of a link, and how what a node says lies over what the link says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from heart.config.endpoints import Endpoint
from heart.config.model import Link, PeerAddress, PluginLink, SerialLink, UdpLink

DEFAULT_PORT = 694
DEFAULT_BAUD = 115200


@dataclass(frozen=True, slots=True)
class Said:
    """What one table says of a link; `faulty` where its medium was said, but could not be understood.

    `keys` are those of a plug-in's kind.
    """

    port: int | None = None
    broadcast: str | None = None
    interface: str | None = None
    group: str | None = None
    peers: Mapping[str, Endpoint] | None = None
    device: str | None = None
    baud: int | None = None
    keys: Mapping[str, object] | None = None
    faulty: bool = False

    def has_medium(self) -> bool:
        """Whether it is said what carries the beats."""
        media = (self.broadcast, self.interface, self.group, self.peers, self.device, self.keys)
        return self.faulty or any(medium is not None for medium in media)

    def over(self, base: Said) -> Said:
        """A node's own view: what it says comes first.

        Its medium replaces the other whole, but an interface alone is that of the link's group, and of
        peers and of a plug-in's keys only those change that it names.
        """
        medium = self._medium_over(base) if self.has_medium() else base
        return replace(
            medium,
            port=base.port if self.port is None else self.port,
            baud=base.baud if self.baud is None else self.baud,
        )

    def _medium_over(self, base: Said) -> Said:
        if self.interface is not None and self.group is None and self.broadcast is None:
            return replace(self, group=base.group)
        if self.peers is not None and base.peers is not None:
            return replace(self, peers={**base.peers, **self.peers}, faulty=self.faulty or base.faulty)
        if self.keys is not None and base.keys is not None:
            return replace(self, keys={**base.keys, **self.keys})
        return self

    def record(self, name: str, nodes: tuple[str, ...], kind: str, node: str) -> Link:
        """The link that this makes on `node`; the defaults stand in for what is not said."""
        if self.keys is not None:
            return PluginLink(name, nodes, kind, self.keys)
        if kind == "serial":
            return SerialLink(name, nodes, self.device or "", self.baud or DEFAULT_BAUD)
        if self.peers is not None:
            at = {other: self._peer(other, end) for other, end in self.peers.items()}
            others = tuple(at[other] for other in nodes if other != node)
            return UdpLink(name, nodes, at[node].port, peers=others)
        return UdpLink(name, nodes, self.port or DEFAULT_PORT, self.broadcast, self.interface, self.group)

    def _peer(self, node: str, end: Endpoint) -> PeerAddress:
        return PeerAddress(node, end.host, end.port or self.port or DEFAULT_PORT)
