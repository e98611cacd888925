"""Whatever comes in, in whatever order: the core never raises, and keeps what must always hold."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from msgspec import structs
from twisted.trial.unittest import SynchronousTestCase

from heart.beat import ABLE, ASKS, CLAIMS, CLEAN, Beat
from heart.codec import Codec
from heart.config.model import Resource, ScriptResource, Timing
from heart.core import decisions as d
from heart.core import inputs
from heart.core.cluster import Core
from heart.core.settings import LinkSettings
from heart.simulation.invariants.base import Ground
from heart.simulation.invariants.facts import Facts
from heart.simulation.invariants.succession import TermsGrow
from heart.simulation.invariants.talking import NumbersGrow
from tests.beats import KEYS, beats
from tests.core.support import DAY, TIMING, Bench, FakePeer, make_settings

links = st.sampled_from(["lan", "cable", "no such link"])
IN_THE_MIDDLE = replace(
    make_settings(names=("alpha", "beta", "gamma")),
    links=(LinkSettings("lan", ("alpha", "beta")), LinkSettings("cable", ("alpha", "gamma"), 9600)),
)
steps = st.floats(0.0, 3.0, allow_nan=False)


class AnyBeatTests(SynchronousTestCase):
    """Beats with a good signature and any content."""

    @settings(max_examples=300)
    @given(st.lists(st.tuples(steps, links, beats, st.sampled_from(["alpha", "beta", "gamma"])), max_size=20))
    def test_never_raises(self, script: list[tuple[float, str, Beat, str]]) -> None:
        """No beat, whatever a peer that has the key puts into it, raises; all that we send can be sent."""
        codec = Codec("web", KEYS)
        for bench in (Bench(), Bench(IN_THE_MIDDLE)):
            for seconds, link, beat, sender in script:
                bench.now += seconds
                bench.give(inputs.Heard(link, structs.replace(beat, sender=sender)))
                bench.give(inputs.Tick())
            for send in bench.of(d.Send):
                codec.decode(codec.encode(send.beat))

    @settings(max_examples=100)
    @given(st.lists(st.tuples(steps, links, beats), max_size=15), st.integers(0, 2))
    def test_same_inputs_same_decisions(self, script: list[tuple[float, str, Beat]], spare: int) -> None:
        """The same inputs at the same times give the same decisions, to the byte."""
        histories = []
        for _ in range(2):
            bench = Bench()
            for seconds, link, beat in script:
                bench.now += seconds
                bench.give(inputs.Heard(link, structs.replace(beat, sender="beta")))
            histories.append(bench.decided)
        self.assertEqual(*histories)


class CoreMachine(RuleBasedStateMachine):
    """A core, a peer with any behaviour, resources that answer late or never, and time in any steps."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.settings = make_settings(cable=9600, restarts=1, monitor=0.5, failback=True, forget=2.0)
        self.core = Core(self.settings, 0.0, 0.0, incarnation=DAY, seconds=DAY, terms={}, records={})
        self.beta = FakePeer()
        self.bench = Bench()  # what FakePeer asks for the newest beat; it shares our core
        self.bench.core = self.core
        self.orders: list[d.TakeOver | d.Restart | d.Release] = []
        self.asked: set[int] = set()
        self.terms: list[int] = []
        self.running: int | None = None
        self.finished = False
        ground = Ground(
            ("alpha", "beta"),
            TIMING,
            TIMING,
            0.3,
            lambda a, b: (0.0, 0.1),
            lambda node: 0.0,
            lambda node: ("beta",) if node == "alpha" else ("alpha",),
        )
        self.facts = Facts((TermsGrow(ground), NumbersGrow(ground)))
        self.give(inputs.Tick())
        self.give(inputs.LinkUp("lan"))

    def give(self, event: inputs.Input) -> None:
        """Have the core take an input in and note what it decides."""
        for decision in self.core.step(self.now, self.now, event):
            if isinstance(decision, d.Send):
                self.facts.tell("sent", self.now, "alpha", decision.beat, decision.links)
            if isinstance(decision, d.TakeOver):
                self.facts.tell("took", self.now, "alpha", decision.service, decision.term)
                assert self.running is None, "took over what it had not let go of"
                self.running = decision.term
                if self.terms[-1:] != [
                    decision.term
                ]:  # a start that failed is tried again in the same tenure
                    self.terms.append(decision.term)
            if isinstance(decision, d.Restart):
                assert self.running == decision.term, "started anew what did not run"
            if isinstance(decision, d.TakeOver | d.Restart | d.Release):
                self.orders.append(decision)
            if isinstance(decision, d.Forget):
                assert self.running is None, "forgot what ran"
            if isinstance(decision, d.Answered):
                self.asked.remove(decision.number)
            self.finished |= isinstance(decision, d.Finished)
            if isinstance(decision, d.Finished):
                assert self.running is None, "ended while something ran"

    @rule(seconds=steps)
    def time_passes(self, seconds: float) -> None:
        """Time passes in one leap, in which the node may have slept."""
        self.now += seconds
        self.give(inputs.Tick())

    @rule(seconds=st.floats(0, 2))
    def time_is_kept(self, seconds: float) -> None:
        """Time passes, and the core is called by each of its deadlines."""
        end = self.now + seconds
        for _ in range(2000):
            due = self.core.next_deadline()
            if due > end or self.finished:
                break
            self.now = max(self.now, due)
            self.give(inputs.Tick())
        else:
            raise AssertionError("the core asks to be called again and again without time passing")
        self.now = max(self.now, end)

    @rule(
        flags=st.sampled_from([0, CLEAN, ABLE | CLEAN, ABLE | CLAIMS, ABLE | CLEAN | ASKS]),
        term=st.integers(DAY, DAY + 40),
        hears=st.booleans(),
        link=st.sampled_from(["lan", "cable"]),
    )
    def beta_beats(self, flags: int, term: int, hears: bool, link: str) -> None:
        """The peer says something."""
        self.beta.service_flags, self.beta.term, self.beta.hears = flags, term, hears
        self.give(inputs.Heard(link, self.beta.beat(self.bench)))

    @rule()
    def beta_says_goodbye(self) -> None:
        """The peer ends, and may come back as another incarnation."""
        self.give(inputs.Heard("lan", self.beta.goodbye(self.bench)))
        self.beta = FakePeer(incarnation=self.beta.incarnation + 1)

    @rule(granted=st.booleans())
    def arbiter_answers(self, granted: bool) -> None:
        """The arbiter answers, asked or not."""
        tenure = self.core.tenures.named("web")
        self.give(inputs.Answer("web", 0 if tenure is None else tenure.term, granted))

    @rule()
    def looked(self) -> None:
        """A second look is done, asked for or not."""
        self.give(inputs.Looked())

    @rule(good=st.booleans(), clean=st.booleans())
    def order_is_done(self, good: bool, clean: bool) -> None:
        """The resources have done what was ordered last, well or not."""
        if not self.orders:
            return
        order = self.orders[-1]
        self.orders.clear()
        if isinstance(order, d.Release):
            self.running = None
            self.give(inputs.Released("web", order.term, "", clean))
        elif good:
            self.give(inputs.Started("web", order.term))
        else:
            self.running = None
            self.give(inputs.StartFailed("web", order.term, "exit 1", clean))

    @rule(problem=st.sampled_from([None, "exit 1"]))
    def checked(self, problem: str | None) -> None:
        """The status of the resources is known, asked for or not."""
        self.give(inputs.Checked("web", self.terms[-1] if self.terms else 0, problem))

    @rule(reason=st.sampled_from([None, "no carrier"]))
    def hindered(self, reason: str | None) -> None:
        """The service could not be held here, or could again."""
        self.give(inputs.Hindered("web", reason))

    @rule(
        name=st.sampled_from(["move", "standby", "active", "retry", "set"]),
        subject=st.sampled_from(["web", "alpha", "beta", "gamma"]),
        value=st.sampled_from(["", "alpha", "beta", "gamma"]),
    )
    def operator_orders(self, name: str, subject: str, value: str) -> None:
        """An operator asks for something, possible or not; each is answered once."""
        number = 1 + max(self.asked, default=0)
        self.asked.add(number)
        self.give(inputs.Command(number, name, subject, value))

    @rule(
        timing=st.sampled_from([TIMING, replace(TIMING, beat=0.02, late=0.05, dead=0.2, lease=0.12)]),
        nodes=st.sampled_from([("alpha", "beta"), ("beta",), ("beta", "alpha")]),
        resources=st.sampled_from([(), (ScriptResource(("/bin/true",), 1.0),)]),
        there=st.booleans(),
    )
    def reload(
        self, timing: Timing, nodes: tuple[str, ...], resources: tuple[Resource, ...], there: bool
    ) -> None:
        """The configuration changes: the timing, and the service, or that there is one."""
        web = replace(self.settings.services[0], nodes=nodes, resources=resources)
        services = (web,) if there else ()
        changed = replace(
            self.settings, timing=timing, services=services, configuration=repr((timing, services))
        )
        self.give(inputs.Reconfigure(changed))

    @rule(link=st.sampled_from(["lan", "cable"]), up=st.booleans())
    def link_changes(self, link: str, up: bool) -> None:
        """A medium goes or comes."""
        self.give(inputs.LinkUp(link) if up else inputs.LinkDown(link, "pulled"))

    @rule()
    def shutdown(self) -> None:
        """The operator ends the daemon."""
        self.give(inputs.Shutdown("asked to"))

    @invariant()
    def terms_grow(self) -> None:
        """Every takeover has a greater term than the one before."""
        assert self.terms == sorted(set(self.terms))

    @invariant()
    def claims_what_runs(self) -> None:
        """Whatever runs here is claimed in the beats."""
        if self.running is not None:
            assert self.core.tenures.words()[0].flags & CLAIMS, "not claimed"

    @invariant()
    def wakes_up(self) -> None:
        """There is always a time by which the core wants to be called, until it has finished."""
        assert self.finished or self.core.next_deadline() < float("inf")


class StateMachineTests(SynchronousTestCase):
    """The two state machines under any sequence of inputs."""

    def test_any_sequence(self) -> None:
        """No sequence of inputs breaks what must always hold."""
        run_state_machine_as_test(
            CoreMachine, settings=settings(max_examples=150, stateful_step_count=60, deadline=None)
        )
