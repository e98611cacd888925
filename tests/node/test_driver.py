"""The driver: what happens reaches the core, and what the core decides is done, in order."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, fail, succeed
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from heart.beat import GOODBYE, Beat, Word
from heart.core import decisions as d
from heart.core import inputs
from heart.interfaces import IArbiter, ILink, LinkUser, Tenure
from heart.node.deeds import OUTPUT_KEPT
from heart.resources.sequence import SequenceUser
from tests.core.support import DAY, TIMING, FakePeer, make_settings
from tests.node.driving import FakeArbiter, FakeLink, Rig, ScriptedCore
from tests.node.support import logged

NAMESPACE = "heart.node"
MANY = 100  # questions in a fraction of a second that are too many
ALONE = 5.2  # seconds after which a lone node may take what it is preferred for


def tenure(reason: str = "start", previous: str | None = None, term: int = 7) -> Tenure:
    """A tenure of the service."""
    return Tenure("web", "alpha", "web", term, reason, previous)


def report(kind: str) -> d.Report:
    """An event of that kind."""
    return d.Report(kind, "because", {"service": "web"})


def beat(sequence: int, word: Word | None = None) -> Beat:
    """A beat of this node."""
    return Beat("alpha", DAY, sequence, 0, (sequence,), (), (), word or Word((), (), b""))


class DriverCase(SynchronousTestCase):
    """A driver among fakes."""

    def setUp(self) -> None:
        """Make it; nothing has begun."""
        self.rig = Rig()
        self.driver = self.rig.driver
        self.lan = self.rig.links["lan"]
        self.web = self.rig.sequences["web"]
        self.log = logged(self, NAMESPACE)

    def flush_one_fault(self) -> None:
        """One fault of our own was logged, with its traceback, and no second one."""
        self.assertEqual(len(self.flushLoggedErrors()), 1)


class FakesTests(SynchronousTestCase):
    """What stands in for the rest of a node."""

    def test_interfaces(self) -> None:
        """The fakes are what they stand for, and the driver is whom they tell."""
        self.assertTrue(verifyObject(ILink, FakeLink("lan")))
        self.assertTrue(verifyObject(IArbiter, FakeArbiter()))
        rig = Rig()
        users: tuple[LinkUser, SequenceUser] = (rig.driver, rig.driver)
        for name in ("frames_received", "link_up", "link_down", "started", "start_failed", "released"):
            self.assertTrue(callable(getattr(users[0], name)), name)


class BeatTests(DriverCase):
    """Beats go out by the clock."""

    def test_at_once(self) -> None:
        """A node speaks as soon as a link is open."""
        self.rig.begin()
        self.assertEqual([beat.sender for beat in self.rig.beats()], ["alpha"])

    def test_every_beat(self) -> None:
        """From then on there is one for each `beat`, and the timer is set anew each time."""
        self.rig.begin()
        self.rig.run(TIMING.beat / 2)
        for count in range(1, 40):
            before = len(self.lan.sent)
            self.rig.run(TIMING.beat)
            self.assertEqual(len(self.lan.sent) - before, 1, f"in interval {count}")
        numbers = [beat.sequence for beat in self.rig.beats()]
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))

    def test_every_link(self) -> None:
        """A beat is encoded once and sent on each link that takes it."""
        rig = Rig(make_settings())
        rig.begin()
        rig.run(1.0)
        self.assertTrue(rig.links["cable"].sent)
        self.assertLessEqual(set(rig.links["cable"].sent), set(rig.links["lan"].sent))

    def test_link_lost(self) -> None:
        """A link that is down is reported with its reason, and not used until it is open again."""
        self.rig.begin()
        self.driver.link_down("lan", "eth0 is gone")
        before = len(self.lan.sent)
        self.rig.run(1.0)
        self.assertEqual(len(self.lan.sent), before)
        down = [event for event in self.rig.history.events if event["kind"] == "link-down"]
        self.assertEqual([(event["reason"], event["link"]) for event in down], [("eth0 is gone", "lan")])
        self.driver.link_up("lan")
        self.assertEqual(len(self.lan.sent), before + 1)

    def test_late_loop(self) -> None:
        """A loop that comes back too late goes on beating, in the old rhythm and without catching up."""
        self.rig.begin()
        self.rig.run(0.55)
        before = len(self.lan.sent)
        self.rig.clock.advance(0.2)
        self.assertEqual(len(self.lan.sent), before + 1)
        self.rig.run(1.0)
        self.assertEqual(len(self.lan.sent), before + 11)

    def test_suspended(self) -> None:
        """The core is told of both clocks: a machine that was suspended is noticed by their difference."""
        self.rig.begin()
        self.rig.run(0.5)
        self.rig.suspended = 30.0
        self.rig.run(0.2)
        slept = [event for event in self.rig.history.events if event["kind"] == "slept"]
        self.assertEqual([event["seconds"] for event in slept], [30.0])

    def test_too_large(self) -> None:
        """A beat that does not fit into a frame is logged and not sent; all else goes on."""
        core = ScriptedCore(self, self.rig)
        too_long = beat(1, Word((), (), b"x" * 1200))
        core.on(inputs.Tick, d.Send(too_long, ("lan",)), report("slept"), d.Send(beat(2), ("lan",)))
        self.driver.give(inputs.Tick())
        self.assertEqual([beat.sequence for beat in self.rig.beats()], [2])
        self.assertEqual(self.rig.history.kinds(), ["slept"])
        self.assertEqual(self.log.levels, ["error"])
        self.assertIn("does not fit", self.log.lines[0])
        self.assertEqual(self.rig.broken, 0)


class TimerTests(DriverCase):
    """One timer, for the core's deadline."""

    def test_sooner(self) -> None:
        """A deadline that moves forward moves the timer."""
        deadline = 10.0
        ScriptedCore(self, self.rig)
        self.patch(self.rig.core, "next_deadline", lambda: deadline)
        self.driver.give(inputs.Tick())
        deadline = 3.0
        self.driver.give(inputs.LinkUp("lan"))
        self.assertEqual([call.getTime() for call in self.rig.clock.getDelayedCalls()], [3.0])

    def test_overdue(self) -> None:
        """A deadline that has passed already is kept in the loop's next turn, not within this one."""
        core = ScriptedCore(self, self.rig)
        self.rig.clock.advance(5.0)
        self.patch(self.rig.core, "next_deadline", lambda: 1.0 if len(core.taken) < 2 else 1000.0)
        self.driver.give(inputs.LinkUp("lan"))
        self.assertEqual(len(core.taken), 1)
        self.rig.clock.advance(0)
        self.assertEqual(core.taken[1:], [inputs.Tick()])

    @given(
        st.lists(
            st.one_of(
                st.floats(0, 2),
                st.binary(max_size=20),
                st.sampled_from(["beta", "beta, drained", "up", "down"]),
            ),
            max_size=40,
        )
    )
    def test_never_late(self, steps: list[float | bytes | str]) -> None:
        """Whatever happens, one timer is set, and never for a time after the core's deadline."""
        rig, peer = Rig(), FakePeer()
        rig.begin()
        for step in steps:
            if isinstance(step, float):
                rig.clock.advance(step)
            elif isinstance(step, bytes):
                rig.driver.frames_received("lan", [step])
            elif step == "up":
                rig.driver.link_up("lan")
            elif step == "down":
                rig.driver.link_down("lan", "pulled")
            elif step == "beta":
                rig.driver.frames_received("lan", [rig.frame(peer)])
            else:
                rig.links["lan"].received.append(rig.frame(peer))
            (timer,) = rig.clock.getDelayedCalls()
            self.assertLessEqual(timer.getTime(), max(rig.core.next_deadline(), rig.awake()) + 1e-9)
        self.assertEqual(rig.broken, 0)

    def test_stopped(self) -> None:
        """A driver that is stopped leaves no timer, and takes nothing in any more."""
        self.rig.begin()
        self.driver.stop()
        self.assertEqual(self.rig.clock.getDelayedCalls(), [])
        before = len(self.lan.sent)
        self.driver.give(inputs.Tick())
        self.driver.frames_received("lan", [self.rig.frame(FakePeer())])
        self.driver.link_down("lan", "pulled")
        self.driver.released(tenure(), True, "")
        self.assertEqual(len(self.lan.sent), before)
        self.assertEqual(self.rig.clock.getDelayedCalls(), [])
        self.driver.stop()


