"""The core's knowledge as `heart status --json` shows it: see docs/status.md."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

from heart.beat import name_hash
from heart.config.meaning import differences
from heart.core.cluster import Core
from heart.core.peers.hearing import LinkHearing
from heart.core.peers.peer import Life, Peer
from heart.core.services.failures import FAILED, HINDERED
from heart.core.services.tenure import Holding, ServiceTenure
from heart.core.services.whereabouts import able, holder, noted
from heart.core.talk.line import Line

TimeOfDay = Callable[[float], str]


def describe(core: Core, now: float, time_of_day: TimeOfDay) -> dict[str, Any]:
    """Everything that the core knows, at awake time `now`.

    `time_of_day` turns an awake time into a time that a person can read.
    """
    settings = core.state.settings
    minute, hour = core.wakefulness.worst(now)
    return {
        "cluster": settings.cluster,
        "node": settings.node,
        "incarnation": core.incarnation,
        "configuration": settings.configuration,
        "since": time_of_day(core.state.since),
        "lateness": {"minute": round(minute, 6), "hour": round(hour, 6)},
        "paused": False,
        "arbiter": _arbiter(core),
        "differences": _differences(core),
        "nodes": [_node(core, name.name, name.witness, time_of_day) for name in settings.nodes],
        "links": [_link(core, line, now, time_of_day) for line in core.state.voice.lines],
        "services": [_service(core, tenure, time_of_day) for tenure in core.tenures.all],
    }


def _arbiter(core: Core) -> dict[str, Any]:
    state = core.state
    if not state.settings.votes:
        return {"kind": state.settings.arbiter}
    electorate = state.electorate
    heard = electorate.votes() + sum(peer.speaks and electorate.counts(peer) for peer in state.everyone)
    return {
        "kind": state.settings.arbiter,
        "voters": list(electorate.voters),
        "needed": electorate.needed,
        "heard": heard,
        "coming": None if electorate.coming is None else list(electorate.coming),
        "between": electorate.between,
    }


def _node(core: Core, name: str, witness: bool, time_of_day: TimeOfDay) -> dict[str, Any]:
    state = core.state
    peer = state.peers.get(name)
    entry = state.table.get(name)
    return {
        "name": name,
        "state": Life.UP.value if peer is None else peer.life.value,
        "since": time_of_day(state.since if peer is None else peer.since),
        "reason": "this node" if peer is None else peer.reason,
        "through": _through(core, peer),
        "standby": state.orders.in_standby(name),
        "attributes": dict(state.orders.attributes().get(name, {})),
        "software": None if entry is None else entry.software,
        "witness": witness,
        "configuration": None if entry is None else entry.configuration,
    }


def _through(core: Core, peer: Peer | None) -> list[str] | None:
    """The nodes that have passed its newest beat on, the last of them last; None: it is heard directly."""
    if peer is None or peer.beat is None or not peer.beat.through:
        return None
    names = {name_hash(name): name for name in core.state.settings.names()}
    return [names.get(node, "?") for node in peer.beat.through]


def _differences(core: Core) -> dict[str, list[str]]:
    """The nodes that run another configuration, with the keys in which it differs."""
    settings, table = core.state.settings, core.state.table
    entries = [entry for node in settings.peers() if (entry := table.get(node))]
    return {
        entry.node: list(differences(settings.meaning, entry.parts))
        for entry in entries
        if entry.configuration != settings.configuration
    }


def _link(core: Core, line: Line, now: float, time_of_day: TimeOfDay) -> dict[str, Any]:
    settings = line.settings
    beat = core.state.timing.beat
    return {
        "name": line.name,
        "state": "up" if line.up else "down",
        "since": time_of_day(max(line.since, core.state.since)),
        "reason": _pace(line, beat) if line.up else line.reason,
        "interval": settings.interval(beat),
        "refused": dict(core.ear.refused[line.name]),
        "peers": [
            _hearing(peer, peer.on[line.name], line, now)
            for peer in core.state.everyone
            if line.name in peer.on
        ],
    }


def _pace(line: Line, beat: float) -> str:
    interval = line.settings.interval(beat)
    if interval <= beat:
        return line.reason
    return f"{line.reason}; too slow for every beat: one in {interval:g} s"


def _hearing(peer: Peer, hearing: LinkHearing, line: Line, now: float) -> dict[str, Any]:
    hears_us = peer.hears_us(hearing)
    return {
        "peer": peer.name,
        "heard": _ago(now, hearing.heard_at),
        "hears_us": None if hears_us is None else round(hears_us + now - peer.heard_at, 6),
        "round_trip": None if hearing.round_trip is None else round(hearing.round_trip, 6),
        "sent": line.sent,
        "received": hearing.received,
        "lost": hearing.lost(),
        "refused": dict(peer.refused),
    }


def _service(core: Core, tenure: ServiceTenure, time_of_day: TimeOfDay) -> dict[str, Any]:
    own = core.state.settings.node
    held_by, state, term = holder(core.state, tenure)
    failed = noted(core.state, tenure.name, FAILED)
    nodes = tenure.service.nodes
    if held_by is None and failed and not any(able(core.state, tenure, node) for node in nodes):
        state = Holding.FAILED.value
    return {
        "name": tenure.name,
        "holder": held_by,
        "term": term,
        "state": state,
        "since": time_of_day(tenure.since if held_by in (None, own) else tenure.previous_since),
        "reason": _reason(core, tenure, held_by, failed),
        "wait": tenure.wait,
        "hindrance": tenure.health.hindrance,
        "failed": failed,
    }


def _reason(core: Core, tenure: ServiceTenure, held_by: str | None, failed: dict[str, str]) -> str:
    own = core.state.settings.node
    told = [tenure.reason if held_by in (None, own) else f"held by {held_by}"]
    told += [f"failed on {name}: {why}" for name, why in failed.items() if (held_by, name) != (None, own)]
    hindered = noted(core.state, tenure.name, HINDERED)
    return "; ".join([*told, *(f"{name} could not hold it: {why}" for name, why in hindered.items())])


def _ago(now: float, then: float) -> float | None:
    return None if then == -inf else round(now - then, 6)
