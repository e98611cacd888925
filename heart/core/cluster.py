"""The core of a node: inputs and two monotonic clocks in, decisions out.

`Core.step` takes one input in, then holds everything that time or the input may have changed against
the rules; where nothing can have changed a beat that is due is sent, and that is all. `Core.next_deadline`
says when it wants to be called at the latest. Nothing here waits, reads a clock or draws lots, so the same
inputs give the same decisions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import inf

from heart.beat import GOODBYE, LEAVING, PROBE, Order, Word
from heart.core import inputs
from heart.core.decisions import Decision, Finished, StoreIncarnation, StorePeer
from heart.core.inputs import Heard
from heart.core.peers.ear import Ear
from heart.core.peers.peer import Life, Peer, Turn
from heart.core.peers.watch import Watch
from heart.core.reconfiguration import Reconfiguration
from heart.core.services.leases import urgent_age
from heart.core.services.tenures import Tenures
from heart.core.settings import Settings
from heart.core.shared.news import News, choose
from heart.core.shared.operator import Operator
from heart.core.state import Record, State
from heart.core.talk.line import Line
from heart.core.talk.relay import Relay
from heart.core.talk.voice import FAREWELL, FAREWELL_EVERY
from heart.core.wakefulness import Wakefulness

LATENESS = 0.02  # of a beat: who is later than that reads what has come before it speaks
SUSPENDED = 0.001  # seconds, more than two looks at clocks can be apart: leases have become shorter
LOOK_EVERY = 1.0  # seconds between two looks at the rules at the most, though each says when it wants one
STORE_EVERY = 10.0  # seconds between two times that the newest of each living peer is kept


class Core:
    """One node of a cluster.

    `awake` and `boot` are the two monotonic clocks in seconds: the first stands still while the
    machine is suspended. `incarnation` is greater than any before, `seconds` the time of day at the
    start, `terms` the greatest terms known of services, `records` the newest heard of peers, and
    `unclean` are services of which something that an earlier daemon left may still run here. `orders`
    are those of operators that were known, `voters` and `coming` the sets of voters of the life before
    (`StoreVoters`).
    """

    def __init__(
        self,
        settings: Settings,
        awake: float,
        boot: float,
        *,
        incarnation: int,
        seconds: int,
        terms: Mapping[str, int],
        records: Mapping[str, Record],
        unclean: frozenset[str] = frozenset(),
        orders: Iterable[Order] = (),
        voters: tuple[str, ...] = (),
        coming: tuple[str, ...] = (),
    ) -> None:
        self.state = State(settings, awake, incarnation, records, orders)
        self.state.voice.ahead = boot - awake
        if settings.votes:
            self.state.electorate.resume(voters, coming)
        self.relay = Relay(self.state)
        self.ear = Ear(self.state, self.relay)
        self._hear = self.ear.hear
        self.watch = Watch(self.state)
        self.wakefulness = Wakefulness(awake, boot, settings.timing.late)
        self._boot = boot
        self._daybreak = seconds - boot
        self.tenures = Tenures(self.state, awake, terms, self._seconds)
        self.operator = Operator(self.state, self.tenures)
        self.reconfiguration = Reconfiguration(self.state, self.ear, self.relay, self.tenures)
        for service in sorted(unclean):
            self.tenures.cannot_hold(awake, service, "what an earlier daemon left of it may still run")
        if settings.votes or voters:
            self.tenures.keep_voters()
        self._calm_word: Word | None = None
        self._may_ask = True
        self._farewell_until = inf
        self._store_at = awake + STORE_EVERY

    @property
    def incarnation(self) -> int:
        """The number of this life: greater than those before, and than any that others remember."""
        return self.state.voice.incarnation

    def next_deadline(self) -> float:
        """The awake time by which `step` wants to be called, be it only with a Tick."""
        return self.state.deadline

    def step(self, awake: float, boot: float, event: inputs.Input) -> Sequence[Decision]:
        """Take one input in; returns what is to be done now, in that order.

        Never raises for anything that a peer can send.
        """
        self._boot = boot
        state = self.state
        overdue = awake >= state.deadline
        if boot - awake > state.voice.ahead + SUSPENDED:
            state.rules_at = awake
        state.voice.ahead = boot - awake
        if overdue or boot - awake > self.wakefulness.greatest_gap:
            slept = self.wakefulness.slept(awake, boot, state.deadline)
            if slept:
                self._slept(awake, slept, min(awake, state.deadline))
                state.rules_at = awake
            elif awake - state.deadline > state.timing.beat * LATENESS:
                self.watch.woken()
        if awake >= state.rules_at:
            self.tenures.expire(awake)
        news = self._hear(awake, event.link, event.beat) if type(event) is Heard else self._take(awake, event)
        if news or awake >= state.rules_at:
            self._hold_against_rules(awake)
        elif awake >= state.deadline:
            state.deadline = state.rules_at
            self._speak(awake)
            self.relay.check(awake)
        else:
            return ()
        return state.decided()

    def _hold_against_rules(self, now: float) -> None:
        """Everything that time or news may have changed, in the order: peers, services, beats."""
        state = self.state
        state.deadline = now + LOOK_EVERY
        self._calm_word = None
        if state.outlived:
            self._begin_greater_life(now)
        self.reconfiguration.check(now)
        state.renew_leases()
        self.watch.check(now)
        self.tenures.check(now)
        self.ear.report_refused(now)
        self.operator.check(now)
        if state.leaving and not self.tenures.claiming():
            self._say_goodbye(now)
            state.rules_at = state.deadline
            return
        self._store_peers(now)
        state.rules_at = state.deadline
        self._may_ask = self._has_reason_to_ask(now)
        self._speak(now)
        self.relay.check(now)

    def _speak(self, now: float) -> None:
        """A regular beat where one is due, and one out of turn where there is something to say at once."""
        if self.watch.dazed:
            return
        state = self.state
        voice = state.voice
        regular = voice.keep_time(now, self.watch.probing or self.tenures.hurried)
        answers = state.answer and now >= voice.answer_at()
        asks = self._asks(now)
        if regular or state.speak_now or answers:
            urgent = state.speak_now or answers or bool(asks)
            self._say(now, voice.taking(now, urgent), asks if regular or state.speak_now else ())
            state.speak_now = state.answer = state.ask_all = False
        else:
            self._say(now, voice.owing(now), asks)
        if state.answer:
            state.wake_by(voice.answer_at())
        state.wake_by(voice.due)
        state.wake_by(voice.owed_at())

    def _say(self, now: float, lines: tuple[Line, ...], asks: tuple[Peer, ...]) -> None:
        if not lines:
            return
        state = self.state
        flags = (PROBE if self.watch.probing else 0) | (LEAVING if state.leaving else 0)
        state.decide(state.voice.speak(now, lines, flags, asks, state.everyone, self._word()))
        for peer in asks:
            peer.probes += peer.life is Life.LATE

    def _asks(self, now: float) -> tuple[Peer, ...]:
        """The peers whose answer is wanted at once. Never in a mere answer, or two would go on for ever."""
        if not self._may_ask:
            return ()
        return tuple(peer for peer in self.state.everyone if self._is_asked(now, peer))

    def _has_reason_to_ask(self, now: float) -> bool:
        """Whether there may be such a peer before the next look at the rules."""
        state, timing = self.state, self.state.timing
        return (
            self.watch.probing
            or state.ask_all
            or state.asking
            or self.tenures.hurried
            or (timing.lease < 3 * timing.beat and self.tenures.claiming())
            or any(not peer.proven and peer.incarnation for peer in state.everyone)
        )

    def _is_asked(self, now: float, peer: Peer) -> bool:
        state, timing = self.state, self.state.timing
        if peer.life is Life.LATE or state.ask_all:
            return True
        if not peer.proven:
            return now < peer.heard_at + timing.dead
        if state.asking:
            return peer.life is Life.UP
        if peer.life is not Life.UP or not self.tenures.claiming():
            return False
        return timing.lease < 3 * timing.beat or (
            self.tenures.hurried and now >= peer.lease_from + urgent_age(timing, timing.lease)
        )

    def _word(self) -> Word:
        """What rarely changes: between two looks at the rules only by news that others have not got yet."""
        if self._calm_word is not None:
            return self._calm_word
        state = self.state
        services = self.tenures.words()
        digest = state.digest()
        entries, orders = self._news() if self._differs(digest) else ((), ())
        voters = state.electorate.word() if state.settings.votes else ()
        word = Word(state.settings.link_hashes(), services, digest, entries, orders, voters)
        if not entries and not orders:
            self._calm_word = word
        return word

    def _differs(self, digest: bytes) -> bool:
        """Whether a peer that speaks has another status table, or other orders."""
        return any(peer.speaks and peer.word.digest != digest for peer in self.state.everyone)

    def _news(self) -> News:
        state = self.state
        heard = sum(1 for peer in state.everyone if peer.incarnation)
        most = state.voice.room.for_news(heard)
        calm = min(most, state.voice.calm_news)
        return choose(state.table, state.orders, state.voice.sequence, calm, most)

    def _say_goodbye(self, now: float) -> None:
        """Nothing is held any more: say so on every link, and say it again, for a frame may be lost."""
        state = self.state
        self.relay.give_up()
        if not self.tenures.clean():
            # A goodbye would let a successor begin at once, beside what may still run here.
            self._speak(now)
            state.decide(Finished())
            return
        if self._farewell_until == inf:
            free_at = max((line.free_at() for line in state.voice.lines if line.up), default=now)
            self._farewell_until = max(now + FAREWELL, free_at)
        lines = state.voice.taking(now, urgent=True)
        if lines:
            goodbye = state.voice.speak(now, lines, GOODBYE | LEAVING, (), state.everyone, self._word())
            state.decide(goodbye)
        if now >= self._farewell_until:
            state.decide(Finished())
            return
        state.wake_by(now + FAREWELL_EVERY)

    def _slept(self, now: float, seconds: float, since: float) -> None:
        """Rule 2: what this node missed says nothing; what it held for too long it lets go of first.

        It slept for so many seconds of either clock, and on the awake one since then.
        """
        state = self.state
        state.slept_at = now
        state.started_at = max(state.started_at + seconds, now + state.timing.dead)
        if since <= state.votes_from:  # it was awake for less than it is to wait before it votes
            state.votes_from = max(state.votes_from + now - since, now + state.timing.dead)
        state.report("slept", f"this node could not act for {seconds:.3g} s", seconds=round(seconds, 3))
        self.tenures.delay(seconds)
        if seconds > state.timing.lease:
            facts = f"was asleep for {seconds:.3g} s, longer than `lease`"
            self.tenures.let_go_of_all(now, "lease", facts, forced=True)
        state.ask_all = state.speak_now = True
        self.watch.woken()

    def _begin_greater_life(self, now: float) -> None:
        """Others remember more of this node than it does: what it holds, it may hold wrongly."""
        state = self.state
        incarnation, state.outlived = state.outlived + 1, 0
        facts = f"others remember a later life of this node: it begins incarnation {incarnation}"
        self.tenures.let_go_of_all(now, "lease", facts, forced=True)
        self.tenures.forget_promises(now)
        state.voice.begin(incarnation)
        state.table.write(incarnation=incarnation)
        for peer in state.everyone:
            peer.turn(Turn.REBORN, now, "has not acknowledged this node's new incarnation yet")
            peer.forget_proof()
        state.report("configuration", facts)
        state.decide(StoreIncarnation(incarnation))
        state.speak_now = True

    def _store_peers(self, now: float) -> None:
        if now < self._store_at:
            return
        self._store_at = now + STORE_EVERY
        for peer in self.state.everyone:
            if peer.life is Life.UP:
                self.state.decide(StorePeer(peer.name, peer.incarnation, peer.sequence))

    def _seconds(self) -> int:
        """The time of day in whole seconds, as it was at the start and counted on from there."""
        return int(self._daybreak + self._boot)

    def _take(self, now: float, event: inputs.Input) -> bool:
        """Take in anything but a beat; True where it is news."""
        match event:
            case inputs.Tick():
                return False
            case inputs.Refused(link, reason):
                return self.ear.refuse(link, reason)
            case inputs.LinkUp(link):
                return self._link_up(now, link)
            case inputs.LinkDown(link, reason):
                return self._link_down(now, link, reason)
            case inputs.Looked():
                self.watch.looked()
            case inputs.Answer(service, term, granted):
                self.tenures.answered(now, service, term, granted)
            case inputs.Started(service, term):
                self.tenures.started(now, service, term)
            case inputs.StartFailed(service, term, reason, clean):
                self.tenures.start_failed(now, service, term, reason, clean)
            case inputs.Released(service, term, reason, clean):
                self.tenures.released(now, service, term, reason, clean)
            case inputs.Checked(service, term, problem):
                self.tenures.checked(now, service, term, problem)
            case inputs.Hindered(service, hindrance):
                self.tenures.hindered(now, service, hindrance)
            case inputs.Contested(service, claim):
                self.tenures.contested(service, claim)
            case inputs.VotersKept(coming):
                self.state.electorate.kept = coming
            case inputs.Command():
                self.operator.command(now, event)
            case inputs.Reconfigure(settings):
                self.reconfiguration.begin(now, settings)
            case inputs.Shutdown(reason):
                self._shutdown(now, reason)
        return True

    def _link_up(self, now: float, link: str) -> bool:
        line = self.state.voice.line(link)
        if line is None or line.up:
            return False
        line.up, line.reason, line.since = True, "open", now
        self.state.speak_now = True
        self.state.report("link-up", "open", link=link)
        return True

    def _link_down(self, now: float, link: str, reason: str) -> bool:
        line = self.state.voice.line(link)
        if line is None or (not line.up and line.reason == reason):
            return False
        line.up, line.reason, line.since = False, reason, now
        self.state.report("link-down", reason, link=link)
        return True

    def _shutdown(self, now: float, reason: str) -> None:
        if not self.state.leaving:
            self.state.leaving = True
            self.state.speak_now = True
            self.tenures.let_go_of_all(now, "shutdown", reason, forced=False)
