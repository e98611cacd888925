"""What must agree before a node acts on a peer's silence: `trust` always does, others come from plug-ins.

Under `quorum` the nodes agree among themselves, in their beats (heart.core.services.voter).
"""

from __future__ import annotations

from heart.arbiters.nobody import Nobody
from heart.arbiters.plugged import make_plugged
from heart.arbiters.trust import Trust
from heart.config.model import QUORUM, Arbiter
from heart.interfaces import IArbiter, InThread


def make_arbiter(settings: Arbiter, reactor: object, in_thread: InThread) -> IArbiter:
    """The arbiter that a configuration describes. Never raises: what cannot be made refuses."""
    if settings.kind == Trust.name:
        return Trust()
    return Nobody() if settings.kind == QUORUM else make_plugged(settings, reactor, in_thread)
