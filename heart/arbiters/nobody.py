"""Where nodes vote nobody else is asked."""

from __future__ import annotations

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from heart.config.model import QUORUM
from heart.interfaces import IArbiter, Question


@implementer(IArbiter)
class Nobody:
    """Stands where an arbiter would; the core asks it nothing."""

    name = QUORUM

    def ask(self, question: Question) -> Deferred[bool]:
        """No: a question that comes here all the same was not voted on."""
        return succeed(False)
