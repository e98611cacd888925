"""Tests of heart.config.timing, through the files that it reads."""

from __future__ import annotations

from heart.config.model import Timing
from heart.config.timing import PROFILES, timing_of
from tests.config.support import ConfigurationCase

DURATION = 'expected a duration such as "100ms" (a decimal number and ms, s, m, h or d)'


class TimingTests(ConfigurationCase):
    """The timing table and the rule that it must keep."""

    def test_defaults(self) -> None:
        """Without a timing table the beat is 100 ms and all else follows from it."""
        self.assertEqual(self.read().timing, Timing(0.1, 0.25, 1.0, 0.6, 5.0, 10.0))

    def test_follow_from_beat(self) -> None:
        """What is not said follows from the beat, without the noise of floating point."""
        self.assertEqual(self.read({"timing/beat": "70ms"}).timing, Timing(0.07, 0.175, 0.7, 0.42, 3.5, 7.0))

    def test_lease_follows_from_dead(self) -> None:
        """The lease is 0.6 of what `dead` says."""
        self.assertEqual(self.read({"timing/dead": "3s"}).timing.lease, 1.8)

    def test_profiles(self) -> None:
        """A profile says how many beats the rest is; the default one is what holds without any."""
        self.assertEqual(self.read({"timing/profile": "default"}).timing, self.read().timing)
        fast = self.read({"timing/profile": "fast"}).timing
        self.assertEqual(fast, Timing(0.1, 0.125, 0.2, 0.15, 5.0, 10.0))
        patient = self.read({"timing/profile": "patient", "timing/beat": "200ms"}).timing
        self.assertEqual(patient, Timing(0.2, 1.0, 6.0, 3.6, 20.0, 60.0))

    def test_profile_and_keys(self) -> None:
        """A key that is said counts before the profile's, and what follows from it follows."""
        timing = self.read({"timing/profile": "patient", "timing/dead": "2s", "timing/start": "7s"}).timing
        self.assertEqual(timing, Timing(0.1, 0.5, 2.0, 1.2, 7.0, 30.0))

    def test_profiles_are_sound(self) -> None:
        """No profile breaks the rule or is warned of, and none makes a successor wait in vain but `fast`."""
        for name in PROFILES:
            self.assert_warned({"timing/profile": name})
            timing = timing_of(name)
            self.assertLess(timing.wait(0.3 * timing.dead), 1.09 * timing.dead, name)

    def test_unknown_profile(self) -> None:
        """A profile that there is not is met with those that there are, in one line."""
        expected = "timing.profile: expected one of default, fast, patient, not "
        self.assert_refused({"timing/profile": "quick"}, expected + '"quick"')
        self.assert_refused({"timing/profile": 3}, expected + "3")

    def test_profile_in_the_reason(self) -> None:
        """What follows from the profile, and does not fit what is said, is told with its own multiple."""
        self.assert_refused(
            {"timing/profile": "patient", "timing/dead": "400ms"},
            "timing.late: expected more than timing.beat (100ms) and less than timing.dead (400ms), "
            "not 500ms, 5 x timing.beat as it is not said: say it too",
        )

    def test_all_said(self) -> None:
        """Each key is taken as it is said."""
        said = {"beat": "1s", "late": "2s", "dead": "10s", "lease": "9s", "start": "1m", "settle": "1h"}
        timing = self.read({f"timing/{key}": value for key, value in said.items()}).timing
        self.assertEqual(timing, Timing(1.0, 2.0, 10.0, 9.0, 60.0, 3600.0))

    def test_not_durations(self) -> None:
        """A number without a unit, a negative one, an exponent and nan are refused."""
        for text in ("100", "-1s", "1e3s", "nan", "1 s"):
            self.assert_refused({"timing/start": text}, f'timing.start: {DURATION}, not "{text}"')
        self.assert_refused({"timing/start": 100}, f"timing.start: {DURATION}, not 100")
        self.assert_refused({"timing/start": float("nan")}, f"timing.start: {DURATION}, not nan")
        self.assert_refused({"timing/start": "0s"}, 'timing.start: expected more than 0s, not "0s"')
        self.assert_refused({"timing/start": "400d"}, 'timing.start: expected at most 366d, not "400d"')

    def test_beat_bounds(self) -> None:
        """A beat is 1 ms to 1 h, both included."""
        for text in ("0.9ms", "61m"):
            self.assert_refused({"timing/beat": text}, f'timing.beat: expected 1ms to 1h, not "{text}"')
        self.assertEqual(self.read({"timing/beat": "1ms"}).timing.beat, 0.001)
        self.assertEqual(self.read({"timing/beat": "1h"}).timing.beat, 3600.0)

    def test_late(self) -> None:
        """`late` lies between `beat` and `dead`, and is neither of them."""
        expected = "timing.late: expected more than timing.beat (100ms) and less than timing.dead (1s), not "
        for text in ("50ms", "100ms", "1s", "2s"):
            self.assert_refused({"timing/late": text}, expected + text)

    def test_late_not_said(self) -> None:
        """A `dead` that leaves no room for the `late` that follows from the beat says what to do."""
        self.assert_refused(
            {"timing/dead": "200ms"},
            "timing.late: expected more than timing.beat (100ms) and less than timing.dead (200ms), "
            "not 250ms, 2.5 x timing.beat as it is not said: say it too",
        )

    def test_dead(self) -> None:
        """`dead` is 1.5 beats or more."""
        self.assert_refused(
            {"timing/dead": "149ms", "timing/late": "120ms"},
            "timing.dead: expected at least 1.5 x timing.beat (150ms), not 149ms",
        )
        self.assertEqual(self.read({"timing/dead": "150ms", "timing/late": "120ms"}).timing.dead, 0.15)

    def test_lease(self) -> None:
        """`lease` is shorter than `dead`."""
        self.assert_refused(
            {"timing/lease": "1s"}, "timing.lease: expected less than timing.dead (1s), not 1s"
        )

    def test_beside_a_wrong_beat(self) -> None:
        """What can be judged without the beat is judged though the beat is wrong."""
        self.assert_refused(
            {"timing/beat": "100", "timing/late": "2s", "timing/dead": "1s", "timing/lease": "3s"},
            f'timing.beat: {DURATION}, not "100"',
            "timing.late: expected less than timing.dead (1s), not 2s",
            "timing.lease: expected less than timing.dead (1s), not 3s",
        )

    def test_unknown_key(self) -> None:
        """A slip of the hand is met with the right word."""
        self.assert_refused({"timing/daed": "1s"}, "timing.daed: unknown key; did you mean dead?")

    def test_no_table(self) -> None:
        """A `timing` that is no table is refused."""
        self.assert_refused({"timing": "fast"}, 'timing: expected a table [timing], not "fast"')

    def test_short_lease(self) -> None:
        """A lease that a lost standby could use up is warned of; a little more is not."""
        self.assert_warned({"timing/lease": "450ms"})
        self.assert_warned(
            {"timing/lease": "449ms"},
            "timing.lease: 449ms is less than late + 2 x beat (450ms): "
            "the death of a standby could make the holder let go; make lease longer",
        )

    def test_short_start(self) -> None:
        """A start that is over before a holder must have been heard is warned of."""
        self.assert_warned(
            {"timing/start": "900ms"},
            "timing.start: 900ms is less than dead (1s): "
            "a node that starts may take a service before it could have heard its holder; make start longer",
        )
