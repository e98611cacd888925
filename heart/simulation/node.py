"""A simulated node: the real core and the real codec on a machine that sleeps, dies and is slow."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import inf
from typing import Any

from heart.beat import Beat, Order
from heart.codec import Refusal
from heart.core import decisions as d
from heart.core import inputs
from heart.core.cluster import Core
from heart.core.inputs import Heard, Refused
from heart.core.settings import Settings
from heart.core.state import Record
from heart.simulation.clock import MachineClock
from heart.simulation.frames import Frames
from heart.simulation.invariants.facts import Facts
from heart.simulation.medium import Medium
from heart.simulation.scripts import Scripts, carry_out
from heart.simulation.world import World

BUFFER = 512  # frames that a socket keeps for a node that does not read
TIME_OF_DAY = 1_700_000_000  # seconds since 1970 when a simulation begins
HAIR = 1e-9  # seconds by which two ways to reckon the same time may differ


class SimulatedNode:
    """One machine on a world's media, with a daemon that lives or does not.

    `scripts` are its services' resources. `answers` are what operators were told, by number, `life` counts
    the lives of its daemon. What the state directory keeps is `orders`, `terms`, `records`, `voters` and
    the incarnation. `time_of_day` is by how much its time of day is wrong, in seconds.
    """

    def __init__(
        self,
        world: World,
        settings: Settings,
        frames: Frames,
        media: tuple[Medium, ...],
        facts: Facts,
        clock: MachineClock | None = None,
    ) -> None:
        self.name = settings.node
        self.world = world
        self.settings = settings
        self.frames = frames
        self.media = {medium.name: medium for medium in media}
        self.facts = facts
        self.clock = clock or MachineClock(world)
        self.scripts = Scripts(self._later, self.give, self._runs)
        self.answers: dict[int, d.Answered] = {}
        self.core: Core | None = None
        self.finished = False
        self.paused = False
        self.time_of_day = 0.0
        self.life = self._asked = self._stop = 0
        self._sent, self._reached = facts.of("sent"), facts.of("reached")
        self._decided = facts.of("decided")
        self._received: list[tuple[str, bytes]] = []
        self._waiting: list[Callable[[], None]] = []
        self._armed = inf
        self._timer = 0
        self._latest = -inf
        self._lag, self._slow_until, self._reads_at = 0.0, -inf, -inf
        self.forget()
        for medium in media:
            medium.plug_in(self.name, self.frame)

    @property
    def holding(self) -> dict[str, int]:
        """The services whose resources run here, each with its term."""
        return self.scripts.holding

    def forget(self) -> None:
        """The state directory is lost."""
        self.incarnation = 0
        self.terms: dict[str, int] = {}
        self.records: dict[str, Record] = {}
        self.orders: tuple[Order, ...] = ()
        self.voters: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())

    def start(self) -> None:
        """Begin a life of the daemon; what an earlier one left behind is released first."""
        self.life += 1
        self.scripts.vanish()
        self.finished = self.paused = False
        self.clock.resume()
        self._received, self._waiting = [], []
        self._slow_until = self._reads_at = -inf
        seconds = int(TIME_OF_DAY + self.time_of_day + self.world.now)
        self.incarnation = max(self.incarnation + 1, seconds)
        self.core = Core(
            self.settings,
            self.clock.awake(),
            self.clock.boot(),
            incarnation=self.incarnation,
            seconds=seconds,
            terms=dict(self.terms),
            records=dict(self.records),
            orders=self.orders,
            voters=self.voters[0],
            coming=self.voters[1],
        )
        self._armed = inf
        self.facts.tell("began", self.world.now, self.name, self.incarnation)
        for link, medium in self.media.items():
            if self.name not in medium.condition.away:
                self.give(inputs.LinkUp(link))

    def kill(self) -> None:
        """The machine dies: nothing of it runs any more."""
        self.life += 1
        self.core = None
        self.paused = False
        self.scripts.vanish()
        self.facts.tell("died", self.world.now, self.name)

    def shut_down(self) -> None:
        """An operator ends the daemon: it lets go, and says goodbye."""
        self.give(inputs.Shutdown("the daemon is being stopped"))

    def pause(self, seconds: float, whole: bool = False, clock_stops: bool = False) -> None:
        """The daemon is stopped for a while, and its resources go on; or with them the whole machine.

        Where its clock stops, too, the machine is suspended.
        """
        if self.core is None or self.paused or self.finished:
            return
        self.paused = True
        if clock_stops:
            self.clock.suspend()
        self.facts.tell("stalled", self.world.now, self.name)
        self.world.after(seconds, self._wake, self.life)

    def slow(self, lag: float, seconds: float) -> None:
        """For a while the daemon gets the processor that much later, each time."""
        self._lag = max(lag, self.lag)
        self._slow_until = max(self._slow_until, self.world.now + seconds)

    def quicken(self) -> None:
        """It is slow no longer."""
        self._slow_until = min(self._slow_until, self.world.now)

    @property
    def lag(self) -> float:
        """By how many seconds it may be late now."""
        return self._lag if self.world.now < self._slow_until + self._lag else 0.0

    def give(self, event: inputs.Input) -> None:
        """Have the core take an input in, and carry out what it decides."""
        if self.core is None or self.finished:
            return
        if self.paused:
            self._waiting.append(partial(self.give, event))
            return
        self._step(self._awake(), event)
        self._arm()

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

    def unplug(self, link: str) -> None:
        """This node's end of a link is gone."""
        medium = self.media[link]
        medium.suffer(away=medium.condition.away | {self.name})
        self.give(inputs.LinkDown(link, "unplugged"))

    def plug(self, link: str) -> None:
        """It is back."""
        medium = self.media[link]
        medium.suffer(away=medium.condition.away - {self.name})
        self.give(inputs.LinkUp(link))

    def frame(self, link: str, frame: bytes) -> None:
        """A frame reaches this node on a link."""
        if self.core is None or self.finished:
            return
        if not self.paused and self.world.now >= self._slow_until:
            self._hear(link, frame)
        elif len(self._received) < BUFFER:
            self._received.append((link, frame))
            beat = self.frames.decode(frame)
            if isinstance(beat, Beat):
                self.facts.tell("arrived", self.world.now, self.name, link, beat)
            if not self.paused:
                self._read_later()

    def _hear(self, link: str, frame: bytes) -> None:
        beat = self.frames.decode(frame)
        if type(beat) is Refusal:
            self._step(self._awake(), Refused(link, beat.value))
        elif isinstance(beat, Beat):
            for told in self._reached:
                told(self.world.now, self.name, link, beat)
            self._step(self._awake(), Heard(link, beat))
        if self.core is not None and self.core.next_deadline() < self._armed:
            self._arm()

    def _step(self, awake: float, event: inputs.Input) -> None:
        if self.core is None:
            return
        for decision in self.core.step(awake, self.clock.boot(), event):
            if isinstance(decision, d.Send):
                self._send(decision)
            else:
                for told in self._decided:
                    told(self.world.now, self.name, decision)
                self._carry_out(decision)

    def _send(self, decision: d.Send) -> None:
        beat, links = decision.beat, decision.links
        for told in self._sent:
            told(self.world.now, self.name, beat, links)
        frame = self.frames.encode(beat)
        for link in links:
            self.media[link].send(self.name, frame)

    def _arm(self) -> None:
        """Have the core called by its deadline; a timer that would come later is void from now on."""
        if self.core is None or self.finished:
            return
        due = self.core.next_deadline()
        if due < self._armed:
            self._armed = due
            self._timer += 1
            at = max(self.clock.when(due), self.world.now)
            self.world.at(at, self._tick, self._timer, self.life)

    def _tick(self, timer: int, life: int) -> None:
        if timer != self._timer or life != self.life or self.core is None or self.paused:
            return
        if self.world.now < self._slow_until:
            self._read_later()
            return
        self._armed = inf
        due = self.core.next_deadline()
        awake = self._awake()
        if abs(due - awake) < HAIR:
            self._latest = awake = due
        if awake >= due:
            self._step(awake, inputs.Tick())
        self._arm()

    def _awake(self) -> float:
        """The clock, which does not go back: not by the last bit of a number either."""
        self._latest = max(self._latest, self.clock.awake())
        return self._latest

    def _read_later(self) -> None:
        """A slow node acts on all that has come, when it gets the processor."""
        if self._reads_at <= self.world.now:
            lag = self._lag * self.world.chance.fraction()
            self._reads_at = self.world.now + lag
            self.world.at(self._reads_at + HAIR, self._act_late, self.life)

    def _act_late(self, life: int) -> None:
        if life == self.life and not self.paused:
            self._act()

    def _wake(self, life: int) -> None:
        if life != self.life:
            return
        self.paused = False
        self.clock.resume()
        self.facts.tell("woke", self.world.now, self.name)
        self._act()
        waiting, self._waiting = self._waiting, []
        for act in waiting:
            act()

    def _act(self) -> None:
        """What is due is done first, then what has come in is read, as a reactor does."""
        self._armed = inf
        self.give(inputs.Tick())
        self._read()

    def _read(self) -> None:
        received, self._received = self._received, []
        for link, frame in received:
            if self.core is not None and not self.finished:
                self._hear(link, frame)

    def _later(self, seconds: float, act: Callable[..., None], *args: Any) -> None:
        """Do something after so many seconds of this machine, in this life; a paused one does it later."""
        if seconds < inf:
            self.world.after(self.clock.lasts(seconds), self._do, self.life, act, args)

    def _do(self, life: int, act: Callable[..., None], args: tuple[Any, ...]) -> None:
        if life != self.life:
            return
        if self.paused:
            self._waiting.append(partial(self._do, life, act, args))
        else:
            act(*args)

    def _carry_out(self, decision: d.Decision) -> None:
        match decision:
            case d.LookAgain():
                self._later(0.0, self._look)
            case d.Ask(service, term, _):
                self._later(0.0, self.give, inputs.Answer(service, term, True))
            case d.Answered(number):
                self.answers[number] = decision
            case d.StoreOrders(orders):
                self.orders = orders
            case d.StoreTerm(service, term):
                self.terms[service] = term
            case d.StoreIncarnation(incarnation):
                self.incarnation = incarnation
            case d.StorePeer(peer, incarnation, sequence):
                self.records[peer] = (incarnation, sequence)
            case d.StoreVoters(voters, coming):
                self.voters = (voters, coming)
                self._later(0.0, self.give, inputs.VotersKept(coming))
            case d.Finished():
                self.finished = True
                self.facts.tell("died", self.world.now, self.name)
            case _:
                carry_out(self.scripts, decision)

    def _look(self) -> None:
        self._read()
        self.give(inputs.Looked())

    def _runs(self, service: str, term: int | None) -> None:
        if term is None:
            self.facts.tell("let_go", self.world.now, self.name, service)
        else:
            self.facts.tell("took", self.world.now, self.name, service, term)
