"""The voter in each node: to whom it promises a service, and when to somebody else (rule 5, `quorum`).

A promise is in every beat, beside the acks; so an ack from a voter that promises a service to this node is
at once a lease of it (rule 3). What was promised is not kept on disk: a voter that restarts promises
nothing until every lease that it may have given has run out.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from heart.beat import ASKS, CLAIMS, CLEAN
from heart.core.peers.peer import Life, Peer
from heart.core.services.promise import Promise
from heart.core.services.tenure import Holding, ServiceTenure, rank
from heart.core.state import State

Bid = tuple[int, str]  # a term, and the node that asks for the service in it


class Voter:
    """Keeps and gives this node's promises."""

    def __init__(self, state: State) -> None:
        self._state = state

    def vote(self, now: float, tenure: ServiceTenure) -> None:
        """Take up what is claimed, and answer what is asked for, as far as this node may vote now."""
        state = self._state
        if now < state.votes_from:
            state.wake_by(state.votes_from)
            return
        promised = tenure.promise
        if promised is not None:
            self._listen(now, tenure, promised)
        self._adopt(now, tenure)
        if tenure.claiming():
            self._adopt_own(now, tenure)
        for term, node in self._bids(tenure):
            self._answer(now, tenure, term, node)
        if tenure.promise is not promised:
            state.speak_now = True

    def decided_by(self, now: float, tenure: ServiceTenure) -> float:
        """By when nobody can take the service with a vote that this node has given to a question.

        Whoever holds it already is no question any more. This node's own question is not looked at.
        """
        promise = tenure.promise
        if promise is None or promise.node == self._state.settings.node:
            return now
        self._listen(now, tenure, promise)
        peer = self._state.peers.get(promise.node)
        if peer is not None and (not promise.live or peer.claims(tenure.name_hash)):
            return now
        return promise.heard_at + tenure.wait

    def _listen(self, now: float, tenure: ServiceTenure, promise: Promise) -> None:
        """When was the promised node last heard to claim the service, or to ask for it?"""
        if promise.node == self._state.settings.node:
            promise.live = tenure.claiming() or tenure.holding is Holding.ASKING
            promise.heard_at = now if promise.live else promise.heard_at
            return
        peer = self._state.peers.get(promise.node)
        if peer is None:  # the configuration has it no more; until it had not, its beats were heard
            promise.heard_at = now if promise.live else promise.heard_at
            promise.live = False
            return
        live = bool(peer.flags(tenure.name_hash) & (CLAIMS | ASKS))
        if live or promise.live:  # what was so at the last look was so in all beats since, or all but one
            promise.heard_at = max(promise.heard_at, peer.heard_at)
        promise.heard_at = max(promise.heard_at, peer.unclean.get(tenure.name_hash, -inf))
        promise.live = live

    def _adopt(self, now: float, tenure: ServiceTenure) -> None:
        """A claim with a greater term is one that a majority has agreed to.

        One with a lesser term is supported where the promised node has let go: it asked in vain, beside a
        holder that it did not hear.
        """
        for peer in self._state.everyone:
            said = peer.said.get(tenure.name_hash)
            if said is None or not said.flags & CLAIMS or not peer.proven:
                continue
            promise = tenure.promise
            if promise is None or said.term > promise.term or self._is_void(tenure, promise, peer):
                tenure.promise = Promise(said.term, peer.name, peer.heard_at)

    def _is_void(self, tenure: ServiceTenure, promise: Promise, holder: Peer) -> bool:
        return holder.speaks and promise.node != holder.name and self._has_let_go(tenure, promise)

    def _adopt_own(self, now: float, tenure: ServiceTenure) -> None:
        """What it holds without its own vote, by those of others or from a time in which nobody voted."""
        promise, own = tenure.promise, self._state.settings.node
        if promise is not None and promise.term >= tenure.term:
            return
        if promise is None or promise.node == own or now >= self._free_at(now, tenure, promise):
            tenure.promise = Promise(tenure.term, own, now)

    def _bids(self, tenure: ServiceTenure) -> list[Bid]:
        """Who asks for the service now: the greatest term first, then the order of the service's `nodes`."""
        nodes = tenure.service.nodes
        bids = list(self._peers_bids(tenure))
        if tenure.holding is Holding.ASKING:
            bids.append((tenure.term, self._state.settings.node))
        return sorted(bids, key=lambda bid: (-bid[0], rank(nodes, bid[1])))

    def _peers_bids(self, tenure: ServiceTenure) -> Iterator[Bid]:
        for peer in self._state.everyone:
            said = peer.said.get(tenure.name_hash)
            if said is None or not said.flags & ASKS or not peer.proven or not peer.speaks:
                continue
            if peer.name in tenure.service.nodes and self._state.electorate.counts(peer):
                yield said.term, peer.name

    def _answer(self, now: float, tenure: ServiceTenure, term: int, node: str) -> None:
        promise = tenure.promise
        if promise is not None and term <= promise.term:
            return
        free_at = tenure.promises_from
        if promise is None or promise.node != node:
            free_at = max(free_at, self._free_at(now, tenure, promise))
        if now < free_at:
            self._state.wake_by(free_at)
            return
        tenure.promise = Promise(term, node, now)

    def _free_at(self, now: float, tenure: ServiceTenure, promise: Promise | None) -> float:
        """From when on the service may be promised to another node (rule 4)."""
        if promise is None or self._has_let_go(tenure, promise):
            return now
        return max(promise.heard_at, self._state.slept_at) + tenure.wait

    def _has_let_go(self, tenure: ServiceTenure, promise: Promise) -> bool:
        """Whether the promised node's newest beat neither claims nor asks, and says that nothing is left."""
        if promise.node == self._state.settings.node:
            return tenure.clean and not promise.live
        peer = self._state.peers.get(promise.node)
        return peer is not None and _is_free_of(peer, tenure.name_hash)


def _is_free_of(peer: Peer, service: int) -> bool:
    if peer.life is Life.LEFT:
        return True
    flags = peer.flags(service)
    return peer.proven and bool(flags & CLEAN) and not flags & (CLAIMS | ASKS)
