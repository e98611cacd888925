"""Simulated time, and media that lose, delay, repeat and are cut. All chance comes from one seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from random import Random

Deliver = Callable[[str, bytes], None]


class World:
    """Simulated seconds, and what is to happen when. Things due at one moment happen in their order."""

    def __init__(self, seed: int) -> None:
        self.now = 0.0
        self.random = Random(seed)  # noqa: S311 - the one source of chance, and it must repeat itself
        self._order = count()
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        """Have something happen later."""
        heappush(self._agenda, (self.now + seconds, next(self._order), act))

    def run(self, seconds: float) -> None:
        """Let that much time pass."""
        end = self.now + seconds
        while self._agenda and self._agenda[0][0] <= end:
            self.now, _, act = heappop(self._agenda)
            act()
        self.now = end


@dataclass
class Medium:
    """A link between all nodes that plugged in. `cut` holds directions that carry nothing: (from, to).

    `loss` and `repeat` are probabilities of one frame to one receiver, `delay` bounds seconds.
    """

    world: World
    name: str
    loss: float = 0.0
    repeat: float = 0.0
    delay: tuple[float, float] = (0.0001, 0.001)
    cut: set[tuple[str, str]] = field(default_factory=set)
    plugged: dict[str, Deliver] = field(default_factory=dict)
    carried: int = 0

    def plug_in(self, node: str, deliver: Deliver) -> None:
        """Connect a node; `deliver` is called with the link's name and each frame that reaches it."""
        self.plugged[node] = deliver

    def cut_all(self) -> None:
        """Cut the medium between all nodes, in both directions."""
        self.cut = {(a, b) for a in self.plugged for b in self.plugged if a != b}

    def heal(self) -> None:
        """Mend every cut."""
        self.cut = set()

    def send(self, sender: str, frame: bytes) -> None:
        """Carry a frame to all others, as far as chance and cuts let it through."""
        for receiver in self.plugged:
            if receiver == sender or (sender, receiver) in self.cut:
                continue
            copies = 2 if self.world.random.random() < self.repeat else 1
            for _ in range(copies):
                if self.world.random.random() >= self.loss:
                    self._carry(receiver, frame)

    def _carry(self, receiver: str, frame: bytes) -> None:
        self.carried += 1
        deliver = self.plugged[receiver]
        self.world.after(self.world.random.uniform(*self.delay), lambda: deliver(self.name, frame))