class FrameTests(DriverCase):
    """Frames that come in."""

    def setUp(self) -> None:
        """A node that beats, and a peer."""
        super().setUp()
        self.rig.begin()
        self.beta = FakePeer()

    def test_heard(self) -> None:
        """A good frame is decoded once and taken in: its sender is known from then on."""
        self.driver.frames_received("lan", [self.rig.frame(self.beta)])
        self.assertEqual(self.rig.codec.decoded, 1)
        self.assertEqual(self.rig.core.state.peers["beta"].sequence, 1)
        self.assertIn("node-up", self.rig.history.kinds())

    def test_refused(self) -> None:
        """What is refused is decoded no further, and counted by link and reason; nothing else comes of it."""
        good = self.rig.frame(self.beta)
        forged = good[:-1] + bytes([good[-1] ^ 1])
        for frame in (b"", b"noise", forged, forged, b"\xff" + good[1:], good + b"x" * 1200):
            self.driver.frames_received("lan", [frame])
        self.assertEqual(self.rig.core.ear.refused["lan"], {"length": 3, "signature": 2, "version": 1})
        self.assertEqual(self.rig.codec.decoded, 6)
        self.assertEqual(self.rig.core.state.peers["beta"].sequence, 0)

    def test_refused_by_the_core(self) -> None:
        """A frame that is replayed is signed well and still counts as refused."""
        frame = self.rig.frame(self.beta)
        self.driver.frames_received("lan", [frame])
        self.driver.frames_received("lan", [frame])
        self.assertEqual(self.rig.core.ear.refused["lan"], {"replayed": 1})

    def test_several(self) -> None:
        """Frames that come together are taken in one by one, in their order, the bad among the good."""
        frames = [self.rig.frame(self.beta), b"noise", self.rig.frame(self.beta)]
        self.driver.frames_received("lan", frames)
        self.assertEqual(self.rig.core.state.peers["beta"].sequence, 2)
        self.assertEqual(self.rig.core.ear.refused["lan"], {"length": 1})
        self.driver.frames_received("lan", [])
        self.assertEqual(self.rig.codec.decoded, 3)

    def test_unknown_link(self) -> None:
        """A frame of a link that the core does not know harms nobody."""
        self.driver.frames_received("other", [b"noise"])
        self.driver.frames_received("other", [self.rig.frame(self.beta)])
        self.assertEqual(self.rig.broken, 0)


