"""The links: what the file says of each, and what that means on each of its nodes."""

from __future__ import annotations

from dataclasses import dataclass

from heart.config.model import Link, SerialLink, UdpLink
from heart.config.nodes import Nodes, check_hashes, node_list
from heart.config.problems import did_you_mean, listed, quoted
from heart.config.reading import Table
from heart.config.values import broadcast, integer, interface, number_of, path

DEFAULT_PORT = 694
DEFAULT_BAUD = 115200
BAUDS = (9600, 19200, 38400, 57600, 115200, 230400, 460800)
KINDS = ("udp", "serial")

_EXPECTED_MEDIUM = {
    "udp": "exactly one of broadcast and interface",
    "serial": 'a device such as device = "/dev/ttyS0"',
}

Views = dict[str, dict[str, Link]]  # of each link, by the names of its nodes: the link as that node sees it


@dataclass(frozen=True, slots=True)
class Said:
    """What one table says of a link; `faulty` where its medium was said, but could not be understood."""

    port: int | None = None
    broadcast: str | None = None
    interface: str | None = None
    device: str | None = None
    baud: int | None = None
    faulty: bool = False

    def has_medium(self) -> bool:
        """Whether it is said what carries the beats."""
        return self.faulty or any(x is not None for x in (self.broadcast, self.interface, self.device))

    def over(self, base: Said) -> Said:
        """A node's own view: what it says comes first, and its medium replaces the other whole."""
        medium = self if self.has_medium() else base
        return Said(
            port=base.port if self.port is None else self.port,
            broadcast=medium.broadcast,
            interface=medium.interface,
            device=medium.device,
            baud=base.baud if self.baud is None else self.baud,
            faulty=medium.faulty,
        )

    def record(self, name: str, nodes: tuple[str, ...], kind: str) -> Link:
        """The link that this makes; the defaults stand in for what is not said."""
        if kind == "serial":
            return SerialLink(name, nodes, self.device or "", self.baud or DEFAULT_BAUD)
        return UdpLink(name, nodes, self.port or DEFAULT_PORT, self.broadcast, self.interface)


def read_links(top: Table, nodes: Nodes) -> Views:
    """All links on all of their nodes, without those of which a fault was noted."""
    tables = dict(top.named("links"))
    views = {word: _read_link(word, table, nodes) for word, table in tables.items()}
    check_hashes(top.problems, ("links",), views)
    for overrides in nodes.overrides.values():
        for word, table in overrides.items():
            if word not in tables:
                table.problems.error(table.path, f"unknown link {quoted(word)}{did_you_mean(word, tables)}")
    return views


def _read_link(word: str, table: Table, nodes: Nodes) -> dict[str, Link]:
    table.check_name()
    kind = table.kind(KINDS, ())
    listed_nodes = node_list(table, "nodes", nodes.names())
    if kind is None:
        table.ignore_rest()
        return {}
    members = nodes.names() if listed_nodes is None else listed_nodes
    if listed_nodes is not None or not table.said("nodes"):
        _check_members(table, kind, members)
    base = _read_said(table, kind)
    said = dict.fromkeys(members, base)
    for node, overrides in nodes.overrides.items():
        if word in overrides:
            own = _read_override(overrides[word], kind, word, node in members)
            said[node] = own.over(base)
    _check_media(table, kind, {node: said[node] for node in members})
    return {
        node: said[node].record(word, members, kind)
        for node in members
        if said[node].has_medium() and not said[node].faulty
    }


def _check_members(table: Table, kind: str, members: tuple[str, ...]) -> None:
    if kind == "serial" and len(members) != 2:
        count = f"not {len(members)}" if table.said("nodes") else f"not all {len(members)}: say which"
        table.error("nodes", f"expected the two nodes that the cable joins, {count}")
    elif table.said("nodes") and len(members) < 2:
        table.error("nodes", "expected two nodes or more")


def _read_override(table: Table, kind: str, word: str, is_member: bool) -> Said:
    if not is_member:
        table.problems.error(table.path, f"this node is not among links.{word}.nodes; expected no such table")
    return _read_said(table, kind)


def _read_said(table: Table, kind: str) -> Said:
    said = _read_serial(table) if kind == "serial" else _read_udp(table)
    table.close()
    return said


def _read_serial(table: Table) -> Said:
    device = table.read("device", path)
    baud = table.read("baud", number_of(BAUDS))
    return Said(device=device, baud=baud, faulty=device is None and table.said("device"))


def _read_udp(table: Table) -> Said:
    port = table.read("port", integer(1, 65535))
    address = table.read("broadcast", broadcast)
    device = table.read("interface", interface)
    refused = [table.later(key, "broadcast or interface") for key in ("group", "peers")]
    both = table.said("broadcast") and table.said("interface")
    if both and not any(refused):
        table.problems.error(
            table.path, "broadcast and interface are both said; expected exactly one of them"
        )
    misread = (address is None and table.said("broadcast")) or (device is None and table.said("interface"))
    return Said(port=port, broadcast=address, interface=device, faulty=both or misread or any(refused))


def _check_media(table: Table, kind: str, said: dict[str, Said]) -> None:
    without = [node for node, view in said.items() if not view.has_medium()]
    if without:
        for_whom = "" if len(without) == len(said) else f" on {listed(without)}"
        table.problems.error(table.path, f"no medium{for_whom}; expected {_EXPECTED_MEDIUM[kind]}")
