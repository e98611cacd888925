"""`heart demo --act`: a fixed story on two real nodes, each step of which must come out as it must."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime

from heart.demo import expectations as expect
from heart.demo.cluster import DemoCluster
from heart.demo.expectations import Check, Scene
from heart.demo.folder import DEAD, NODES, SERVICE
from heart.demo.interruption import Interruption
from heart.demo.journal import APART, JOINED, Entry, holders, parse
from heart.demo.observer import Identity, Observer, Statuses, identity
from heart.demo.processes import STOPPING, left_over
from heart.demo.timeline import line, moment, tell, worth_telling

STARTING = 60.0
"""Seconds within which nodes that start must agree: Python alone takes long on a slow machine."""

BOUND = 10.0
"""Seconds within which any other step must come out; it takes one or two."""

CALM = 3 * DEAD
"""Seconds for which nothing must happen, where nothing is to happen."""

LOOK = 0.05  # seconds between two looks at the nodes

TWO_HOLDERS = (
    "with every cable cut and both nodes alive, both hold the service: "
    "nobody can tell them apart; see the README"
)


class StepFailed(Exception):
    """A step did not come out as it must; the text says which, and what was expected, in one line."""


class Act:
    """The story, told line by line through `say`; times in it are seconds since the act was made."""

    def __init__(self, cluster: DemoCluster, interruption: Interruption, say: Callable[[str], None]) -> None:
        self._cluster = cluster
        self._interruption = interruption
        self._say = say
        self._observer = Observer({name: cluster.folder.socket(name) for name in NODES})
        self._began = _now()

    def play(self) -> None:
        """Play all of it; raises StepFailed at the first step that fails, and Interrupted."""
        agree = expect.all_agree(*NODES)
        self._step(
            "start alpha and beta on a LAN and a null-modem cable",
            self._cluster.start,
            [agree],
            bound=STARTING,
        )
        first, second = self._roles()
        self._step(
            f"kill {first}, which holds {SERVICE}",
            lambda: self._cluster.kill(first),
            [expect.took_over(second, first), expect.holds(second), expect.runs_on(second)],
        )
        self._step(
            f"revive {first}; {SERVICE} stays where it is",
            self._cluster.nodes[first].start,
            [agree, expect.holds(second)],
            always=[expect.nothing_happened],
            bound=STARTING,
            lasting=CALM,
        )
        self._step(
            "cut the LAN; nothing happens, because the cable still beats",
            self._cluster.lan.cut,
            [expect.unheard_on("lan"), expect.beats_pass("cable"), agree, expect.holds(second)],
            always=[expect.nothing_happened],
            lasting=CALM,
        )
        self._step(
            "cut the cable too; now nothing joins the nodes",
            self._cut_the_last,
            [
                expect.took_over(first, second),
                expect.holds(first),
                expect.holds(second),
                expect.runs_on(*NODES),
            ],
        )
        self._tell(TWO_HOLDERS)
        self._step(
            "restore the LAN and the cable; the holder with the greater term stays",
            self._heal,
            [expect.gave_way(second, first), agree, expect.holds(first)],
            lasting=CALM,
        )
        self._step("stop both nodes", self._stop, [expect.runs_on()])
        self._tell("the service was stopped, and nothing is left: every step came out as it must")

    def _step(
        self,
        what: str,
        cause: Callable[[], None],
        reached: Sequence[Check],
        always: Sequence[Check] = (),
        bound: float = BOUND,
        lasting: float = 0.0,
    ) -> None:
        """Bring the cause about and wait for what must be reached, `lasting` seconds at the least.

        What must hold `always` is checked at each look, and so is the service's safety.
        """
        before = self._look().statuses
        known = {identity(event) for event in self._observer.events}
        caused, began = _now(), time.monotonic()
        self._tell(what)
        cause()
        while True:
            scene = self._look(before, known)
            wrong = self._fallen() or _first([expect.safe, *always], scene)
            missing = _first(reached, scene)
            took = time.monotonic() - began
            if wrong or took >= max(bound, lasting) or (not missing and took >= lasting):
                break
            self._interruption.pause(LOOK)
        self._tell_events(scene, caused)
        if wrong or missing:
            raise StepFailed(f"{what}: {wrong or missing} (after {took:.1f} s)")

    def _look(self, before: Statuses | None = None, known: Collection[Identity] = ()) -> Scene:
        """Everything as it is now; of the events those that are not `known`."""
        for name in NODES:
            self._observer.refresh(name)
        events = tuple(event for event in self._observer.events if identity(event) not in known)
        return Scene(self._observer.statuses, events, self._journal(), before or {})

    def _fallen(self) -> str | None:
        """Who ended by itself."""
        fallen = [node for node in self._cluster.nodes.values() if node.fell]
        return f"{fallen[0].name} {fallen[0].state} by itself" if fallen else None

    def _journal(self) -> tuple[Entry, ...]:
        return parse(self._cluster.folder.journal.read_text())

    def _roles(self) -> tuple[str, str]:
        """Who holds the service and who does not; alpha is preferred, but may have been slow to start."""
        (holder,) = holders(self._journal())
        return holder, next(name for name in NODES if name != holder)

    def _cut_the_last(self) -> None:
        self._cluster.note(APART)
        self._cluster.cable.cut()

    def _heal(self) -> None:
        self._cluster.lan.restore()
        self._cluster.cable.restore()
        self._cluster.note(JOINED)

    def _stop(self) -> None:
        """Have both end, by themselves, with no process left behind."""
        for node in self._cluster.nodes.values():
            node.terminate()
        for node in self._cluster.nodes.values():
            if not node.wait(STOPPING):
                raise StepFailed(f"stop both nodes: {node.name} did not end within {STOPPING:g} s")
            if node.exit_code not in (0, -signal.SIGTERM):
                raise StepFailed(f"stop both nodes: {node.name} {node.state}")
            self._tell(f"{node.name} has let go of everything and ended")
        if left := left_over(self._cluster.folder.path):
            raise StepFailed(f"stop both nodes: still there are the processes {left}")

    def _tell(self, text: str) -> None:
        self._say(line(text, (_now() - self._began).total_seconds()))

    def _tell_events(self, scene: Scene, caused: datetime) -> None:
        for event in filter(worth_telling, scene.events):
            at = moment(event)
            since_start, since_cause = (at - self._began).total_seconds(), (at - caused).total_seconds()
            self._say(line(tell(event), since_start, since_cause))


def _now() -> datetime:
    """The time of day in whole milliseconds, as events have it."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _first(checks: Sequence[Check], scene: Scene) -> str | None:
    """What the first check that fails says."""
    return next((said for check in checks if (said := check(scene)) is not None), None)
