"""From what a file says to its meaning, key by key: the same on every node, the defaults included.

A key is spelled as in error lines, a value as a person would write it. The key file and the paths are
each node's own business and not in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import date, time

from heart.config.cluster import Cluster
from heart.config.durations import format_duration
from heart.config.model import (
    Arbiter,
    Link,
    Node,
    PluginLink,
    PluginResource,
    Resource,
    ScriptResource,
    SerialLink,
    Service,
    Timing,
    UdpLink,
)
from heart.config.problems import KeyPath, printable

Pairs = Iterator[tuple[KeyPath, str]]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def flatten(cluster: Cluster) -> dict[str, str]:
    """The meaning of a whole file without faults."""
    return {_spell(path): value for path, value in _cluster(cluster)}


def _spell(path: KeyPath) -> str:
    """The key path as error lines have it, but never shortened: no two keys may look the same."""
    words = [f"[{part}]" if isinstance(part, int) else f".{_word(part)}" for part in path]
    return "".join(words).removeprefix(".")


def _word(part: str) -> str:
    return part if _BARE_KEY.fullmatch(part) else _show(part)


def _cluster(cluster: Cluster) -> Pairs:
    yield ("cluster",), cluster.name
    yield from _under(("timing",), _timing(cluster.timing))
    for node in cluster.nodes.all:
        yield from _under(("nodes", node.name), _node(node))
    for link, views in cluster.views.items():
        yield from _link(link, views)
    for service in cluster.services:
        yield from _under(("services", service.name), _service(service))
    yield from _under(("arbiter",), _arbiter(cluster.arbiter))
    if cluster.events is not None:
        yield ("events", "command"), _show(cluster.events)


def _under(table: KeyPath, pairs: Pairs) -> Pairs:
    return (((*table, *path), value) for path, value in pairs)


def _timing(timing: Timing) -> Pairs:
    for field in fields(timing):
        yield (field.name,), format_duration(getattr(timing, field.name))


def _node(node: Node) -> Pairs:
    yield ("witness",), _show(node.witness)


def _arbiter(arbiter: Arbiter) -> Pairs:
    yield ("kind",), arbiter.kind
    yield from _plugged(arbiter.keys)


def _link(name: str, views: Mapping[str, Link]) -> Pairs:
    """What all its nodes see alike under the link, everything else under each of the nodes."""
    some = next(iter(views.values()), None)
    if some is None:
        return
    yield ("links", name, "kind"), _kind(some)
    yield ("links", name, "nodes"), _show(sorted(some.nodes))
    said = {node: dict(_view(view)) for node, view in views.items()}
    for path in dict.fromkeys(path for keys in said.values() for path in keys):
        seen = {node: keys.get(path) for node, keys in said.items() if path != ("peers", node)}
        if len(set(seen.values())) == 1:
            yield ("links", name, *path), str(next(iter(seen.values())))
        else:
            yield from (
                (("nodes", node, "links", name, *path), value) for node, value in seen.items() if value
            )


def _kind(link: Link) -> str:
    if isinstance(link, PluginLink):
        return link.kind
    return "serial" if isinstance(link, SerialLink) else "udp"


def _view(link: Link) -> Pairs:
    """What one node's view of a link says beside its kind and nodes."""
    if isinstance(link, PluginLink):
        yield from _plugged(link.keys)
    elif isinstance(link, SerialLink):
        yield from ((("device",), link.device), (("baud",), str(link.baud)))
    else:
        yield from _udp(link)


def _udp(link: UdpLink) -> Pairs:
    yield ("port",), str(link.port)
    for key, value in (("broadcast", link.broadcast), ("interface", link.interface), ("group", link.group)):
        if value is not None:
            yield (key,), value
    for peer in link.peers:
        host = f"[{peer.host}]" if ":" in peer.host else peer.host
        yield ("peers", peer.node), f"{host}:{peer.port}"


def _service(service: Service) -> Pairs:
    yield ("nodes",), _show(service.nodes)
    yield ("stop",), format_duration(service.stop)
    yield ("failback",), _show(service.failback)
    yield ("monitor",), "never" if service.monitor is None else format_duration(service.monitor)
    yield ("restarts",), str(service.restarts)
    yield ("forget",), format_duration(service.forget)
    for number, resource in enumerate(service.resources, 1):
        yield from _under(("resources", number), _resource(resource))


def _resource(resource: Resource) -> Pairs:
    if isinstance(resource, PluginResource):
        yield ("kind",), resource.kind
        yield from _plugged(resource.keys)
    elif isinstance(resource, ScriptResource):
        yield from ((("kind",), "script"), (("command",), _show(resource.command)))
        yield ("timeout",), format_duration(resource.timeout)
    else:
        yield from ((("kind",), "address"), (("address",), resource.address))
        yield ("interface",), resource.interface
        if ":" in resource.address:
            yield ("detection",), format_duration(resource.detection)


def _plugged(keys: Mapping[str, object]) -> Pairs:
    """A plug-in's own keys in an order of their own: what they mean only the plug-in knows."""
    for key in sorted(keys):
        yield (key,), _show(keys[key])


def _show(value: object) -> str:
    """A value as TOML has it, nearly: on one line, and never the same for two that differ."""
    return printable(json.dumps(value, default=_show_rest, sort_keys=True, ensure_ascii=False))


def _show_rest(value: object) -> str:
    """What TOML has and JSON has not."""
    return value.isoformat() if isinstance(value, date | time) else repr(value)
