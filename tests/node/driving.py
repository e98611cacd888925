"""A driver with a real core and codec, on a clock of the test's, whose hands are all fakes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from heart.beat import Beat
from heart.codec import Codec, Refusal
from heart.core import decisions as d
from heart.core import inputs
from heart.core.cluster import Core
from heart.core.settings import Settings
from heart.interfaces import IArbiter, ILink, LinkUser, Question, Tenure
from heart.keys import Keys
from heart.node.clocks import Clocks
from heart.node.driver import Driver
from heart.node.hands import Hands
from tests.core.support import DAY, Bench, FakePeer, make_settings
from tests.node.support import Anything

KEYS = Keys({1: b"k" * 32}, 1)


@implementer(ILink)
class FakeLink:
    """A medium that keeps what is sent, and hands over when drained what the system has received.

    A `fault` is raised by `send`, against all that a link promises.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.skipped = 0
        self.damaged = 0
        self.sent: list[bytes] = []
        self.received: list[bytes] = []
        self.drained = 0
        self.fault: Exception | None = None
        self._user: LinkUser | None = None

    def start(self, user: LinkUser) -> None:
        """Open at once."""
        self._user = user
        user.link_up(self.name)

    def send(self, frame: bytes) -> bool:
        """Keep it."""
        if self.fault is not None:
            raise self.fault
        self.sent.append(frame)
        return True

    def drain(self) -> None:
        """Hand over everything, also what comes meanwhile."""
        self.drained += 1
        while self.received:
            assert self._user is not None
            self._user.frames_received(self.name, [self.received.pop(0)])

    def descriptor(self) -> int | None:
        """There is none."""
        return None

    def stop(self) -> Deferred[None]:
        """Nothing is left."""
        return succeed(None)


class FakeSequence:
    """The resources of a service: takes orders, and ends them as the test says, at once where `prompt`."""

    def __init__(self, prompt: bool = True) -> None:
        self.user: Any = None
        self.prompt = prompt
        self.orders: list[tuple[str, Tenure, float | None]] = []
        self.announced = 0
        self.printed: dict[str, str] = {}

    def take_over(self, tenure: Tenure) -> None:
        """Take the order."""
        self.orders.append(("take over", tenure, None))
        if self.prompt:
            self.user.started(tenure)

    def release(self, tenure: Tenure, budget: float | None) -> None:
        """Take the order."""
        self.orders.append(("release", tenure, budget))
        if self.prompt:
            self.user.released(tenure, True, "")

    def announce(self) -> None:
        """Count it."""
        self.announced += 1

    def output(self) -> dict[str, str]:
        """What its scripts printed."""
        return self.printed

    @property
    def ordered(self) -> list[tuple[str, str]]:
        """Each order and its reason."""
        return [(order, tenure.reason) for order, tenure, _ in self.orders]


class FakeMemory:
    """Keeps what is to be kept in the order in which it came."""

    def __init__(self) -> None:
        self.kept: list[tuple[object, ...]] = []
        self.on_disk: list[Deferred[None]] = []

    def term(self, service: str, term: int) -> None:
        """Keep it."""
        self.kept.append(("term", service, term))

    def incarnation(self, incarnation: int) -> None:
        """Keep it."""
        self.kept.append(("incarnation", incarnation))

    def peer(self, name: str, incarnation: int, sequence: int) -> None:
        """Keep it."""
        self.kept.append(("peer", name, incarnation, sequence))

    def voters(self, voters: tuple[str, ...], coming: tuple[str, ...]) -> Deferred[None]:
        """Keep them; the test says when they are on the disk."""
        self.kept.append(("voters", voters, coming))
        self.on_disk.append(Deferred())
        return self.on_disk[-1]


class FakeHistory:
    """Keeps events as they are reported."""

    def __init__(self) -> None:
        self.incarnation = 0
        self.events: list[dict[str, object]] = []

    def report(self, event: dict[str, object]) -> None:
        """Keep it."""
        self.events.append(event)

    def kinds(self) -> list[object]:
        """The kinds of all events."""
        return [event["kind"] for event in self.events]


