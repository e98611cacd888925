"""What a file says of the whole cluster, before any node's view of it is taken; paths as written."""

from __future__ import annotations

from dataclasses import dataclass

from heart.config.links import Views, read_links
from heart.config.model import Arbiter, Service, Timing
from heart.config.nodes import Nodes, read_nodes
from heart.config.plugged import check_keys, kind_of
from heart.config.reading import Table
from heart.config.services import read_services
from heart.config.timing import read_timing
from heart.config.values import command, name, path

ARBITERS = ("trust", "quorum")
LATER_ARBITERS = ("ping", "fence", "etcd")


@dataclass(frozen=True, slots=True)
class Cluster:
    """The file's meaning. Where faults were noted, empty values and defaults stand in for what they hit."""

    name: str
    key_file: str | None
    timing: Timing
    nodes: Nodes
    views: Views
    services: tuple[Service, ...]
    arbiter: Arbiter
    events: tuple[str, ...] | None
    state: str | None
    run: str | None


def read_cluster(top: Table) -> Cluster:
    """Read the whole file, key by key; nothing that it asks for is silently left out."""
    timing = read_timing(top.table("timing"))
    nodes = read_nodes(top)
    state, run = _read_paths(top.table("paths"))
    cluster = Cluster(
        name=top.need("cluster", name) or "",
        key_file=top.need("key_file", path),
        timing=timing,
        nodes=nodes,
        views=read_links(top, nodes),
        services=read_services(top, nodes, timing),
        arbiter=_read_arbiter(top.table("arbiter")),
        events=_read_events(top.table("events")),
        state=state,
        run=run,
    )
    _refuse_later(top)
    top.close()
    return cluster


def _read_arbiter(table: Table) -> Arbiter:
    """The arbiter; what it needs beside its kind is for the plug-in to say that brings it."""
    kind = table.kind(ARBITERS, LATER_ARBITERS, "trust", more=kind_of(ARBITERS, "arbiter"))
    if kind is None:
        table.ignore_rest()
    if kind is None or kind in ARBITERS:
        table.close()
        return Arbiter(kind or "trust")
    keys = table.rest()
    check_keys(table, "arbiter", kind, keys)
    return Arbiter(kind, keys)


def _read_events(table: Table) -> tuple[str, ...] | None:
    called = table.read("command", command)
    table.close()
    return called


def _read_paths(table: Table) -> tuple[str | None, str | None]:
    written = table.read("state", path), table.read("run", path)
    table.close()
    return written


def _refuse_later(top: Table) -> None:
    top.later("arbiters", 'one [arbiter] with kind = "trust"')
    top.later("watchdog", "no such table")
    status = top.table("status")
    status.later("listen", "no such key: ask with the command heart status")
    status.close()