class SecondLookTests(DriverCase):
    """Before a peer is called dead, the links hand over what has already come."""

    def setUp(self) -> None:
        """A peer that was up and has fallen silent, so that its verdict is one step away."""
        super().setUp()
        self.rig.begin()
        self.beta = FakePeer()
        for _ in range(20):
            self.rig.run(TIMING.beat)
            self.driver.frames_received("lan", [self.rig.frame(self.beta)])
        self.waiting = self.rig.frame(self.beta)
        self.rig.run(TIMING.dead - 0.01)
        self.assertIn("node-late", self.rig.history.kinds())
        self.drained = self.lan.drained  # it is looked at, too, where a tick is late

    def test_silent(self) -> None:
        """Where nothing is found, the peer is dead: each link was looked at."""
        self.rig.run(0.02)
        self.assertGreater(self.lan.drained, self.drained)
        self.assertIn("node-dead", self.rig.history.kinds())

    def test_heard_after_all(self) -> None:
        """A beat that lay in a socket's buffer is taken in before the verdict, which does not come."""
        self.lan.received.append(self.waiting)
        self.rig.run(0.02)
        self.assertGreater(self.lan.drained, self.drained)
        self.assertEqual(self.rig.core.state.peers["beta"].sequence, self.beta.sequence)
        self.assertNotIn("node-dead", self.rig.history.kinds())


