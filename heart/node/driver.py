"""Carries what happens to the core, and out what it decides, on one reactor's thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from math import inf

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from heart.codec import Codec, Refusal
from heart.core import decisions as d
from heart.core import inputs
from heart.core.cluster import Core
from heart.core.inputs import Heard, Refused
from heart.core.settings import Settings
from heart.interfaces import IArbiter, Tenure
from heart.node.answers import Answer
from heart.node.clocks import Clocks
from heart.node.deeds import Deeds
from heart.node.hands import Hands


class Driver:
    """The core's hands and ears. It is the user of the links and of the services' sequences.

    `finished` is called once, when the core has said goodbye; `broken` when the core itself fails:
    then nothing that it decided can be relied on any more.
    """

    _log = Logger()

    def __init__(
        self,
        core: Core,
        codec: Codec,
        reactor: IReactorTime,
        clocks: Clocks,
        hands: Hands,
        arbiter: IArbiter,
        *,
        finished: Callable[[], None],
        broken: Callable[[], None],
    ) -> None:
        self.core = core
        self._decode = codec.decode
        self._reactor = reactor
        self._awake, self._boot = clocks.awake, clocks.boot
        self._deeds = Deeds(core, codec, hands, arbiter, self.give, finished)
        self._broken = broken
        self._decided: deque[d.Decision] = deque()
        self._performing = False
        self._stopped = False
        self._timer: IDelayedCall | None = None
        self._timer_at = inf

    def give(self, event: inputs.Input) -> None:
        """Have the core take an input in, and carry out what it decides."""
        if self._stopped:
            return
        try:
            decisions = self.core.step(self._awake(), self._boot(), event)
        except Exception:
            self._fail()
            return
        if decisions:
            self._perform(decisions)
        if self.core.next_deadline() < self._timer_at:
            self._set_timer()

    def operate(self, command: str, subject: str, value: str) -> Deferred[Answer]:
        """Have the core take an operator's command in; fires with its answer."""
        number, answer = self._deeds.answers.expect()
        self.give(inputs.Command(number, command, subject, value))
        return answer

    def reconfigure(self, settings: Settings, codec: Codec, arbiter: IArbiter | None) -> None:
        """From now on the cluster is configured so, and frames are signed and verified by that codec.

        None stands for the arbiter as it was: where nodes are to vote it is asked until all of them do.
        """
        self._decode = codec.decode
        self._deeds.codec = codec
        if arbiter is not None:
            self._deeds.arbiter = arbiter
        self.give(inputs.Reconfigure(settings))

    def stop(self) -> None:
        """Neither take anything in nor act any more."""
        self._stopped = True
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    def frames_received(self, link: str, frames: Sequence[bytes]) -> None:
        """Frames came in on a link, all at this moment. This is the path of every beat: it is kept short."""
        if self._stopped:
            return
        step, decode = self.core.step, self._decode
        awake, boot = self._awake(), self._boot()
        try:
            for frame in frames:
                beat = decode(frame)
                event = Refused(link, beat.value) if type(beat) is Refusal else Heard(link, beat)
                decisions = step(awake, boot, event)
                if decisions:
                    self._perform(decisions)
                    if self._stopped:
                        return
                    awake, boot = self._awake(), self._boot()
        except Exception:
            self._fail()
            return
        if self.core.next_deadline() < self._timer_at:
            self._set_timer()

    def link_up(self, link: str) -> None:
        """A link's medium is open."""
        self.give(inputs.LinkUp(link))

    def link_down(self, link: str, reason: str) -> None:
        """A link's medium is not open."""
        self.give(inputs.LinkDown(link, reason))

    def started(self, tenure: Tenure) -> None:
        """All resources of a service run."""
        self.give(inputs.Started(tenure.service, tenure.term))

    def start_failed(self, tenure: Tenure, reason: str, clean: bool) -> None:
        """A service did not start."""
        self.give(inputs.StartFailed(tenure.service, tenure.term, reason, clean))

    def released(self, tenure: Tenure, clean: bool, reason: str) -> None:
        """A release has ended."""
        self.give(inputs.Released(tenure.service, tenure.term, reason, clean))

    def checked(self, tenure: Tenure, problem: str | None) -> None:
        """The status of a held service's resources is known."""
        self.give(inputs.Checked(tenure.service, tenure.term, problem))

    def hindered(self, service: str, reason: str | None) -> None:
        """A service could not be held on this node now; None: now it could."""
        self.give(inputs.Hindered(service, reason))

    def contested(self, service: str, reason: str) -> None:
        """Another machine claims a resource of a held service."""
        self.give(inputs.Contested(service, reason))

    def _set_timer(self) -> None:
        """Have the core called by its deadline.

        One that moves back costs a call too early, no more.
        """
        due = self.core.next_deadline()
        if self._stopped:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = due
        self._timer = self._reactor.callLater(max(0.0, due - self._awake()), self._tick)

    def _tick(self) -> None:
        self._timer, self._timer_at = None, inf
        self.give(inputs.Tick())

    def _perform(self, decisions: Sequence[d.Decision]) -> None:
        """In the order of decision, also where carrying one out leads to others."""
        self._decided.extend(decisions)
        if self._performing:
            return
        self._performing = True
        try:
            while self._decided and not self._stopped:
                self._deeds.carry_out(self._decided.popleft())
        except Exception:
            self._fail()
        finally:
            self._performing = False

    def _fail(self) -> None:
        """A fault of our own: nothing that the core decides can be relied on, so it decides nothing more."""
        self._log.failure("Heart has met a fault of its own, releases what it holds and ends: please report")
        self.stop()
        self._broken()