@implementer(IArbiter)
class FakeArbiter:
    """Answers as the test says."""

    name = "fake"

    def __init__(self) -> None:
        self.questions: list[Question] = []
        self.answer: Callable[[], Deferred[bool]] = lambda: succeed(True)

    def ask(self, question: Question) -> Deferred[bool]:
        """Keep the question."""
        self.questions.append(question)
        return self.answer()


class CountingCodec(Codec):
    """Counts what it decodes."""

    decoded = 0

    def decode(self, frame: bytes) -> Beat | Refusal:
        """Decode it."""
        self.decoded += 1
        return super().decode(frame)


class Rig:
    """A node without a machine. Its loop turns as often as the reactor's would while time passes."""

    def __init__(self, settings: Settings | None = None, reactor: Clock | None = None) -> None:
        self.clock = reactor or Clock()
        self.settings = settings or make_settings(cable=None)
        self.suspended = 0.0
        self.core = Core(
            self.settings,
            self.awake(),
            self.boot(),
            incarnation=DAY,
            seconds=DAY,
            terms={},
            records={},
        )
        self.codec = CountingCodec(self.settings.cluster, KEYS)
        self.links = {link.name: FakeLink(link.name) for link in self.settings.links}
        self.sequences = {service.name: FakeSequence() for service in self.settings.services}
        self.memory, self.history, self.arbiter = FakeMemory(), FakeHistory(), FakeArbiter()
        self.finished = self.broken = 0
        self.driver = Driver(
            self.core,
            self.codec,
            self.clock,
            Clocks(self.awake, self.boot),
            cast(Hands, self._hands()),
            self.arbiter,
            finished=self._finish,
            broken=self._break,
        )
        for sequence in self.sequences.values():
            sequence.user = self.driver

    def awake(self) -> float:
        """The clock that stands still while the machine is suspended."""
        return self.clock.seconds()

    def boot(self) -> float:
        """The clock that does not."""
        return self.clock.seconds() + self.suspended

    def begin(self) -> None:
        """Begin as a node does: a tick, then the links."""
        self.driver.give(inputs.Tick())
        for link in self.links.values():
            link.start(self.driver)

    def run(self, seconds: float, step: float = 0.005) -> None:
        """Let time pass in small steps."""
        for _ in range(round(seconds / step)):
            self.clock.advance(step)

    def beats(self, link: str = "lan") -> list[Beat]:
        """What was sent on a link, as peers understand it."""
        decoded = [Codec(self.settings.cluster, KEYS).decode(frame) for frame in self.links[link].sent]
        beats = [beat for beat in decoded if isinstance(beat, Beat)]
        assert len(beats) == len(decoded)
        return beats

    def frame(self, peer: FakePeer) -> bytes:
        """A peer's next beat, as a frame; it has heard all that was sent."""
        return self.codec.encode(peer.beat(cast(Bench, Anything(core=self.core, settings=self.settings))))

    def _hands(self) -> object:
        return Anything(links=self.links, sequences=self.sequences, history=self.history, memory=self.memory)

    def _finish(self) -> None:
        self.finished += 1
        self.driver.stop()

    def _break(self) -> None:
        self.broken += 1


class ScriptedCore:
    """Takes the place of a core's `step`: decides what the test has written down, then nothing."""

    def __init__(self, case: SynchronousTestCase, rig: Rig) -> None:
        self.taken: list[inputs.Input] = []
        self.plan: list[tuple[type, Sequence[d.Decision] | Exception]] = []
        case.patch(rig.core, "step", self._step)
        case.patch(rig.core, "next_deadline", lambda: rig.awake() + 1000.0)

    def on(self, kind: type, *decisions: d.Decision) -> None:
        """The next input of this kind leads to these decisions."""
        self.plan.append((kind, decisions))

    def fail_on(self, kind: type, error: Exception) -> None:
        """The next input of this kind makes the core fail."""
        self.plan.append((kind, error))

    def _step(self, awake: float, boot: float, event: inputs.Input) -> Sequence[d.Decision]:
        self.taken.append(event)
        for number, (kind, outcome) in enumerate(self.plan):
            if isinstance(event, kind):
                del self.plan[number]
                if isinstance(outcome, Exception):
                    raise outcome
                return outcome
        return ()