class OrderTests(DriverCase):
    """Decisions are carried out one after the other, also where one leads to others."""

    def test_in_order(self) -> None:
        """What one step decides is done in the order of decision."""
        core = ScriptedCore(self, self.rig)
        core.on(inputs.Tick, report("one"), d.StoreTerm("web", 7), report("two"), d.StoreTerm("web", 8))
        order: list[object] = []
        self.patch(self.rig.history, "report", lambda event: order.append(event["kind"]))
        self.patch(self.rig.memory, "term", lambda service, term: order.append(term))
        self.driver.give(inputs.Tick())
        self.assertEqual(order, ["one", 7, "two", 8])

    def test_drained_within(self) -> None:
        """What frames lead to that a drain brings comes after what was decided before them."""
        core = ScriptedCore(self, self.rig)
        core.on(inputs.Tick, d.LookAgain(), report("decided before"))
        core.on(inputs.Heard, report("first frame"))
        core.on(inputs.Heard, report("second frame"))
        core.on(inputs.Looked, report("looked"))
        self.lan.start(self.driver)
        self.lan.received += [self.rig.frame(FakePeer()), self.rig.frame(FakePeer())]
        self.driver.give(inputs.Tick())
        self.assertEqual(
            self.rig.history.kinds(), ["decided before", "first frame", "second frame", "looked"]
        )

    def test_looked_after_the_frames(self) -> None:
        """The core is told that it was looked once all links have handed over, not between them."""
        self.rig = Rig(make_settings())
        core = ScriptedCore(self, self.rig)
        for link in self.rig.links.values():
            link.start(self.rig.driver)
            link.received.append(b"noise")
        core.taken.clear()
        core.on(inputs.Tick, d.LookAgain())
        self.rig.driver.give(inputs.Tick())
        refused = [inputs.Refused(link, "length") for link in ("lan", "cable")]
        self.assertEqual(core.taken, [inputs.Tick(), *refused, inputs.Looked()])

    def test_ended_before_the_order_returns(self) -> None:
        """Resources that have started before the order returns are heard of in their turn."""
        core = ScriptedCore(self, self.rig)
        core.on(inputs.Tick, d.TakeOver("web", 7, "start", None), report("takeover"))
        core.on(inputs.Started, report("held"), d.Release("web", 7, "shutdown", None))
        core.on(inputs.Released, report("released"))
        self.driver.give(inputs.Tick())
        self.assertEqual(self.rig.history.kinds(), ["takeover", "held", "released"])
        self.assertEqual(self.web.ordered, [("take over", "start"), ("release", "shutdown")])


