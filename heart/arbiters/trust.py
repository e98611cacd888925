"""The arbiter `trust`: silence on every link is death.

With all links cut and both nodes alive there are two holders: nobody is left who could tell the
difference. What it can promise is in docs/safety.md.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from heart.interfaces import IArbiter, Question


@implementer(IArbiter)
class Trust:
    """Believes what the core has concluded from the silence of the links."""

    name = "trust"

    def ask(self, question: Question) -> Deferred[bool]:
        """Yes: the core asks only after the rules of silence and waiting were kept."""
        return succeed(True)
