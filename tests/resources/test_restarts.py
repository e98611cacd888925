"""Resources that are started again while the service stays, as they are or with others in their place."""

from __future__ import annotations

from tests.resources.fakes import TENURE
from tests.resources.support import FAILS, HANGS, LATER, STOP, SequenceCase


class RestartTests(SequenceCase):
    """Starting again what has failed."""

    def test_from_what_failed(self) -> None:
        """What a check found to have failed, and what comes after it, is stopped in reverse and started."""
        sequence = self.held("abc")
        self.made["b"].plans["status"] = FAILS
        sequence.check(TENURE)
        self.diary.clear()
        sequence.restart(LATER)
        self.assertEqual(
            self.diary, [("stop", "c", None), ("stop", "b", None), ("start", "b", None), ("start", "c", None)]
        )
        self.assertEqual(self.answers.given[1:], [("started", LATER)])

    def test_from_what_was_lost(self) -> None:
        """So is what was lost; of several, from the first of them on."""
        sequence = self.held("abc")
        self.made["c"].lose()
        self.made["b"].lose()
        sequence.restart(LATER)
        self.assertEqual(self.calls(), [("stop", "c"), ("stop", "b"), ("start", "b"), ("start", "c")])

    def test_all(self) -> None:
        """Where nothing is known to have failed, all are; what a failure was once is forgotten by then."""
        sequence = self.held("ab")
        self.made["b"].lose()
        sequence.check(TENURE)
        self.diary.clear()
        sequence.restart(LATER)
        self.assertEqual(self.calls(), [("stop", "b"), ("stop", "a"), ("start", "a"), ("start", "b")])

    def test_in_their_own_time(self) -> None:
        """Stops take their own time, not the emergency budget."""
        sequence = self.held("a")
        self.made["a"].plans["stop"] = (20, True)
        sequence.restart(LATER)
        self.clock.advance(20)
        self.assertEqual(self.answers.given, [("started", LATER)])

    def test_does_not_start(self) -> None:
        """Where one does not start, all that was begun is undone, what had gone on running too."""
        sequence = self.held("abc")
        self.made["b"].lose()
        self.answers.given.clear()
        self.made["b"].plans["start"] = FAILS
        sequence.restart(LATER)
        expected = [("stop", "c"), ("stop", "b"), ("start", "b"), ("stop", "b"), ("stop", "a")]
        self.assertEqual(self.calls(), expected)
        self.assertEqual(self.answers.given, [("start_failed", LATER, "b start failed", True)])
        self.assertEqual(self.answers.held[-1], (None, ()))

    def test_does_not_stop(self) -> None:
        """Where one does not stop, the others are stopped within the budget; nothing is started."""
        sequence = self.held("abc")
        self.made["c"].plans["stop"] = FAILS
        self.made["b"].plans["stop"] = HANGS
        sequence.restart(LATER)
        self.pass_time(STOP)
        self.assertEqual(self.calls(), [("stop", "c"), ("stop", "b"), ("stop", "a")])
        self.assertIsNone(self.diary[0][2])
        self.assertLess(self.diary[1][2] or STOP, STOP)
        self.assertEqual(self.answers.given, [("start_failed", LATER, "c stop failed; b stop failed", False)])
        self.assertLessEqual(self.answers.times[-1], STOP)
        self.assertEqual(self.answers.held[-1], (LATER, ()))

    def test_what_did_not_stop_is_tried_again(self) -> None:
        """A release after that tries again what could not be stopped, and nothing else."""
        sequence = self.held("ab")
        self.made["b"].plans["stop"] = FAILS
        sequence.restart(LATER)
        self.made["b"].plans["stop"] = (0.0, True)
        self.diary.clear()
        sequence.release(LATER, None)
        self.assertEqual(self.calls(), [("stop", "b")])
        self.assertEqual(self.answers.given[-1], ("released", LATER, True, ""))

    def test_again(self) -> None:
        """A restart leaves nothing behind: the next failure of another resource counts alone."""
        sequence = self.held("ab")
        self.made["a"].lose()
        sequence.restart(LATER)
        self.diary.clear()
        self.made["b"].lose()
        sequence.restart(LATER)
        self.assertEqual(self.calls(), [("stop", "b"), ("start", "b")])

    def test_release_while_stopping(self) -> None:
        """A release overtakes it: the stop under way is made again with a budget, and nothing is started."""
        sequence = self.held("ab")
        self.made["b"].plans["stop"] = (5, True)
        sequence.restart(TENURE)
        self.clock.advance(1)
        sequence.release(LATER, 0.3)
        self.pass_time(0.3)
        self.assertEqual(self.calls(), [("stop", "b"), ("interrupt", "b"), ("stop", "b"), ("stop", "a")])
        self.assertEqual(self.answers.given, [("released", LATER, False, "b stop failed")])
        self.assertLessEqual(self.answers.times[-1], 1.3)

    def test_patient_release_while_stopping(self) -> None:
        """One without a budget leaves the stop under way in peace, then goes on with the others."""
        sequence = self.held("ab")
        self.made["b"].lose()
        self.answers.given.clear()
        self.made["b"].plans["stop"] = (5, True)
        sequence.restart(TENURE)
        sequence.release(LATER, None)
        self.clock.advance(5)
        self.assertEqual(self.calls(), [("stop", "b"), ("stop", "a")])
        self.assertEqual(self.answers.given, [("released", LATER, True, "")])

    def test_release_while_starting(self) -> None:
        """A release interrupts the start under way, and is answered alone."""
        sequence = self.held("ab")
        self.made["b"].lose()
        self.answers.given.clear()
        self.made["b"].plans["start"] = HANGS
        sequence.restart(TENURE)
        sequence.release(LATER, 0.3)
        self.pass_time(0.3)
        expected = [("stop", "b"), ("start", "b"), ("interrupt", "b"), ("stop", "b"), ("stop", "a")]
        self.assertEqual(self.calls(), expected)
        self.assertEqual(self.answers.given, [("released", LATER, True, "")])
        self.assertLessEqual(self.answers.times[-1], 0.3)

    def test_lost_while_stopping(self) -> None:
        """An earlier one that is lost while later ones are stopped is started again with them."""
        sequence = self.held("ab")
        self.made["b"].lose()
        self.answers.given.clear()
        self.made["b"].plans["stop"] = (1, True)
        sequence.restart(LATER)
        self.made["a"].lose()
        self.clock.advance(1)
        self.assertEqual(self.calls(), [("stop", "b"), ("stop", "a"), ("start", "a"), ("start", "b")])
        self.assertEqual(self.answers.given, [("started", LATER)])

    def test_lost_while_starting(self) -> None:
        """An earlier one that is lost while later ones are started is told of after that."""
        sequence = self.held("ab")
        self.made["b"].lose()
        self.answers.given.clear()
        self.made["b"].plans["start"] = (1, True)
        sequence.restart(LATER)
        self.made["a"].lose()
        self.clock.advance(1)
        self.assertEqual(self.answers.given, [("started", LATER), ("checked", LATER, "gone")])


