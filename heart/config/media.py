"""What a table says of a link's medium, by the link's kind."""

from __future__ import annotations

from collections.abc import Mapping

from heart.config.endpoints import Endpoint, group, peer
from heart.config.problems import did_you_mean, listed, quoted
from heart.config.reading import Table
from heart.config.said import Said
from heart.config.values import Unfit, broadcast, integer, interface, number_of, path

BAUDS = (9600, 19200, 38400, 57600, 115200, 230400, 460800)
KINDS = ("udp", "serial")

ONE_MEDIUM = "exactly one of broadcast, interface, group and peers"
EXPECTED = {"udp": ONE_MEDIUM, "serial": 'a device such as device = "/dev/ttyS0"'}


def read_said(table: Table, kind: str, known: tuple[str, ...]) -> Said:
    """What the rest of this table says of a link of that kind; `known` are the nodes that there may be."""
    if kind == "serial":
        said = _read_serial(table)
    elif kind == "udp":
        said = _read_udp(table, known)
    else:
        said = Said(keys=table.rest())
    table.close()
    return said


def _read_serial(table: Table) -> Said:
    device = table.read("device", path)
    baud = table.read("baud", number_of(BAUDS))
    return Said(device=device, baud=baud, faulty=device is None and table.said("device"))


def _read_udp(table: Table, known: tuple[str, ...]) -> Said:
    port = table.read("port", integer(1, 65535))
    address = table.read("broadcast", broadcast)
    on = table.read("interface", interface)
    to = table.read("group", group)
    peers = _read_peers(table, known)
    media = {"broadcast": address, "interface": on, "group": to, "peers": peers}
    said = [key for key in media if table.said(key)]
    clash = len(said) > 1 and said != ["interface", "group"]
    if clash:
        table.problems.error(
            table.path,
            f"{listed(said)} stand together; expected {ONE_MEDIUM} (interface may stand beside group)",
        )
    misread = any(media[key] is None for key in said)
    return Said(port, address, on, to, peers, faulty=clash or misread)


def _read_peers(table: Table, known: tuple[str, ...]) -> Mapping[str, Endpoint] | None:
    """Each node's host and port; None where there are none, or one is not understood, which is noted."""
    words = table.read("peers", _words)
    if words is None:
        return None
    entries = table.table("peers")
    peers = {word: entries.read(word, peer) for word in words}
    for word in words:
        if word not in known:
            entries.error(word, f"unknown node {quoted(word)}{did_you_mean(word, known)}")
    understood = {word: end for word, end in peers.items() if end is not None and word in known}
    return understood if len(understood) == len(peers) else None


def _words(value: object) -> tuple[str, ...]:
    if isinstance(value, dict):
        return tuple(value)
    raise Unfit('a table such as {alpha = "10.0.0.1:694", beta = "10.0.0.2:694"}')
