"""The votes that this node counts for itself: may it take a service, may it go on holding it (rule 3)?

A vote counts from the sending of the newest beat of ours that the voter acknowledged while it promised the
service to us in our term, and between equal sets of voters alone.
"""

from __future__ import annotations

from hashlib import blake2b
from math import inf

from heart.core.services.tenure import ServiceTenure
from heart.core.state import State

REST = 1.5  # waits, at the most, before a service is asked for again that a majority did not agree to


class Majority:
    """Counts the votes for the tenures of this node."""

    def __init__(self, state: State) -> None:
        self._state = state

    def count(self, now: float, tenure: ServiceTenure) -> None:
        """Take up the votes that have come."""
        own, promise = self._state.settings.node, tenure.promise
        votes, ahead = tenure.votes, self._state.voice.ahead
        mine = promise is not None and (promise.term, promise.node) == (tenure.term, own)
        if mine and self._state.electorate.votes():
            votes[own] = now + ahead
        for peer in self._state.everyone:
            said = peer.said.get(tenure.name_hash)
            if said is None or said.promised_term != tenure.term or said.promised_to != self._state.own_hash:
                continue
            if peer.proven and self._state.electorate.counts(peer):
                votes[peer.name] = max(votes.get(peer.name, -inf), peer.lease_from + ahead)
        agreed_since = self._state.electorate.agreed_since(votes)
        tenure.leased_until = max(tenure.kept_until, agreed_since + self._state.timing.lease) - ahead

    def shortage(self) -> str | None:
        """Why there is no hope of a majority now, for a person; None where there is."""
        state = self._state
        total, needed = state.electorate.size, state.electorate.needed
        if state.electorate.between:
            return "is between two sets of voters"
        heard = len(self.heard())
        if heard < needed:
            itself = ", itself included," if state.electorate.votes() else ""
            return f"hears {heard} of {total} voters{itself} and needs {needed}"
        return None

    def heard(self) -> tuple[str, ...]:
        """Who is heard to vote under the set in force, this node included where it does."""
        state = self._state
        own = (state.settings.node,) if state.electorate.votes() else ()
        return own + tuple(
            peer.name for peer in state.everyone if peer.speaks and state.electorate.counts(peer)
        )

    def rest(self, tenure: ServiceTenure) -> float:
        """For how many seconds not to ask again: like chance, but the same for the same node and term."""
        seed = f"{self._state.settings.node} {tenure.name} {tenure.term}".encode()
        share = int.from_bytes(blake2b(seed, digest_size=4).digest(), "big") / 2**32
        return tenure.wait * REST * share
