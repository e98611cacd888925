"""What the core must know of a configuration; times in seconds."""

from __future__ import annotations

from dataclasses import dataclass

from heart.beat import REST_FRAME, name_hash
from heart.config.model import SAFETY, Node, Service, Timing

BITS_PER_BYTE = 10  # on a serial line: a start bit, eight bits of data, a stop bit
LINE_OVERHEAD = 4  # bytes that framing adds on a serial line
SHARE = 2  # a line never sends more than one part in this many of its capacity


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """A link as the core sees it: who is on it, and its baud rate where it has one."""

    name: str
    peers: tuple[str, ...]
    baud: int | None = None

    def occupied(self, size: int) -> float:
        """For how long a frame of `size` bytes keeps the line from sending the next one."""
        if self.baud is None:
            return 0.0
        return SHARE * BITS_PER_BYTE * (size + LINE_OVERHEAD) / self.baud

    def interval(self, beat: float) -> float:
        """The link's own interval between beats at rest: whole beats, as many as its capacity asks for."""
        whole_beats = -(-self.occupied(REST_FRAME) // beat)
        return beat * max(1.0, whole_beats)


@dataclass(frozen=True, slots=True)
class Settings:
    """One node's cluster. `configuration` is the digest by which nodes compare their files."""

    cluster: str
    node: str
    nodes: tuple[Node, ...]
    timing: Timing
    links: tuple[LinkSettings, ...]
    services: tuple[Service, ...]
    configuration: str = ""
    software: str = ""
    arbiter: str = "trust"

    def peers(self) -> tuple[str, ...]:
        """The names of all nodes but this one, in the order of the configuration."""
        return tuple(node.name for node in self.nodes if node.name != self.node)

    def judge(self, link: LinkSettings) -> float:
        """How long a peer that is heard on this link alone may be silent before it is dead (rule 1)."""
        interval = link.interval(self.timing.beat)
        return self.timing.dead if interval <= self.timing.beat else max(self.timing.dead, 4 * interval)

    def lease(self, judge: float, stop: float) -> float:
        """The lease that a peer gives who will call us dead after `judge` seconds (rule 7).

        On a line slower than the beat even a good ack is older than `lease`; there it may be as old
        as leaves the time to let go before that peer's verdict.
        """
        if judge <= self.timing.dead:
            return self.timing.lease
        return max(self.timing.lease, judge / SAFETY - stop)

    def link_hashes(self) -> tuple[int, ...]:
        """The short hashes of this node's links, in the order in which its beats speak of them."""
        return tuple(name_hash(link.name) for link in self.links)