class DecisionTests(DriverCase):
    """Each kind of decision reaches who is to act on it."""

    def setUp(self) -> None:
        """A core that decides what the test says."""
        super().setUp()
        self.core = ScriptedCore(self, self.rig)

    def decide(self, *decisions: d.Decision) -> None:
        """Have the core decide this."""
        self.core.on(inputs.Tick, *decisions)
        self.driver.give(inputs.Tick())

    def test_send(self) -> None:
        """A beat goes on the links that are named and on no other."""
        self.rig = Rig(make_settings())
        self.driver, self.core = self.rig.driver, ScriptedCore(self, self.rig)
        self.decide(d.Send(beat(1), ("cable",)), d.Send(beat(2), ("lan", "cable")))
        self.assertEqual([beat.sequence for beat in self.rig.beats("lan")], [2])
        self.assertEqual([beat.sequence for beat in self.rig.beats("cable")], [1, 2])

    def test_take_over_and_release(self) -> None:
        """Resources are told of the whole tenure: who held it before is told at its end, too."""
        self.decide(d.TakeOver("web", 7, "dead", "beta"))
        self.decide(d.Release("web", 7, "conflict", 0.3))
        self.assertEqual(
            self.web.orders,
            [("take over", tenure("dead", "beta"), None), ("release", tenure("conflict", "beta"), 0.3)],
        )

    def test_release_without_budget(self) -> None:
        """A release in its own time is ordered as such."""
        self.decide(d.Release("web", 7, "shutdown", None))
        self.assertEqual(self.web.orders, [("release", tenure("shutdown"), None)])

    def test_announce(self) -> None:
        """What is held is announced once more."""
        self.decide(d.Announce("web"))
        self.assertEqual(self.web.announced, 1)

    def test_kept(self) -> None:
        """Terms, incarnations and the newest of peers are kept."""
        self.decide(d.StoreTerm("web", 7), d.StoreIncarnation(8), d.StorePeer("beta", 9, 10))
        self.assertEqual(
            self.rig.memory.kept, [("term", "web", 7), ("incarnation", 8), ("peer", "beta", 9, 10)]
        )

    def test_greater_life(self) -> None:
        """Events from then on tell of the incarnation that was begun."""
        self.decide(d.StoreIncarnation(8))
        self.assertEqual(self.rig.history.incarnation, 8)

    def test_reported(self) -> None:
        """An event carries its kind, its reason and what the kind brings."""
        self.decide(d.Report("node-dead", "silent", {"peer": "beta", "probes": 7}))
        self.assertEqual(
            self.rig.history.events, [{"kind": "node-dead", "reason": "silent", "peer": "beta", "probes": 7}]
        )

    def test_output(self) -> None:
        """An event that tells how an order ended brings what the scripts printed, shortened to its end."""
        self.web.printed = {"script web": "x" * 5000 + "the end"}
        kinds = ("takeover", "held", "release", "released", "failed")
        self.decide(*(d.Report(kind, "because", {"service": "web"}) for kind in kinds))
        outputs = [event.get("output") for event in self.rig.history.events]
        self.assertEqual([output is not None for output in outputs], [False, True, False, True, True])
        for output in outputs:
            self.assertIn(output, (None, {"script web": "x" * (OUTPUT_KEPT - 7) + "the end"}))

    def test_no_output(self) -> None:
        """Where they printed nothing, nothing is said of it."""
        self.decide(d.Report("held", "because", {"service": "web"}))
        self.assertEqual(self.rig.history.events, [{"kind": "held", "reason": "because", "service": "web"}])

    def test_asked(self) -> None:
        """A question reaches the arbiter, and its answer the core, yes or no."""
        for granted in (True, False):
            self.rig.arbiter.answer = lambda granted=granted: succeed(granted)  # type: ignore[misc]
            self.decide(d.Ask("web", 7, ("beta",)))
            self.assertEqual(self.core.taken[-1], inputs.Answer("web", 7, granted))
        (first, second) = self.rig.arbiter.questions
        self.assertEqual((first.service, first.term, first.silent), ("web", 7, ("beta",)))
        self.assertEqual(first, second)

    def test_voters_kept(self) -> None:
        """The core is told of a set of voters when it is on the disk, and of none that another replaced."""
        first, second = d.StoreVoters(("alpha",), ("alpha", "beta")), d.StoreVoters(("alpha",), ())
        self.decide(first, second)
        self.assertEqual(
            self.rig.memory.kept[-2:],
            [("voters", ("alpha",), ("alpha", "beta")), ("voters", ("alpha",), ())],
        )
        for kept in self.rig.memory.on_disk:
            kept.callback(None)
        told = [event for event in self.core.taken if isinstance(event, inputs.VotersKept)]
        self.assertEqual(told, [inputs.VotersKept(())])

    def test_results(self) -> None:
        """What became of an order reaches the core with its term."""
        self.driver.started(tenure())
        self.driver.start_failed(tenure(), "exit status 1", False)
        self.driver.released(tenure(), True, "")
        self.assertEqual(
            self.core.taken,
            [
                inputs.Started("web", 7),
                inputs.StartFailed("web", 7, "exit status 1", False),
                inputs.Released("web", 7, "", True),
            ],
        )


