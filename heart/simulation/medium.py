"""Simulated media: links that lose, delay, repeat, corrupt and replay frames, crawl, and are cut."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from heart.core.settings import BITS_PER_BYTE, LINE_OVERHEAD
from heart.simulation.world import World

Deliver = Callable[[str, bytes], None]
Way = tuple[str, str]  # from one node to another

WHOLE: Way = ("", "")  # all ways of a link
BACKLOG = 1.0  # seconds of frames that wait for a line; what is more is lost
RECORDED = 400  # frames that somebody who listens keeps, to replay them
SOUND_DELAY = 0.02  # seconds; a way on which frames take longer does not work well


@dataclass(frozen=True, slots=True)
class Burst:
    """Loss in bursts: a chain of two states (Gilbert, Bell System Technical Journal 39, 1960), in time.

    `share` of the time everything is lost, and a burst lasts `mean` seconds in the mean. The chain takes a
    step ten times in each `mean`. Each way has a chain of its own, or the `whole` link has one.
    """

    share: float
    mean: float
    whole: bool = False

    @property
    def step(self) -> float:
        """Seconds of one step."""
        return self.mean / 10


@dataclass(frozen=True, slots=True)
class Condition:
    """How a medium does. Probabilities are of one frame to one receiver, `delay` is seconds, least and most.

    `crawls` says that `baud` is less than it should be, `cut` are ways that carry nothing, `away` the nodes
    whose end is not plugged in.
    """

    loss: float = 0.0
    burst: Burst | None = None
    repeat: float = 0.0
    corrupt: float = 0.0
    delay: tuple[float, float] = (0.0001, 0.001)
    baud: int | None = None
    crawls: bool = False
    cut: frozenset[Way] = frozenset()
    away: frozenset[str] = frozenset()

    def is_sound(self, way: Way) -> bool:
        """Whether a way can be relied on."""
        hurt = self.loss or self.burst or self.corrupt or self.crawls or self.delay[1] > SOUND_DELAY
        return not hurt and way not in self.cut and not self.away.intersection(way)


class Medium:
    """A link between all nodes that plugged in, with the bytes of a serial line one after the other."""

    def __init__(self, world: World, name: str, baud: int | None = None) -> None:
        self.world = world
        self.name = name
        self.best = Condition(baud=baud)
        self.condition = self.best
        self.plugged: dict[str, Deliver] = {}
        self._is_well = True
        self._others: dict[str, tuple[str, ...]] = {}
        self.carried = 0
        self.recorded: deque[bytes] = deque(maxlen=RECORDED)
        self._busy_until: dict[str, float] = {}
        self._bursts: dict[Way, tuple[bool, float]] = {}
        self._sound_since: dict[Way, float] = {}

    def plug_in(self, node: str, deliver: Deliver) -> None:
        """Connect a node; `deliver` is called with the link's name and each frame that reaches it."""
        for other in self.plugged:
            self._sound_since[node, other] = self._sound_since[other, node] = self.world.now
        self.plugged[node] = deliver
        self._others = {
            name: tuple(other for other in self.plugged if other != name) for name in self.plugged
        }

    def suffer(self, **changes: Any) -> None:
        """From now on these parts of its condition are so."""
        before, self.condition = self.condition, replace(self.condition, **changes)
        self._is_well = self.condition == self.best
        for way in self._sound_since:
            if not (before.is_sound(way) and self.condition.is_sound(way)):
                self._sound_since[way] = self.world.now

    def cut_all(self) -> None:
        """Cut it between all nodes, in both directions."""
        self.suffer(cut=self.ways())

    def ways(self) -> frozenset[Way]:
        """All ways between those who are plugged in."""
        return frozenset(self._sound_since)

    def heal(self) -> None:
        """All is well again."""
        self.condition, hurt = self.best, self.condition
        self._is_well = True
        for way in self._sound_since:
            if not hurt.is_sound(way):
                self._sound_since[way] = self.world.now

    def sound_for(self, way: Way) -> float:
        """For how many seconds this way has worked without a break."""
        if way not in self._sound_since or not self.condition.is_sound(way):
            return 0.0
        return self.world.now - self._sound_since[way]

    def send(self, sender: str, frame: bytes) -> None:
        """Carry a frame to all others, as far as chance and cuts let it through."""
        condition = self.condition
        if sender in condition.away:
            return
        self.recorded.append(frame)
        ready = (
            self.world.now if condition.baud is None else self._through_line(sender, frame, condition.baud)
        )
        if ready is None:
            return
        if self._is_well:
            for receiver in self._others[sender]:
                self._deliver_later(receiver, frame, ready)
            return
        for receiver in self._others[sender]:
            way = sender, receiver
            if way not in condition.cut and receiver not in condition.away:
                self._carry(way, frame, ready)

    def replay(self, frame: bytes) -> None:
        """Somebody sends a frame once more that was heard on it."""
        for receiver in self.plugged:
            if receiver not in self.condition.away:
                self._deliver_later(receiver, frame, self.world.now)

    def _through_line(self, sender: str, frame: bytes, baud: int) -> float | None:
        """When the last bit of it has left; None where too much waits before it."""
        begins = max(self.world.now, self._busy_until.get(sender, 0.0))
        if begins > self.world.now + BACKLOG:
            return None
        ends = begins + (len(frame) + LINE_OVERHEAD) * BITS_PER_BYTE / baud
        self._busy_until[sender] = ends
        return ends

    def _carry(self, way: Way, frame: bytes, ready: float) -> None:
        condition, chance = self.condition, self.world.chance
        for _ in range(2 if condition.repeat and chance.happens(condition.repeat) else 1):
            if condition.loss and chance.happens(condition.loss):
                continue
            burst = condition.burst
            if burst is not None and self._in_burst(WHOLE if burst.whole else way, burst):
                continue
            is_hurt = condition.corrupt and chance.happens(condition.corrupt)
            self._deliver_later(way[1], self._corrupted(frame) if is_hurt else frame, ready)

    def _deliver_later(self, receiver: str, frame: bytes, ready: float) -> None:
        self.carried += 1
        least, most = self.condition.delay
        arrives = ready + least + (most - least) * self.world.chance.fraction()
        self.world.at(arrives, self.plugged[receiver], self.name, frame)

    def _in_burst(self, way: Way, burst: Burst) -> bool:
        """Whether this way loses everything now: the chain goes on by as many steps as have passed."""
        chance, now = self.world.chance, self.world.now
        bad, at = self._bursts.get(way, (chance.happens(burst.share), now))
        ends, begins = 0.1, 0.1 * burst.share / (1 - burst.share)
        steps = int((now - at) / burst.step)
        if steps > 1000:  # long enough to have forgotten where it was
            bad, steps, at = chance.happens(burst.share), 0, now
        for _ in range(steps):
            bad = not chance.happens(ends) if bad else chance.happens(begins)
        self._bursts[way] = bad, at + steps * burst.step
        return bad

    def _corrupted(self, frame: bytes) -> bytes:
        place = self.world.chance.below(len(frame))
        return frame[:place] + bytes([frame[place] ^ (1 + self.world.chance.below(255))]) + frame[place + 1 :]
