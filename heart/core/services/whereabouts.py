"""Where each service is as far as this node knows, and where it cannot be."""

from __future__ import annotations

from heart.beat import ABLE, ASKS, CLAIMS, STARTING, STOPPING
from heart.core.peers.peer import Life
from heart.core.services.failures import FAILED, HINDERED
from heart.core.services.tenure import Holding, ServiceTenure
from heart.core.state import State

_SHOWN = {Holding.ASKING: "stopped"}


def holder(state: State, tenure: ServiceTenure) -> tuple[str | None, str, int]:
    """Who holds the service, in which state (of the contract), in which term."""
    if tenure.claiming():
        return state.settings.node, tenure.holding.value, tenure.term
    claims = [
        (said.term, peer.name, said.flags)
        for peer in state.everyone
        if peer.speaks and (said := peer.said.get(tenure.name_hash)) is not None and said.flags & CLAIMS
    ]
    if claims:
        term, name, flags = max(claims)
        moving = "starting" if flags & STARTING else "stopping" if flags & STOPPING else "held"
        return name, moving, term
    return None, _SHOWN.get(tenure.holding, tenure.holding.value), tenure.known_term


def noted(state: State, service: str, kind: str) -> dict[str, str]:
    """The nodes that say this of the service in the status table (FAILED, HINDERED), with their reasons."""
    entries = [entry for node in state.settings.nodes if (entry := state.table.get(node.name))]
    return {
        entry.node: reason
        for entry in entries
        for name, said, reason in entry.notes
        if (name, said) == (service, kind)
    }


def able(state: State, tenure: ServiceTenure, node: str) -> bool:
    """Whether this node is there and may hold the service."""
    peer = state.peers.get(node)
    if peer is None:
        return tenure.able(state.draining())
    return peer.life is Life.UP and bool(peer.flags(tenure.name_hash) & ABLE)


def asks(state: State, tenure: ServiceTenure, node: str) -> bool:
    """Whether this node asks for the service now."""
    peer = state.peers.get(node)
    if peer is None:
        return tenure.holding is Holding.ASKING
    return peer.speaks and bool(peer.flags(tenure.name_hash) & ASKS)


def inability(state: State, tenure: ServiceTenure, node: str) -> str:
    """Why this node could not hold the service now, for a person; empty where it could."""
    peer = state.peers.get(node)
    if node not in tenure.service.nodes:
        return f"{node} may not hold {tenure.name}; expected one of {', '.join(tenure.service.nodes)}"
    if peer is not None and peer.life is not Life.UP:
        return f"{node} is {peer.life.value} ({peer.reason})"
    if able(state, tenure, node):
        return ""
    if state.orders.in_standby(node):
        return f"{node} is in standby; end that with `heart active {node}`"
    failed = noted(state, tenure.name, FAILED).get(node)
    if failed is not None:
        return f"it failed on {node} ({failed}); once that is mended: `heart retry {tenure.name}`"
    return (
        f"{node} cannot hold it now ({noted(state, tenure.name, HINDERED).get(node, 'it does not say why')})"
    )


def without_key(state: State, mark: int) -> tuple[str, ...]:
    """The peers that speak, and tell which keys they have, and not that with this mark."""
    entries = [state.table.get(peer.name) for peer in state.everyone if peer.speaks]
    return tuple(entry.node for entry in entries if entry and entry.keys and mark not in entry.keys)
