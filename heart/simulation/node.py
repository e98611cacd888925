"""A simulated node: the real core and the real codec, and resources that only take time."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from heart.beat import Order
from heart.codec import Codec, Refusal
from heart.core import decisions as d
from heart.core import inputs
from heart.core.cluster import Core
from heart.core.settings import Settings
from heart.core.state import Record
from heart.simulation.world import Medium, World

Watcher = Callable[[float, str, d.Decision], None]
BUFFER = 512  # frames that a socket keeps for a node that does not read


class SimulatedNode:
    """One node on a world's media. `holding` maps each service to the term in which its resources run here.

    `starts_in`, `stops_in` and `checks_in` are the seconds that resources take; `fails` are services that
    do not start, `sick` those that run and report a problem. `answers` are what operators were told, by
    number. `life` counts the lives of its daemon.
    """

    def __init__(
        self, world: World, settings: Settings, codec: Codec, media: tuple[Medium, ...], watcher: Watcher
    ) -> None:
        self.name = settings.node
        self.world = world
        self.settings = settings
        self.codec = codec
        self.media = {medium.name: medium for medium in media}
        self.watcher = watcher
        self.holding: dict[str, int] = {}
        self.starts_in = 0.02
        self.stops_in = 0.02
        self.checks_in = 0.0
        self.fails: set[str] = set()
        self.sick: dict[str, str] = {}
        self.orders: tuple[Order, ...] = ()
        self.answers: dict[int, d.Answered] = {}
        self.core: Core | None = None
        self.finished = False
        self.paused = False
        self.incarnation = 0
        self.terms: dict[str, int] = {}
        self.records: dict[str, Record] = {}
        self._received: list[tuple[str, bytes]] = []
        self._waiting: list[inputs.Input] = []
        self.life = self._asked = 0
        self._tick_at = inf
        for medium in media:
            medium.plug_in(self.name, self._frame)

    def start(self, seconds: int = 1_700_000_000) -> None:
        """Begin a life of the daemon; what a killed one left behind is released first."""
        self.life += 1
        self.holding.clear()
        self.finished = self.paused = False
        self._received, self._waiting = [], []
        self.incarnation = max(self.incarnation + 1, seconds + int(self.world.now))
        now = self.world.now
        self.core = Core(
            self.settings,
            now,
            now,
            incarnation=self.incarnation,
            seconds=seconds + int(now),
            terms=dict(self.terms),
            records=dict(self.records),
            orders=self.orders,
        )
        self._tick_at = inf
        for link in self.media:
            self.give(inputs.LinkUp(link))

    def kill(self) -> None:
        """The machine dies: nothing of it runs any more."""
        self.life += 1
        self.core = None
        self.holding.clear()

    def shut_down(self) -> None:
        """An operator ends the daemon: it lets go, and says goodbye."""
        self.give(inputs.Shutdown("the daemon is being stopped"))

    def pause(self, seconds: float) -> None:
        """The daemon is stopped for a while, and its resources go on: then it finds what has come in."""
        self.paused = True
        life = self.life
        self.world.after(seconds, lambda: self._wake(life))

    def give(self, event: inputs.Input) -> None:
        """Have the core take an input in, and carry out what it decides."""
        if self.core is None or self.finished:
            return
        if self.paused:
            self._waiting.append(event)
            return
        for decision in self.core.step(self.world.now, self.world.now, event):
            self.watcher(self.world.now, self.name, decision)
            self._carry_out(decision)
        self._set_timer()

    def operate(self, name: str, subject: str = "", value: str = "") -> int:
        """An operator asks for something here; the number of the answer to come."""
        self._asked += 1
        self.give(inputs.Command(self._asked, name, subject, value))
        return self._asked

    def reconfigure(self, settings: Settings) -> None:
        """The node's file has changed, and its daemon reloads it; links of it that are new are open."""
        before = {link.name for link in self.settings.links}
        self.settings = settings
        self.give(inputs.Reconfigure(settings))
        for link in settings.links:
            if link.name not in before:
                self.give(inputs.LinkUp(link.name))

    def _wake(self, life: int) -> None:
        if life != self.life:
            return
        self.paused = False
        self._tick(self.life, force=True)
        self._read()
        waiting, self._waiting = self._waiting, []
        for event in waiting:
            self.give(event)

    def _frame(self, link: str, frame: bytes) -> None:
        if self.core is None or len(self._received) >= BUFFER:
            return
        self._received.append((link, frame))
        if not self.paused:
            self._read()

    def _read(self) -> None:
        received, self._received = self._received, []
        for link, frame in received:
            beat = self.codec.decode(frame)
            if isinstance(beat, Refusal):
                self.give(inputs.Refused(link, beat.value))
            else:
                self.give(inputs.Heard(link, beat))

    def _set_timer(self) -> None:
        if self.core is None or self.finished:
            return
        due = max(self.core.next_deadline(), self.world.now)
        if due < self._tick_at:
            self._tick_at = due
            life = self.life
            self.world.after(due - self.world.now, lambda: self._tick(life))

    def _tick(self, life: int, force: bool = False) -> None:
        if life != self.life or self.core is None or self.paused:
            return
        self._tick_at = inf
        if force or self.world.now >= self.core.next_deadline():
            self.give(inputs.Tick())
        else:
            self._set_timer()

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        life = self.life
        self.world.after(seconds, lambda: act() if life == self.life else None)

    def _carry_out(self, decision: d.Decision) -> None:
        match decision:
            case d.Send(beat, links):
                frame = self.codec.encode(beat)
                for link in links:
                    self.media[link].send(self.name, frame)
            case d.LookAgain():
                self._later(0.0, self._look)
            case d.Ask(service, term, _):
                self._later(0.0, lambda: self.give(inputs.Answer(service, term, True)))
            case d.TakeOver(service, term):
                self.holding[service] = term
                self._later(self.starts_in, lambda: self._start_ended(service, term))
            case d.Release(service, term):
                self._later(self.stops_in, lambda: self._released(service, term))
            case d.Check(service, term):
                self._later(self.checks_in, lambda: self._checked(service, term))
            case d.Restart(service, term):
                self._later(self.stops_in + self.starts_in, lambda: self._start_ended(service, term))
            case d.StoreOrders(orders):
                self.orders = orders
            case d.Answered(number):
                self.answers[number] = decision
            case d.StoreTerm(service, term):
                self.terms[service] = term
            case d.StoreIncarnation(incarnation):
                self.incarnation = incarnation
            case d.StorePeer(peer, incarnation, sequence):
                self.records[peer] = (incarnation, sequence)
            case d.Finished():
                self.finished = True

    def _look(self) -> None:
        self._read()
        self.give(inputs.Looked())

    def _start_ended(self, service: str, term: int) -> None:
        if self.holding.get(service) != term:
            return
        if service in self.fails:
            del self.holding[service]
            self.give(inputs.StartFailed(service, term, "it is made to fail", True))
        else:
            self.give(inputs.Started(service, term))

    def _checked(self, service: str, term: int) -> None:
        self.give(inputs.Checked(service, term, self.sick.get(service)))

    def _released(self, service: str, term: int) -> None:
        self.holding.pop(service, None)
        self.give(inputs.Released(service, term, "", True))
