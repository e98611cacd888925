"""What the shelters of links, resources and arbiters from plug-ins have in common.

A plug-in may break its promises. What that costs is the one link, resource or question, and a line in
the log: never a beat of another link, and never the daemon.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from inspect import iscoroutine
from threading import get_ident
from typing import Any, ParamSpec, TypeVar

from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure
from twisted.python.reflect import safe_str

from heart.config.problems import printable

P = ParamSpec("P")
T = TypeVar("T")

_LONGEST = 300


class BrokenPromise(Exception):
    """A plug-in's method gave back what its interface does not allow; the text is one line."""


def one_line(text: object) -> str:
    """What a plug-in says, as one line of a bounded length, whatever it is."""
    line = printable(" ".join(safe_str(text).split()))
    return line if len(line) <= _LONGEST else line[:_LONGEST] + "..."


def own_copy(keys: Mapping[str, object]) -> dict[str, object]:
    """A plug-in's keys for itself alone: by what is in a configuration, changes of it are told."""
    return deepcopy(dict(keys))


class Home:
    """The reactor's thread, in which this has to be made: what comes from another one is brought there."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._thread = get_ident()

    def call(self, what: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Call it in the reactor's thread: now, if this is that one."""
        if get_ident() == self._thread:
            what(*args, **kwargs)
        else:
            self._reactor.callFromThread(what, *args, **kwargs)

    def await_(self, name: str, call: Callable[[], object]) -> Deferred[Any]:
        """What a plug-in's method promises, as a Deferred that fires in the reactor's thread.

        A coroutine is as good as a Deferred. Fails with what the method raises, and with BrokenPromise
        where it gives back neither. Who cancels it cancels the plug-in's.
        """
        try:
            given = call()
        except Exception:
            return fail()
        promised = Deferred.fromCoroutine(given) if iscoroutine(given) else given
        if not isinstance(promised, Deferred):
            return fail(BrokenPromise(f"{name} gave back {one_line(repr(given))}; expected a Deferred"))
        own: Deferred[Any] = Deferred(lambda ignored: promised.cancel())
        promised.addBoth(self._pass_on, own)
        return own

    def _pass_on(self, result: T, own: Deferred[Any]) -> T | None:
        """A plug-in may look at its Deferred's result after us, but an error is ours now."""
        self.call(_fire, own, result)
        return None if isinstance(result, Failure) else result


def _fire(deferred: Deferred[Any], result: object) -> None:
    if deferred.called:  # cancelled while this was on its way here
        return
    if isinstance(result, Failure):
        deferred.errback(result)
    else:
        deferred.callback(result)
