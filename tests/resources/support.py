"""What the tests of sequences share: a user that notes its answers, and a service made of fakes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from heart.interfaces import IResource, Tenure
from heart.resources.sequence import Sequence
from tests.resources.fakes import TENURE, FakeResource

LATER = replace(TENURE, term=8, reason="lease")
WELL, FAILS = (0.0, True), (0.0, False)
HANGS = (None, False)
STOP = 0.3


class Answers:
    """Notes how orders ended, and what was said to be held."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.given: list[tuple[Any, ...]] = []
        self.times: list[float] = []
        self.held: list[tuple[Tenure | None, tuple[int, ...]]] = []

    def started(self, tenure: Tenure) -> None:
        """It runs."""
        self._note("started", tenure)

    def start_failed(self, tenure: Tenure, reason: str, clean: bool) -> None:
        """It does not."""
        self._note("start_failed", tenure, reason, clean)

    def released(self, tenure: Tenure, clean: bool, reason: str) -> None:
        """It does no more."""
        self._note("released", tenure, clean, reason)

    def checked(self, tenure: Tenure, problem: str | None) -> None:
        """It runs, or does not."""
        self._note("checked", tenure, problem)

    def hindered(self, service: str, reason: str | None) -> None:
        """It could not be held, or could again."""
        self._note("hindered", service, reason)

    def contested(self, service: str, reason: str) -> None:
        """Another machine claims it."""
        self._note("contested", service, reason)

    def changed(self, tenure: Tenure | None, pids: tuple[int, ...]) -> None:
        """For the ledger."""
        self.held.append((tenure, pids))

    def _note(self, *answer: object) -> None:
        self.given.append(answer)
        self.times.append(self.clock.seconds())


class SequenceCase(SynchronousTestCase):
    """Makes sequences. The settings of a resource are its label here, or the resource itself."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.diary: list[tuple[str, str, float | None]] = []
        self.answers = Answers(self.clock)
        self.made: dict[str, FakeResource] = {}

    def resource(self, label: str, start: Any = WELL, stop: Any = WELL, status: Any = WELL) -> FakeResource:
        """One that starts, stops and tells its status so."""
        return FakeResource(self.clock, self.diary, label, start, stop, status)

    def make(self, *resources: IResource) -> Sequence:
        """Their sequence."""
        return self._sequence(resources)

    def of(self, labels: str) -> Sequence:
        """The sequence of resources that are made when they are wanted, one for each letter; it watches."""
        sequence = self._sequence(labels)
        sequence.watch()
        return sequence

    def held(self, labels: str) -> Sequence:
        """The same, after it has been taken over; what came of that is forgotten."""
        sequence = self.of(labels)
        sequence.take_over(TENURE)
        self.assertEqual(self.answers.given, [("started", TENURE)])
        self.diary.clear()
        self.answers.given.clear()
        return sequence

    def running(self) -> str:
        """The labels of what runs, in alphabetical order."""
        return "".join(sorted(label for label, resource in self.made.items() if resource.runs))

    def calls(self) -> list[tuple[str, str]]:
        """What the resources were asked for."""
        return [(action, label) for action, label, _ in self.diary]

    def pass_time(self, seconds: float) -> None:
        """In small steps."""
        self.clock.pump([0.01] * round(seconds / 0.01))

    def _sequence(self, plan: Iterable[Any]) -> Sequence:
        return Sequence(self.clock, "site", tuple(plan), self._make, STOP, self.answers, self.answers.changed)

    def _make(self, settings: Any) -> Any:
        if not isinstance(settings, str):
            return settings
        self.made[settings] = self.resource(settings)
        return self.made[settings]
