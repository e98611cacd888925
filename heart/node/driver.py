"""Carries what happens to the core, and out what it decides, on one reactor's thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from math import inf
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from heart.beat import Beat
from heart.codec import BeatTooLarge, Codec, Refusal
from heart.core import decisions as d
from heart.core import inputs
from heart.core.cluster import Core
from heart.core.inputs import Heard, Refused
from heart.interfaces import IArbiter, Question, Tenure
from heart.node.clocks import Clocks
from heart.node.hands import Hands

ENDINGS = frozenset({"held", "released", "failed"})
OUTPUT_KEPT = 2000  # characters of the end of a script's output that go with an event


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
        self._codec = codec
        self._decode = codec.decode
        self._reactor = reactor
        self._awake, self._boot = clocks.awake, clocks.boot
        self._links = hands.links
        self._sequences = hands.sequences
        self._history = hands.history
        self._memory = hands.memory
        self._arbiter = arbiter
        self._finished = finished
        self._broken = broken
        self._decided: deque[d.Decision] = deque()
        self._performing = False
        self._stopped = False
        self._timer: IDelayedCall | None = None
        self._timer_at = inf
        self._previous: dict[str, str | None] = {}

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
                self._carry_out(self._decided.popleft())
        except Exception:
            self._fail()
        finally:
            self._performing = False

    def _carry_out(self, decision: d.Decision) -> None:
        match decision:
            case d.Send(beat, links):
                self._send(beat, links)
            case d.LookAgain():
                for link in self._links.values():
                    link.drain()
                self.give(inputs.Looked())
            case d.Ask(service, term, silent):
                self._ask(Question(service, term, silent))
            case d.TakeOver(service, term, reason, previous):
                self._previous[service] = previous
                self._sequences[service].take_over(self._tenure(service, term, reason))
            case d.Release(service, term, reason, budget):
                self._sequences[service].release(self._tenure(service, term, reason), budget)
            case d.Announce(service):
                self._sequences[service].announce()
            case d.StoreTerm(service, term):
                self._memory.term(service, term)
            case d.StoreIncarnation(incarnation):
                self._memory.incarnation(incarnation)
                self._history.incarnation = incarnation
            case d.StorePeer(peer, incarnation, sequence):
                self._memory.peer(peer, incarnation, sequence)
            case d.Report(kind, reason, fields):
                self._history.report({"kind": kind, "reason": reason, **fields, **self._output(kind, fields)})
            case d.Finished():
                self._finished()

    def _send(self, beat: Beat, links: tuple[str, ...]) -> None:
        try:
            frame = self._codec.encode(beat)
        except BeatTooLarge as error:
            self._log.error("A beat does not fit into a frame and is not sent: {error}", error=str(error))
            return
        for link in links:
            self._links[link].send(frame)

    def _ask(self, question: Question) -> None:
        def answer(granted: bool) -> None:
            self.give(inputs.Answer(question.service, question.term, granted))

        asked = self._arbiter.ask(question).addCallback(answer)
        asked.addErrback(lambda failure: self._log.failure("The arbiter failed", failure))

    def _output(self, kind: str, fields: dict[str, Any]) -> dict[str, Any]:
        """What the scripts of a service printed goes with the event that tells how it ended."""
        output = self._sequences[fields["service"]].output() if kind in ENDINGS else {}
        shortened = {label: text[-OUTPUT_KEPT:] for label, text in output.items()}
        return {"output": shortened} if shortened else {}

    def _tenure(self, service: str, term: int, reason: str) -> Tenure:
        settings = self.core.state.settings
        return Tenure(settings.cluster, settings.node, service, term, reason, self._previous.get(service))

    def _fail(self) -> None:
        """A fault of our own: nothing that the core decides can be relied on, so it decides nothing more."""
        self._log.failure("Heart has met a fault of its own, releases what it holds and ends: please report")
        self.stop()
        self._broken()