class RenewTests(SequenceCase):
    """Other resources from a changed configuration."""

    def test_at_rest(self) -> None:
        """While nothing is begun they come in at once: the old are closed, the new watched, what is the same
        goes on."""
        sequence = self.of("abc")
        old = dict(self.made)
        sequence.renew("axc")
        self.assertEqual([old[label].closed for label in "abc"], [False, True, True])
        self.assertIs(self.made["a"], old["a"])
        self.assertEqual([len(self.made[label].users) for label in "axc"], [1, 1, 1])
        sequence.take_over(TENURE)
        self.assertEqual(self.calls(), [("start", "a"), ("start", "x"), ("start", "c")])

    def test_before_watching(self) -> None:
        """Where nothing is watched yet, the new ones are not either."""
        sequence = self._sequence("a")
        sequence.renew("b")
        self.assertEqual(self.made["b"].users, [])
        sequence.watch()
        self.assertEqual(len(self.made["b"].users), 1)

    def test_the_same(self) -> None:
        """The same again changes nothing, also at the next restart."""
        sequence = self.held("ab")
        sequence.renew("ab")
        sequence.restart(LATER)
        self.assertEqual(self.calls(), [("stop", "b"), ("stop", "a"), ("start", "a"), ("start", "b")])
        self.assertFalse(self.made["a"].closed)

    def test_held(self) -> None:
        """While it is held they wait for the restart, which stops only from the first that differs on."""
        sequence = self.held("abc")
        old = dict(self.made)
        sequence.renew("axy")
        self.assertEqual((self.diary, self.running()), ([], "abc"))
        sequence.restart(LATER)
        self.assertEqual(self.calls(), [("stop", "c"), ("stop", "b"), ("start", "x"), ("start", "y")])
        self.assertEqual([old[label].closed for label in "abc"], [False, True, True])
        self.assertEqual((self.running(), self.answers.given), ("axy", [("started", LATER)]))

    def test_one_more(self) -> None:
        """One more at the end stops nothing."""
        sequence = self.held("ab")
        sequence.renew("abc")
        sequence.restart(LATER)
        self.assertEqual((self.calls(), self.running()), ([("start", "c")], "abc"))

    def test_one_less(self) -> None:
        """One less at the end starts nothing."""
        sequence = self.held("ab")
        sequence.renew("a")
        sequence.restart(LATER)
        self.assertEqual((self.calls(), self.running()), ([("stop", "b")], "a"))
        self.assertEqual(self.answers.given, [("started", LATER)])

    def test_back_again(self) -> None:
        """A change that is taken back before the restart touches nothing."""
        sequence = self.held("ab")
        sequence.renew("x")
        sequence.renew("ab")
        sequence.restart(LATER)
        self.assertEqual((self.diary, self.answers.given), ([], [("started", LATER)]))

    def test_what_failed_before_it(self) -> None:
        """Where an earlier one has failed, the restart begins there; what is the same is started again."""
        sequence = self.held("abc")
        self.made["a"].lose()
        a = self.made["a"]
        sequence.renew("abx")
        sequence.restart(LATER)
        expected = [
            ("stop", "c"),
            ("stop", "b"),
            ("stop", "a"),
            ("start", "a"),
            ("start", "b"),
            ("start", "x"),
        ]
        self.assertEqual(self.calls(), expected)
        self.assertIs(self.made["a"], a)

    def test_what_failed_after_it(self) -> None:
        """Where one that is to go has failed, that is over with it."""
        sequence = self.held("abc")
        self.made["c"].lose()
        sequence.renew("axy")
        sequence.restart(LATER)
        self.diary.clear()
        sequence.check(LATER)
        self.made["y"].lose()
        sequence.restart(LATER)
        self.assertEqual(self.calls()[3:], [("stop", "y"), ("start", "y")])

    def test_changed_again_while_stopping(self) -> None:
        """A further change that comes during the stops counts: nothing is closed that still runs."""
        sequence = self.held("abc")
        old = dict(self.made)
        sequence.renew("abx")
        old["c"].plans["stop"] = (1, True)
        sequence.restart(LATER)
        sequence.renew("ay")
        self.clock.advance(1)
        self.assertEqual(self.calls(), [("stop", "c"), ("stop", "b"), ("start", "y")])
        self.assertEqual((self.running(), self.answers.given), ("ay", [("started", LATER)]))

    def test_one_more_while_all_are_stopped(self) -> None:
        """A change that comes while all are restarted does not spare what has been stopped already."""
        sequence = self.held("ab")
        self.made["b"].plans["stop"] = (1, True)
        sequence.restart(LATER)
        sequence.renew("abc")
        self.clock.advance(1)
        self.assertEqual((self.running(), self.answers.given), ("abc", [("started", LATER)]))

    def test_changed_while_starting(self) -> None:
        """A change that comes while they are started waits for the next restart."""
        sequence = self.of("ab")
        self.made["b"].plans["start"] = (1, True)
        sequence.take_over(TENURE)
        sequence.renew("ax")
        self.clock.advance(1)
        self.assertEqual((self.running(), self.answers.given), ("ab", [("started", TENURE)]))
        sequence.restart(LATER)
        self.assertEqual(self.running(), "ax")

    def test_released_first(self) -> None:
        """Where it is released first, they come in when all is stopped, before that is told."""
        sequence = self.held("a")
        sequence.renew("b")
        self.patch(self.answers, "released", lambda tenure, clean, reason: sequence.take_over(LATER))
        sequence.release(LATER, 0.3)
        self.assertEqual(self.calls(), [("stop", "a"), ("start", "b")])
        self.assertTrue(self.made["a"].closed)

    def test_released_badly_first(self) -> None:
        """Not while one of the old could not be stopped: it is the old that is stopped again."""
        sequence = self.held("a")
        sequence.renew("b")
        self.made["a"].plans["stop"] = FAILS
        sequence.release(LATER, 0.3)
        self.assertFalse(self.made["a"].closed)
        self.made["a"].plans["stop"] = (0.0, True)
        sequence.release(LATER, 0.3)
        self.assertEqual(self.calls(), [("stop", "a"), ("stop", "a")])
        self.assertEqual((self.made["a"].closed, len(self.made["b"].users)), (True, 1))

    def test_start_fails_first(self) -> None:
        """Where a start fails, the next one is theirs."""
        sequence = self.of("a")
        self.made["a"].plans["start"] = (1, False)
        sequence.take_over(TENURE)
        sequence.renew("b")
        self.clock.advance(1)
        sequence.take_over(LATER)
        self.assertEqual((self.calls()[-1], self.answers.given[-1]), (("start", "b"), ("started", LATER)))

    def test_hindrance_goes(self) -> None:
        """What hindered one that is gone hinders no more; the user hears of it after the order's end."""
        sequence = self.held("a")
        self.made["a"].hinder("no carrier")
        sequence.renew("b")
        sequence.release(LATER, None)
        self.assertEqual(
            self.answers.given,
            [("hindered", "site", "no carrier"), ("released", LATER, True, ""), ("hindered", "site", None)],
        )

    def test_hindrance_stays(self) -> None:
        """What hinders one that stays is told once."""
        sequence = self.held("ab")
        self.made["a"].hinder("no carrier")
        sequence.renew("ac")
        sequence.restart(LATER)
        self.assertEqual(self.answers.given, [("hindered", "site", "no carrier"), ("started", LATER)])

    def test_the_gone_are_not_heard(self) -> None:
        """One that is gone is not listened to any more, and its settings may come back as another one."""
        sequence = self.of("a")
        gone = self.made["a"]
        sequence.renew("b")
        gone.hinder("no carrier")
        gone.lose()
        sequence.renew("a")
        self.assertIsNot(self.made["a"], gone)
        self.assertEqual(self.answers.given, [])

    def test_stop_budget(self) -> None:
        """Another emergency budget of the service counts from the next failure on."""
        sequence = self.of("a")
        sequence.stop = 2.0
        self.made["a"].plans |= {"start": FAILS, "stop": HANGS}
        sequence.take_over(TENURE)
        self.assertEqual(self.diary[1], ("stop", "a", 1.9))
        self.clock.advance(2)

    def test_released_by_what_is_told(self) -> None:
        """Who hears during a restart what hinders the new ones may release at once: none is started."""
        sequence = self.held("ab")
        self.made["a"].hinder("no carrier")
        self.made["a"].lose()
        self.answers.given.clear()

        def hindered(service: str, reason: str | None) -> None:
            sequence.release(LATER, 0.3)

        self.patch(self.answers, "hindered", hindered)
        sequence.renew("x")
        sequence.restart(TENURE)
        self.assertEqual((self.running(), self.answers.given), ("", [("released", LATER, True, "")]))
        self.assertEqual(self.calls(), [("stop", "b"), ("stop", "a")])
