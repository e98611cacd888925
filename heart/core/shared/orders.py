"""What operators have ordered, the same on every node whoever was asked: a register for each subject.

Of two orders of one kind for one subject the one with the greater (stamp, author) is in force, so the
order in which they travel does not matter (a last-writer-wins register: Shapiro and others, A
comprehensive study of convergent and commutative replicated data types, INRIA 7506, 2011, 3.2.1).
Stamps grow like terms, so that lost memory does not use them again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b

from msgspec import msgpack

from heart.beat import Order

STANDBY = "standby"  # of a node: holds nothing while the value is YES
MOVE = "move"  # of a service: to the node that is the value, if its term is still that of the order
RETRY = "retry"  # of a service: failures before this order do not count
ATTRIBUTE = "attribute"  # of NODE/NAME: the value is for scripts

YES = "yes"
MOST = 1000  # orders that are kept; more come only from a fault
DIGEST = 8  # bytes


def newness(order: Order) -> tuple[int, str]:
    """Which of two orders for one subject is in force: the one for which this is greater."""
    return order.stamp, order.author


class Orders:
    """The newest order of each kind for each subject. `digest` is empty while there is none; `latest` is
    the one that was put in last.

    Orders of unknown kinds are kept and passed on, too: they come from nodes with newer software.
    """

    def __init__(self, kept: Iterable[Order] = ()) -> None:
        self._orders: dict[tuple[str, str], Order] = {}
        self.digest = b""
        self.latest: Order | None = None
        for order in kept:
            self._put(order)
        self._sum_up()

    def all(self) -> tuple[Order, ...]:
        """Every order that is in force, in the order of kinds and subjects."""
        return tuple(self._orders[key] for key in sorted(self._orders))

    def merge(self, order: Order) -> bool:
        """Take an order that another node passed on; True where it was news."""
        if not self._put(order):
            return False
        self._sum_up()
        return True

    def give(self, kind: str, subject: str, value: str, author: str, seconds: int, term: int = 0) -> Order:
        """Make an order that is newer than every order known; `seconds` is the time of day."""
        newest = max((order.stamp for order in self._orders.values()), default=0)
        order = Order(kind, subject, value, max(newest + 1, seconds), author, term)
        self.merge(order)
        return order

    def in_standby(self, node: str) -> bool:
        """Whether this node is to hold nothing."""
        return self._value(STANDBY, node) == YES

    def target(self, service: str, term: int) -> str | None:
        """The node to which this service is to move; the order ends with the term in which it was given."""
        order = self.move_of(service)
        return order.value if order is not None and order.term >= term else None

    def move_of(self, service: str) -> Order | None:
        """The newest order to move this service, in force still or not."""
        return self._orders.get((MOVE, service))

    def retried(self, service: str) -> tuple[int, str]:
        """How new the newest order is to forget the failures of this service."""
        order = self._orders.get((RETRY, service))
        return (0, "") if order is None else newness(order)

    def attributes(self) -> Mapping[str, Mapping[str, str]]:
        """What is set, by node and name."""
        found: dict[str, dict[str, str]] = {}
        for order in self.all():
            node, slash, name = order.subject.partition("/")
            if order.kind == ATTRIBUTE and slash and order.value:
                found.setdefault(node, {})[name] = order.value
        return found

    def _value(self, kind: str, subject: str) -> str:
        order = self._orders.get((kind, subject))
        return "" if order is None else order.value

    def _put(self, order: Order) -> bool:
        key = (order.kind, order.subject)
        known = self._orders.get(key)
        if known is None and len(self._orders) >= MOST:
            return False
        if known is not None and newness(order) <= newness(known):
            return False
        self._orders[key] = self.latest = order
        return True

    def _sum_up(self) -> None:
        if self._orders:
            versions = [(*key, *newness(order)) for key, order in sorted(self._orders.items())]
            self.digest = blake2b(msgpack.encode(versions), digest_size=DIGEST).digest()
