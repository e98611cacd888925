"""The status table: what every node knows of every node.

Each node writes only its own entry; whoever meets a newer version of an entry takes it and passes it
on, so all tables become equal, in whatever order entries travel.
"""

from __future__ import annotations

from hashlib import blake2b

from msgspec import msgpack, structs

from heart.beat import Entry

DIGEST = 8  # bytes


def newness(entry: Entry) -> tuple[int, int]:
    """Which of two entries of one node is the newer: the one for which this is greater."""
    return entry.incarnation, entry.version


class StatusTable:
    """The entries of the nodes of one configuration, seen from one of them. `latest` has changed last."""

    def __init__(self, nodes: tuple[str, ...], own: Entry) -> None:
        self._nodes = frozenset(nodes)
        self._own = own.node
        self._entries = {own.node: own}
        self.latest = own
        self.digest = b""
        self._sum_up()

    def adopt(self, nodes: tuple[str, ...]) -> None:
        """From now on these are the nodes of the configuration."""
        self._nodes = frozenset(nodes)
        self._entries = {name: entry for name, entry in self._entries.items() if name in self._nodes}
        self.latest = self._entries[self._own]
        self._sum_up()

    def __getitem__(self, node: str) -> Entry:
        """The entry of this node. Raises KeyError where nothing is known of it."""
        return self._entries[node]

    def get(self, node: str) -> Entry | None:
        """The entry of this node, None where nothing is known of it."""
        return self._entries.get(node)

    def merge(self, entry: Entry) -> bool:
        """Take an entry that another node passed on; True where it was news.

        A newer entry of ourselves comes from a life that we have forgotten: it is not taken, but
        outdone.
        """
        known = self._entries.get(entry.node)
        if entry.node not in self._nodes or (known is not None and newness(entry) <= newness(known)):
            return False
        if known is not None and entry.node == self._own:
            if entry.incarnation == known.incarnation:
                self._put(structs.replace(known, version=entry.version + 1))
            return False
        self._put(entry)
        return True

    def write(self, **changes: object) -> bool:
        """Change this node's own entry, as a new version of it; True if that changes anything."""
        own = self._entries[self._own]
        changed = structs.replace(own, **changes)
        if changed == own:
            return False
        self._put(structs.replace(changed, version=own.version + 1))
        return True

    def all(self) -> tuple[Entry, ...]:
        """Every entry, by the names of the nodes."""
        return tuple(self._entries[name] for name in sorted(self._entries))

    def _put(self, entry: Entry) -> None:
        self._entries[entry.node] = self.latest = entry
        self._sum_up()

    def _sum_up(self) -> None:
        versions = [(name, *newness(entry)) for name, entry in sorted(self._entries.items())]
        self.digest = blake2b(msgpack.encode(versions), digest_size=DIGEST).digest()
