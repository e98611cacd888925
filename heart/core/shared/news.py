"""Which part of what all nodes are to know alike goes into a beat, while they do not yet."""

from __future__ import annotations

from msgspec import msgpack

from heart.beat import Entry, Order
from heart.core.shared.orders import Orders
from heart.core.shared.table import StatusTable

News = tuple[tuple[Entry, ...], tuple[Order, ...]]


def choose(table: StatusTable, orders: Orders, turn: int, calm: int, most: int) -> News:
    """As many entries and orders as fit into `calm` bytes, and one at least if it fits into `most`.

    What has changed last comes first in every second turn; else another one each time, so that in the end
    everything was told, whatever was lost.
    """
    items: tuple[Entry | Order, ...] = (*table.all(), *orders.all())
    latest = (table.latest, orders.latest or table.latest)[turn // 2 % 2]
    first = items.index(latest) if turn % 2 else turn // 2 % len(items)
    chosen: list[Entry | Order] = []
    for item in (*items[first:], *items[:first]):
        size = len(msgpack.encode(item))
        if size > (calm if chosen else most):
            break
        chosen.append(item)
        calm -= size
    entries = tuple(item for item in chosen if isinstance(item, Entry))
    return entries, tuple(item for item in chosen if isinstance(item, Order))
