"""The core's knowledge as `heart status --json` shows it: see docs/status.md."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

from heart.beat import CLAIMS, STARTING, STOPPING
from heart.core.cluster import Core
from heart.core.hearing import LinkHearing
from heart.core.line import Line
from heart.core.peer import Life, Peer
from heart.core.succession import SPEAKING
from heart.core.tenure import Holding, ServiceTenure

TimeOfDay = Callable[[float], str]
_SHOWN = {Holding.ASKING: "stopped"}


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
        "arbiter": {"kind": settings.arbiter},
        "nodes": [_node(core, name.name, name.witness, time_of_day) for name in settings.nodes],
        "links": [_link(core, line, now, time_of_day) for line in core.state.voice.lines],
        "services": [_service(core, tenure, time_of_day) for tenure in core.tenures.all],
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
        "standby": False,
        "witness": witness,
        "configuration": None if entry is None else entry.configuration,
    }


def _link(core: Core, line: Line, now: float, time_of_day: TimeOfDay) -> dict[str, Any]:
    settings = line.settings
    beat = core.state.timing.beat
    return {
        "name": line.name,
        "kind": "udp" if settings.baud is None else "serial",
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
    holder, state, term = _holder(core, tenure)
    failed = _failed(core, tenure)
    if holder is None and all(name in failed for name in tenure.service.nodes):
        state = Holding.FAILED.value
    return {
        "name": tenure.name,
        "holder": holder,
        "term": term,
        "state": state,
        "since": time_of_day(tenure.since),
        "reason": _reason(core, tenure, holder, failed),
        "wait": tenure.wait,
    }


def _reason(core: Core, tenure: ServiceTenure, holder: str | None, failed: dict[str, str]) -> str:
    if holder is not None and holder != core.state.settings.node:
        return f"held by {holder}"
    others = [f"failed on {name}: {why}" for name, why in failed.items() if name != core.state.settings.node]
    return "; ".join([tenure.reason, *others])


def _failed(core: Core, tenure: ServiceTenure) -> dict[str, str]:
    """The nodes that say that the service failed there, with what they say of it."""
    entries = [entry for node in core.state.settings.nodes if (entry := core.state.table.get(node.name))]
    return {
        entry.node: reason
        for entry in entries
        for service, state, reason in entry.notes
        if (service, state) == (tenure.name, Holding.FAILED.value)
    }


def _holder(core: Core, tenure: ServiceTenure) -> tuple[str | None, str, int]:
    """Who holds the service as far as this node knows, in which state, in which term."""
    if tenure.claiming():
        return core.state.settings.node, tenure.holding.value, tenure.term
    claims = [
        (said.term, peer.name, said.flags)
        for peer in core.state.everyone
        if peer.life in SPEAKING
        and (said := peer.said.get(tenure.name_hash)) is not None
        and said.flags & CLAIMS
    ]
    if claims:
        term, name, flags = max(claims)
        moving = "starting" if flags & STARTING else "stopping" if flags & STOPPING else "held"
        return name, moving, term
    return None, _SHOWN.get(tenure.holding, tenure.holding.value), tenure.known_term


def _ago(now: float, then: float) -> float | None:
    return None if then == -inf else round(now - then, 6)
