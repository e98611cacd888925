"""A reactor whose timers never follow the time of day.

Twisted's own reactors schedule by `time.time` (twisted/twisted#2424): a clock set forward makes
every timer fire at once, which under a heartbeat is a false death.
"""

from __future__ import annotations

import time

from twisted.internet.main import installReactor

try:
    from twisted.internet.epollreactor import EPollReactor as BestReactor
except ImportError:  # no epoll: not Linux
    from twisted.internet.selectreactor import SelectReactor as BestReactor


class MonotonicReactor(BestReactor):
    """The platform's best reactor, counting time by CLOCK_MONOTONIC."""

    seconds = staticmethod(time.monotonic)


def install() -> None:
    """Make this the process's reactor. Raises ReactorAlreadyInstalledError where there is one."""
    installReactor(MonotonicReactor())  # type: ignore[no-untyped-call]
