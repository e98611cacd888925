"""The links: what the file says of each, and what that means on each of its nodes."""

from __future__ import annotations

from collections.abc import Mapping

from heart.config.endpoints import Endpoint, is_local
from heart.config.media import BAUDS, EXPECTED, KINDS, read_said
from heart.config.model import Link
from heart.config.nodes import Nodes, check_hashes, node_list
from heart.config.plugged import check_keys, kind_of
from heart.config.problems import did_you_mean, listed, quoted
from heart.config.reading import Table
from heart.config.said import DEFAULT_PORT, Said

__all__ = ["BAUDS", "Views", "read_links"]

Views = dict[str, dict[str, Link]]  # of each link, by the names of its nodes: the link as that node sees it


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
    kind = table.need("kind", kind_of(KINDS, "link"))
    listed_nodes = node_list(table, "nodes", nodes.names())
    if kind is None:
        table.ignore_rest()
        return {}
    base = read_said(table, kind, nodes.names())
    members = _members(table, kind, base, nodes.names(), listed_nodes)
    said = dict.fromkeys(members, base)
    overrides = {node: tables[word] for node, tables in nodes.overrides.items() if word in tables}
    for node, own in overrides.items():
        said[node] = _read_override(own, kind, word, base, nodes.names(), node in members)
    views = {node: said[node] for node in members}
    _check_media(table, kind, views)
    _check_keys(table, kind, views, overrides)
    return {
        node: view.record(word, members, kind, node)
        for node, view in views.items()
        if view.has_medium() and not view.faulty
    }


def _members(
    table: Table, kind: str, base: Said, known: tuple[str, ...], listed_nodes: tuple[str, ...] | None
) -> tuple[str, ...]:
    """Who has this link: those that are listed, else those of its peers, else all."""
    if base.peers is not None:
        _check_peers(table, base.peers, base.port or DEFAULT_PORT)
        if listed_nodes is not None and set(listed_nodes) != set(base.peers):
            table.error("nodes", f"expected the nodes of peers ({listed(base.peers)}), or no such key")
        return tuple(base.peers)
    members = known if listed_nodes is None else listed_nodes
    if listed_nodes is not None or not table.said("nodes"):
        _check_members(table, kind, members)
    return members


def _check_peers(table: Table, peers: Mapping[str, Endpoint], port: int) -> None:
    if len(peers) < 2:
        table.error("peers", "expected two nodes or more, each with its own host")
    seen: dict[tuple[str, int], str] = {}
    for node, end in peers.items():
        at = (end.host, end.port or port)
        other = seen.setdefault(at, node)
        if other != node:
            table.error(
                "peers", f"{node} is at {at[0]} port {at[1]} as {other} is; expected a place of its own"
            )


def _check_members(table: Table, kind: str, members: tuple[str, ...]) -> None:
    if kind == "serial" and len(members) != 2:
        count = f"not {len(members)}" if table.said("nodes") else f"not all {len(members)}: say which"
        table.error("nodes", f"expected the two nodes that the cable joins, {count}")
    elif table.said("nodes") and len(members) < 2:
        table.error("nodes", "expected two nodes or more")


def _read_override(
    table: Table, kind: str, word: str, base: Said, known: tuple[str, ...], is_member: bool
) -> Said:
    """The view of a node that differs."""
    if not is_member:
        table.problems.error(table.path, f"this node is not among links.{word}.nodes; expected no such table")
    own = read_said(table, kind, known if base.peers is None else tuple(base.peers))
    if own.faulty or base.faulty:
        return own.over(base)
    if base.peers is not None and own != Said(peers=own.peers):
        table.problems.error(table.path, f"links.{word} has peers; expected no other key than peers here")
        return Said(faulty=True)
    if base.peers is None and own.peers is not None:
        table.error("peers", f"links.{word} has none; expected the list there, and here only what differs")
        return Said(faulty=True)
    return own.over(base)


def _check_media(table: Table, kind: str, views: dict[str, Said]) -> None:
    without = [node for node, view in views.items() if not view.has_medium()]
    if without:
        for_whom = "" if len(without) == len(views) else f" on {listed(without)}"
        table.problems.error(table.path, f"no medium{for_whom}; expected {EXPECTED[kind]}")
    _check_groups(table, views)


def _check_groups(table: Table, views: Mapping[str, Said]) -> None:
    local = {node for node, view in views.items() if view.group is not None and is_local(view.group)}
    without = [node for node in views if node in local and views[node].interface is None]
    if without:
        for_whom = "" if len(without) == len(views) else f" on {listed(without)}"
        table.error(
            "interface",
            f"missing{for_whom}; expected one beside this group, which is another group on each network",
        )


def _check_keys(table: Table, kind: str, views: Mapping[str, Said], overrides: Mapping[str, Table]) -> None:
    """Have a plug-in judge its keys, of each node that has its own view and of the others at once."""
    if kind in KINDS:
        return
    seen: set[int] = set()
    for node, view in views.items():
        where = overrides.get(node, table)
        if id(where) not in seen:
            seen.add(id(where))
            check_keys(where, "link", kind, view.keys or {}, table)
