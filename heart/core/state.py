"""What one node knows, and what it has decided in this step: shared by the parts of its core."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from math import inf
from typing import Any

from heart.beat import Entry, Order, name_hash
from heart.core.decisions import Decision, Report, StoreOrders, StorePeer
from heart.core.peers.hearing import LinkHearing
from heart.core.peers.peer import Peer
from heart.core.services.electorate import Electorate
from heart.core.services.scene import Scene
from heart.core.settings import LinkSettings, Settings
from heart.core.shared.orders import ATTRIBUTE, Orders
from heart.core.shared.table import StatusTable
from heart.core.talk.paths import way_through_others
from heart.core.talk.voice import Voice

Record = tuple[int, int]  # the newest incarnation and sequence number that were heard of a peer


class State:
    """One node's knowledge. Times are awake seconds; -inf means never.

    `deadline` is when something is to be done, be it only a beat, `rules_at` when a rule may say something
    else. `speak_now` asks for a beat in this step, `answer` for one that answers a peer, `asking` says
    that a service waits for acks. `outlived` is an incarnation of this node that others remember
    and it does not; 0 if there is none. Where nodes vote, this one neither promises nor leases anything
    before `votes_from`.
    """

    def __init__(
        self,
        settings: Settings,
        now: float,
        incarnation: int,
        records: Mapping[str, Record],
        orders: Iterable[Order] = (),
    ) -> None:
        self.settings = settings
        self.timing = settings.timing
        self._records = dict(records)
        self.peers = {name: self._make_peer(name, now) for name in settings.peers()}
        self.everyone = tuple(self.peers.values())
        self.voice = Voice(settings, now, incarnation)
        self.own_hash = name_hash(settings.node)
        self.electorate = Electorate(settings.node, settings.names())
        own = Entry(
            settings.node,
            incarnation,
            1,
            settings.configuration,
            settings.software,
            parts=settings.parts,
            keys=settings.keys,
        )
        self.table = StatusTable(settings.names(), own)
        self.orders = Orders(orders)
        self.since = now
        longest = max((self.timing.wait(service.stop) for service in settings.services), default=0.0)
        self.started_at = now + max(self.timing.start, longest)
        self.votes_from = now + longest
        self.slept_at = -inf
        self.leaving = False
        self.speak_now = False
        self.answer = False
        self.ask_all = False
        self.asking = False
        self.outlived = 0
        self.deadline = self.rules_at = now
        self._decisions: list[Decision] = []

    def adopt(self, settings: Settings, now: float) -> None:
        """From now on these are the settings; what is known of peers and links that stay is kept."""
        self.settings = settings
        self.timing = settings.timing
        for name in settings.peers():
            peer = self.peers.get(name)
            if peer is None:
                self.peers[name] = self._make_peer(name, now)
            else:
                peer.adopt(_hearings(settings, name, peer.on), _relayed(settings, name, peer.relayed))
        for name in sorted(self.peers.keys() - set(settings.peers())):
            self._part_with(self.peers.pop(name))
        self.everyone = tuple(self.peers[name] for name in settings.peers())
        if settings.votes:
            self.electorate.want(settings.names())
        else:
            self.electorate = Electorate(settings.node, settings.names())
        self.voice.adopt(settings)
        self.table.adopt(settings.names())
        self.table.write(configuration=settings.configuration, parts=settings.parts, keys=settings.keys)
        self.speak_now = True

    def _make_peer(self, name: str, now: float) -> Peer:
        peer = Peer(name, _hearings(self.settings, name, {}), _relayed(self.settings, name, None), now)
        if name in self._records:
            peer.remember(*self._records[name])
        return peer

    def _part_with(self, peer: Peer) -> None:
        """A node is not in the file any more: should it come back, recordings of it must not count."""
        if peer.incarnation:
            self._records[peer.name] = peer.incarnation, peer.sequence
            self.decide(StorePeer(peer.name, peer.incarnation, peer.sequence))

    def draining(self) -> bool:
        """Whether this node is to hold nothing: it is being stopped, or in standby."""
        return self.leaving or self.orders.in_standby(self.settings.node)

    def digest(self) -> bytes:
        """What sums up all that nodes tell each other beside what they hold; equal where that is."""
        return digest_of(self.table, self.orders)

    def ordered(self, order: Order) -> None:
        """An order is new to this node: keep it, pass it on, tell of it."""
        self.speak_now = True
        self.decide(StoreOrders(self.orders.all()))
        if order.kind == ATTRIBUTE:
            return  # set by timers: the history would keep nothing else
        self.report(
            "operator",
            f"ordered on {order.author}",
            order=order.kind,
            subject=order.subject,
            value=order.value,
            author=order.author,
        )

    def renew_leases(self) -> None:
        """An ack is a lease, counted from the sending of what it acknowledges (rule 3)."""
        for peer in self.everyone:
            sent_at = self.voice.sent_at(peer.acked)
            if sent_at is not None:
                peer.lease_from = sent_at

    def scene(self, now: float) -> Scene:
        """The facts of this moment, for the rules."""
        return Scene(self.settings, now, self.everyone, self.started_at, self.slept_at, self.orders)

    def decide(self, decision: Decision) -> None:
        """Add a decision to those of this step."""
        self._decisions.append(decision)

    def report(self, kind: str, reason: str, **fields: Any) -> None:
        """Add an event to the decisions of this step."""
        self._decisions.append(Report(kind, reason, fields))

    def decided(self) -> Sequence[Decision]:
        """The decisions of this step, in their order; the next step begins without any."""
        if not self._decisions:
            return ()
        decisions, self._decisions = self._decisions, []
        return decisions

    def wake_by(self, time: float) -> None:
        """Something may have to be done at this time."""
        if time < self.deadline:
            self.deadline = time


def digest_of(table: StatusTable, orders: Orders) -> bytes:
    """What sums up a status table and orders; that of the table alone where there is no order."""
    if not orders.digest:
        return table.digest
    return blake2b(table.digest + orders.digest, digest_size=len(table.digest)).digest()


def _hearings(
    settings: Settings, peer: str, kept: Mapping[str, LinkHearing]
) -> tuple[LinkHearing | None, ...]:
    """What is heard of a peer on each link of this node, None where it is not on it."""
    return tuple(
        _hearing(settings, link, kept.get(link.name)) if peer in link.peers else None
        for link in settings.links
    )


def _hearing(settings: Settings, link: LinkSettings, kept: LinkHearing | None) -> LinkHearing:
    hearing = kept or LinkHearing(link.name, name_hash(link.name))
    interval = link.guaranteed(settings.timing.beat)
    hearing.adopt(interval, interval > settings.timing.beat, settings.judge(interval))
    return hearing


def _relayed(settings: Settings, peer: str, kept: LinkHearing | None) -> LinkHearing | None:
    """What is heard of a peer through other nodes, None where the links lead no such way."""
    beat, dead = settings.timing.beat, settings.timing.dead
    way = way_through_others(settings.all_links(), settings.node, peer, beat)
    if way is None:
        return None
    hearing = kept or LinkHearing("", name_hash(""))
    # Each link may lose a beat, and the answer to it.
    hearing.adopt(max(beat, way.interval), True, max(dead * way.links, settings.judge(way.interval)))
    return hearing