class ArbiterTests(DriverCase):
    """Without the arbiter's word nothing is taken."""

    def wait_for(self, answer: Callable[[], Deferred[bool]]) -> None:
        """Be alone for long enough to want the service, with that answer."""
        self.rig.arbiter.answer = answer
        self.rig.begin()
        self.rig.run(ALONE)
        self.assertEqual(len(self.rig.arbiter.questions), 1)

    def test_agrees(self) -> None:
        """With its word the service is taken over and held."""
        self.wait_for(lambda: succeed(True))
        self.assertEqual(self.web.ordered, [("take over", "start")])
        self.assertEqual(self.rig.core.tenures.all[0].holding.value, "held")

    def test_refuses(self) -> None:
        """Without it nothing is taken."""
        answers = iter([succeed(False)])
        self.rig.arbiter.answer = lambda: next(answers, Deferred())
        self.rig.begin()
        self.rig.run(ALONE)
        self.assertIn(False, [event.get("granted") for event in self.rig.history.events])
        self.assertEqual(self.web.orders, [])

    def test_refuses_always(self) -> None:
        """One that says no at once is not asked again and again meanwhile: beats go on, and time passes."""

        def refuse() -> Deferred[bool]:
            if len(self.rig.arbiter.questions) > MANY:
                raise AssertionError(f"asked {MANY} times")
            return succeed(False)

        self.rig.arbiter.answer = refuse
        self.rig.begin()
        self.rig.run(ALONE)
        self.assertEqual((self.rig.broken, self.flushLoggedErrors()), (0, []))
        self.assertEqual(self.web.orders, [])

    def test_fails(self) -> None:
        """An arbiter that fails, which it must not, is logged, and nothing is taken; beats go on."""
        self.wait_for(lambda: fail(RuntimeError("no opinion")))
        self.assertEqual(self.web.orders, [])
        self.assertEqual(self.rig.broken, 0)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
        self.assertIn("arbiter failed", self.log.lines[0])
        before = len(self.lan.sent)
        self.rig.run(1.0)
        self.assertGreaterEqual(len(self.lan.sent), before + 9)

    def test_changed(self) -> None:
        """A changed configuration brings another one to ask, or none: then the one before is asked."""
        core, later = ScriptedCore(self, self.rig), FakeArbiter()
        for number, arbiter in enumerate((None, later, None)):
            core.on(inputs.Reconfigure, d.Ask("web", number, ()))
            self.driver.reconfigure(self.rig.settings, self.rig.codec, arbiter)
        self.assertEqual([question.term for question in self.rig.arbiter.questions], [0])
        self.assertEqual([question.term for question in later.questions], [1, 2])

    def test_thinks(self) -> None:
        """While it thinks nothing is taken and beats go on; its word comes to the core when it comes."""
        word: Deferred[bool] = Deferred()
        self.wait_for(lambda: word)
        before = len(self.lan.sent)
        self.rig.run(0.5)
        self.assertGreaterEqual(len(self.lan.sent), before + 4)
        self.assertEqual(self.web.orders, [])
        word.callback(True)
        self.assertEqual(self.web.ordered, [("take over", "start")])


class EndTests(DriverCase):
    """A node that is stopped."""

    def setUp(self) -> None:
        """A node that holds the service."""
        super().setUp()
        self.rig.begin()
        self.rig.run(ALONE)
        self.assertEqual(self.web.ordered, [("take over", "start")])

    def test_goodbye(self) -> None:
        """It lets go, then says goodbye on its links, then is finished, once."""
        self.driver.give(inputs.Shutdown("the daemon is being stopped"))
        self.assertEqual(self.web.ordered[1:], [("release", "shutdown")])
        self.rig.run(1.0)
        self.assertEqual(self.rig.finished, 1)
        self.assertTrue(self.rig.beats()[-1].flags & GOODBYE)
        self.assertEqual(self.rig.clock.getDelayedCalls(), [])

    def test_no_goodbye_before_release(self) -> None:
        """Who holds something still does not say goodbye, however long it takes."""
        self.web.prompt = False
        self.driver.give(inputs.Shutdown("the daemon is being stopped"))
        self.rig.run(10.0)
        self.assertFalse([beat for beat in self.rig.beats() if beat.flags & GOODBYE])
        self.assertEqual(self.rig.finished, 0)
        self.driver.released(self.web.orders[-1][1], True, "")
        self.rig.run(1.0)
        self.assertEqual(self.rig.finished, 1)

    def test_finished_among_frames(self) -> None:
        """Frames that came together with the one at which it was finished do not finish it again."""
        core = ScriptedCore(self, self.rig)
        core.on(inputs.Heard, d.Finished())
        core.on(inputs.Heard, d.Finished(), report("released"))
        peer = FakePeer()
        before = len(self.rig.history.events)
        self.driver.frames_received("lan", [self.rig.frame(peer), self.rig.frame(peer)])
        self.assertEqual((self.rig.finished, self.rig.broken), (1, 0))
        self.assertEqual(len(self.rig.history.events), before)

    def test_no_link(self) -> None:
        """With every link down it ends all the same."""
        self.driver.link_down("lan", "pulled")
        self.driver.give(inputs.Shutdown("the daemon is being stopped"))
        self.rig.run(1.0)
        self.assertEqual(self.rig.finished, 1)


