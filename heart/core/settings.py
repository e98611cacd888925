"""What the core must know of a configuration; times in seconds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from heart.beat import MAX_FRAME, REST_FRAME, name_hash
from heart.config.model import QUORUM, SAFETY, Node, Service, Timing

BITS_PER_BYTE = 10  # on a serial line: a start bit, eight bits of data, a stop bit
LINE_OVERHEAD = 4  # bytes that framing adds on a serial line
JUDGED_AFTER = 4  # of a slow line's own intervals a peer that is heard there alone may be silent (rule 1)
SHARE = 2  # a line never sends more than one part in this many of its capacity
FURTHER_NODE, FURTHER_LINK, FURTHER_SERVICE = 40, 16, 16  # bytes at rest, beyond two, two and one
VOTERS, PROMISE = 5, 12  # bytes at rest where nodes vote, the second for each service


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """A link as the core sees it: who is on it, and its baud rate where it has one.

    `others` is of how many further nodes one end may have to pass beats on over it, and `frame` the
    size of a beat at rest in bytes.
    """

    name: str
    peers: tuple[str, ...]
    baud: int | None = None
    others: int = 0
    frame: int = REST_FRAME

    def occupied(self, size: int) -> float:
        """For how long a frame of `size` bytes keeps the line from sending the next one."""
        if self.baud is None:
            return 0.0
        return SHARE * BITS_PER_BYTE * (size + LINE_OVERHEAD) / self.baud

    def interval(self, beat: float) -> float:
        """The link's own interval between beats at rest: whole beats, as many as its capacity asks for."""
        whole_beats = -(-self.occupied(self.frame) // beat)
        return beat * max(1.0, whole_beats)

    def guaranteed(self, beat: float) -> float:
        """The seconds between two beats that a node sends on it, while it passes on as many as it ever may.

        What is passed on takes every second frame at most (heart.core.talk.line).
        """
        return max(self.interval(beat), 2 * self.occupied(self.frame) if self.others else 0.0)

    def passed_on(self) -> float:
        """The seconds between two beats of one further node that is passed on over it, at the most."""
        return 2 * self.others * self.occupied(self.frame)


def frame_at_rest(nodes: int, links: int, services: int, votes: bool = False) -> int:
    """The most bytes of a beat at rest in a cluster of so many nodes and services, and links on a node."""
    further = (
        FURTHER_NODE * max(0, nodes - 2)
        + FURTHER_LINK * max(0, links - 2)
        + FURTHER_SERVICE * max(0, services - 1)
        + (VOTERS + PROMISE * services if votes else 0)
    )
    return min(MAX_FRAME, REST_FRAME + further)


def link_settings(
    nodes: int, services: int, links: Iterable[tuple[str, tuple[str, ...], int | None]], votes: bool = False
) -> tuple[LinkSettings, ...]:
    """The links of a cluster of so many nodes and services, from their names, nodes and baud rates."""
    links = tuple(links)
    most = max((sum(node in on for _, on, _ in links) for _, ends, _ in links for node in ends), default=0)
    frame = frame_at_rest(nodes, most, services, votes)
    return tuple(LinkSettings(name, on, baud, max(0, nodes - 2), frame) for name, on, baud in links)


def judged_after(timing: Timing, interval: float) -> float:
    """How long a peer may be silent before it is dead, whose beats come at this interval (rule 1)."""
    return timing.dead if interval <= timing.beat else max(timing.dead, JUDGED_AFTER * interval)


@dataclass(frozen=True, slots=True)
class Settings:
    """One node's cluster. `links` are those of this node, `reach` all links of the cluster.

    `configuration` is the digest by which nodes compare their files, `meaning` what the file says key by
    key, and `parts` what sums that up for the others (heart.config.meaning). `keys` are marks of the
    cluster's keys that this node has (heart.keys). `patient` is whether a lease may be longer than `lease`
    on a slow line: not while peers may judge by other times than ours.
    """

    cluster: str
    node: str
    nodes: tuple[Node, ...]
    timing: Timing
    links: tuple[LinkSettings, ...]
    services: tuple[Service, ...]
    configuration: str = ""
    software: str = ""
    arbiter: str = "trust"
    meaning: Mapping[str, str] = field(default_factory=dict)
    parts: bytes = b""
    reach: tuple[LinkSettings, ...] = ()
    keys: tuple[int, ...] = ()
    patient: bool = True

    @property
    def votes(self) -> bool:
        """Whether the nodes vote who may hold a service: the arbiter is `quorum`."""
        return self.arbiter == QUORUM

    def names(self) -> tuple[str, ...]:
        """The names of all nodes, in the order of the configuration."""
        return tuple(node.name for node in self.nodes)

    def peers(self) -> tuple[str, ...]:
        """The names of all nodes but this one, in the order of the configuration."""
        return tuple(node.name for node in self.nodes if node.name != self.node)

    def all_links(self) -> tuple[LinkSettings, ...]:
        """All links of the cluster, as far as they are known."""
        return self.reach or self.links

    def judge(self, interval: float) -> float:
        """As `judged_after`, by this cluster's times."""
        return judged_after(self.timing, interval)

    def calm_size(self, link: LinkSettings) -> int:
        """The bytes of a frame that keeps a line busy for a quarter of what its silence may last."""
        quarter = self.judge(link.guaranteed(self.timing.beat)) / 4
        return int(quarter * (link.baud or 0) / (SHARE * BITS_PER_BYTE)) - LINE_OVERHEAD

    def lease(self, judge: float, stop: float) -> float:
        """The lease that a peer gives who will call us dead after `judge` seconds (rule 7).

        On a line slower than the beat even a good ack is older than `lease`; there it may be as old
        as leaves the time to let go before that peer's verdict.
        """
        if judge <= self.timing.dead or not self.patient:
            return self.timing.lease
        return max(self.timing.lease, judge / SAFETY - stop)

    def judges(self) -> dict[str, float]:
        """By each link's name, how long a peer that is heard there alone may be silent."""
        return {link.name: self.judge(link.guaranteed(self.timing.beat)) for link in self.all_links()}

    def link_hashes(self) -> tuple[int, ...]:
        """The short hashes of this node's links, in the order in which its beats speak of them."""
        return tuple(name_hash(link.name) for link in self.links)
