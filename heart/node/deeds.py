"""What the core decides, done: beats sent, resources started and stopped, questions asked, things kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.logger import Logger

from heart.beat import Beat
from heart.codec import BeatTooLarge, Codec
from heart.core import decisions as d
from heart.core import inputs
from heart.core.cluster import Core
from heart.interfaces import IArbiter, Question, Tenure
from heart.node.answers import Answers
from heart.node.hands import Hands

ENDINGS = frozenset({"held", "released", "failed"})
OUTPUT_KEPT = 2000  # characters of the end of a script's output that go with an event


class Deeds:
    """Carries out one decision after the other. `give` hands what comes of them to the core.

    `finished` is called once, when the core has said goodbye.
    """

    _log = Logger()

    def __init__(
        self,
        core: Core,
        codec: Codec,
        hands: Hands,
        arbiter: IArbiter,
        give: Callable[[inputs.Input], None],
        finished: Callable[[], None],
    ) -> None:
        self.codec = codec
        self.arbiter = arbiter
        self.answers = Answers()
        self._core = core
        self._hands = hands
        self._give = give
        self._finished = finished
        self._previous: dict[str, str | None] = {}
        self._reason: dict[str, str] = {}
        self._voters: d.StoreVoters | None = None

    def carry_out(self, decision: d.Decision) -> None:
        """Do what the core has decided."""
        match decision:
            case d.Send(beat, links):
                self._send(beat, links)
            case d.LookAgain():
                for link in tuple(self._hands.links.values()):
                    link.drain()
                self._give(inputs.Looked())
            case d.Ask(service, term, silent):
                self._ask(Question(service, term, silent))
            case d.TakeOver(service, term, reason, previous):
                self._previous[service], self._reason[service] = previous, reason
                self._hands.sequences[service].take_over(self._tenure(service, term, reason))
            case d.Release(service, term, reason, budget):
                self._hands.sequences[service].release(self._tenure(service, term, reason), budget)
            case d.Check(service, term):
                self._hands.sequences[service].check(self._tenure(service, term, self._reason[service]))
            case d.Restart(service, term, reason):
                self._hands.sequences[service].restart(self._tenure(service, term, reason))
            case d.Announce(service):
                self._hands.sequences[service].announce()
            case d.StoreTerm(service, term):
                self._hands.memory.term(service, term)
            case d.StoreIncarnation(incarnation):
                self._hands.memory.incarnation(incarnation)
                self._hands.history.incarnation = incarnation
            case d.StorePeer(peer, incarnation, sequence):
                self._hands.memory.peer(peer, incarnation, sequence)
            case d.StoreVoters(voters, coming):
                self._voters = decision
                self._hands.memory.voters(voters, coming).addCallback(self._kept, decision)
            case d.StoreOrders(orders):
                self._hands.memory.orders(orders)
            case d.Answered(number, done, text):
                self.answers.give(number, done, text)
            case d.Forget(service):
                self._hands.forget(service)
            case d.Report(kind, reason, fields):
                output = self._output(kind, fields)
                self._hands.history.report({"kind": kind, "reason": reason, **fields, **output})
            case d.Finished():
                self._finished()

    def _send(self, beat: Beat, links: tuple[str, ...]) -> None:
        try:
            frame = self.codec.encode(beat)
        except BeatTooLarge as error:
            self._log.error("A beat does not fit into a frame and is not sent: {error}", error=str(error))
            return
        for link in links:
            self._hands.links[link].send(frame)

    def _kept(self, ignored: None, decision: d.StoreVoters) -> None:
        """A node goes over to other voters only when its next life would know of it."""
        if decision is self._voters:  # else another set has taken its place on the disk
            self._give(inputs.VotersKept(decision.coming))

    def _ask(self, question: Question) -> None:
        def answer(granted: bool) -> None:
            self._give(inputs.Answer(question.service, question.term, granted))

        asked = self.arbiter.ask(question).addCallback(answer)
        asked.addErrback(lambda failure: self._log.failure("The arbiter failed", failure))

    def _output(self, kind: str, fields: dict[str, Any]) -> dict[str, Any]:
        """What the scripts of a service printed goes with the event that tells how it ended."""
        sequence = self._hands.sequences.get(fields["service"]) if kind in ENDINGS else None
        output = {} if sequence is None else sequence.output()
        shortened = {label: text[-OUTPUT_KEPT:] for label, text in output.items()}
        return {"output": shortened} if shortened else {}

    def _tenure(self, service: str, term: int, reason: str) -> Tenure:
        settings = self._core.state.settings
        attributes = self._core.state.orders.attributes()
        previous = self._previous.get(service)
        return Tenure(settings.cluster, settings.node, service, term, reason, previous, attributes)