class FaultTests(DriverCase):
    """A fault of our own: nothing that the core decides can be relied on."""

    def setUp(self) -> None:
        """A node that beats."""
        super().setUp()
        self.rig.begin()
        self.rig.run(0.5)
        self.core = ScriptedCore(self, self.rig)
        self.before = len(self.lan.sent)

    def assert_broken(self) -> None:
        """It was told once and logged once, and the driver does nothing more."""
        self.assertEqual(self.rig.broken, 1)
        self.flush_one_fault()
        self.assertIn("fault of its own", self.log.lines[0])
        self.core.on(inputs.Tick, d.Send(beat(1), ("lan",)))
        self.driver.give(inputs.Tick())
        self.driver.frames_received("lan", [self.rig.frame(FakePeer())])
        self.rig.run(2.0)
        self.assertEqual(len(self.lan.sent), self.before, "it still beats")
        self.assertEqual(self.rig.clock.getDelayedCalls(), [])
        self.assertEqual((self.rig.broken, self.rig.finished), (1, 0))

    def test_core(self) -> None:
        """A core that fails is asked nothing any more."""
        self.core.fail_on(inputs.Tick, ZeroDivisionError())
        self.driver.give(inputs.Tick())
        self.assert_broken()

    def test_core_on_a_frame(self) -> None:
        """Also where it is a peer's frame that makes it fail; the link that brought it sees nothing of it."""
        self.core.fail_on(inputs.Heard, ZeroDivisionError())
        self.driver.frames_received("lan", [self.rig.frame(FakePeer())])
        self.assert_broken()

    def test_core_on_time(self) -> None:
        """Also where it is the timer that calls it."""
        self.core.fail_on(inputs.Tick, ZeroDivisionError())
        self.rig.run(1.0)
        self.assert_broken()

    def test_link(self) -> None:
        """A link that raises, which it must not, is a fault of our own; the caller sees nothing."""
        self.lan.fault = RuntimeError("a link of a third party")
        self.core.on(inputs.Tick, d.Send(beat(1), ("lan",)))
        self.driver.give(inputs.Tick())
        self.lan.fault = None
        self.assert_broken()

    def test_resource(self) -> None:
        """So is a sequence that refuses an order; what was decided after it is not done."""

        def refuse(taken: Tenure) -> None:
            raise RuntimeError("busy")

        self.patch(self.web, "take_over", refuse)
        self.core.on(inputs.Tick, d.TakeOver("web", 7, "start", None), report("takeover"))
        before = len(self.rig.history.events)
        self.driver.give(inputs.Tick())
        self.assert_broken()
        self.assertEqual(len(self.rig.history.events), before)

    def test_among_frames(self) -> None:
        """Frames that came together with the one that led to the fault are not taken in any more."""

        def refuse(taken: Tenure) -> None:
            raise RuntimeError("busy")

        self.patch(self.web, "take_over", refuse)
        self.core.on(inputs.Heard, d.TakeOver("web", 7, "start", None))
        self.core.on(inputs.Heard, d.Send(beat(1), ("lan",)))
        self.core.on(inputs.Heard, d.TakeOver("web", 8, "start", None))
        peer = FakePeer()
        self.driver.frames_received("lan", [self.rig.frame(peer) for _ in range(3)])
        self.assert_broken()

    def test_arbiter(self) -> None:
        """So is an arbiter that raises instead of answering."""

        def refuse() -> Deferred[bool]:
            raise RuntimeError("no opinion")

        self.rig.arbiter.answer = refuse
        self.core.on(inputs.Tick, d.Ask("web", 7, ()))
        self.driver.give(inputs.Tick())
        self.assert_broken()

    def test_core_within(self) -> None:
        """Where it fails on what a decision leads to, the decisions that stand after that one are not done.

        Everything has been let go of by then: a take-over that comes after would stay for ever.
        """
        self.core.on(
            inputs.Tick, d.LookAgain(), d.Send(beat(1), ("lan",)), d.TakeOver("web", 7, "start", None)
        )
        self.core.fail_on(inputs.Looked, ZeroDivisionError())
        self.driver.give(inputs.Tick())
        self.assertEqual(self.web.orders, [])
        self.assert_broken()

    def test_real_core(self) -> None:
        """A real core that fails while it holds a service: the last beat was the last."""
        rig = Rig()
        rig.begin()
        rig.run(ALONE)

        def fault(now: float) -> None:
            raise KeyError("web")

        self.patch(rig.core.tenures, "check", fault)
        rig.driver.give(inputs.Hindered("web", "no carrier"))  # news: the rules are looked at now
        sent = len(rig.links["lan"].sent)
        rig.run(2.0)
        self.assertEqual((rig.broken, len(rig.links["lan"].sent)), (1, sent))
        self.flush_one_fault()
