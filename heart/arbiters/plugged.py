"""Arbiters of kinds that plug-ins bring: what is no clear yes is a no."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer
from zope.interface.verify import verifyObject

from heart.config.model import Arbiter
from heart.interfaces import IArbiter, IArbiterKind, InThread, Question
from heart.plugins.shelter import Home, one_line, own_copy

_log = Logger()


def make_plugged(settings: Arbiter, reactor: Any, in_thread: InThread) -> IArbiter:
    """The arbiter of that kind. Never raises: where it cannot be made, one that refuses, and says why."""
    from heart.plugins import find  # only who has plug-ins pays for looking for them

    kind = find(IArbiterKind, settings.kind)
    if kind is None:
        return Unmade(settings.kind, "no plug-in of this kind is installed")
    try:
        made: IArbiter = kind.make(own_copy(settings.keys), reactor, in_thread)
        verifyObject(IArbiter, made)
    except Exception as error:
        _log.failure("The plug-in of kind {kind} cannot make an arbiter", kind=settings.kind)
        return Unmade(settings.kind, f"its plug-in failed to make it ({error!r})")
    return Sheltered(settings.kind, made, reactor)


@implementer(IArbiter)
class Unmade:
    """An arbiter that cannot be asked."""

    def __init__(self, name: str, problem: str) -> None:
        self.name = name
        self._problem = one_line(problem)

    def ask(self, question: Question) -> Deferred[bool]:
        """No, and why."""
        _log.error(
            "The arbiter {name} refuses {service}: {problem}",
            name=self.name,
            service=question.service,
            problem=self._problem,
        )
        return succeed(False)


@implementer(IArbiter)
class Sheltered:
    """A plug-in's arbiter. One that never answers costs what the core waits for it: then it asks again."""

    def __init__(self, name: str, made: IArbiter, reactor: Any) -> None:
        self.name = name
        self._made = made
        self._home = Home(reactor)

    def ask(self, question: Question) -> Deferred[bool]:
        """Whether it says True."""
        asked = self._home.await_("ask", lambda: self._made.ask(question))
        return asked.addCallbacks(self._judge, self._failed)

    def _judge(self, answer: object) -> bool:
        if not isinstance(answer, bool):
            _log.error(
                "The arbiter {name} answered {answer}, taken for no; expected True or False",
                name=self.name,
                answer=one_line(repr(answer)),
            )
        return answer is True

    def _failed(self, failure: Failure) -> bool:
        _log.failure("The arbiter {name} failed, which is taken for no", failure, name=self.name)
        return False
