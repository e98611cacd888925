"""Resources of kinds that plug-ins bring, and what stands in for one that could not be made."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer
from zope.interface.verify import verifyObject

from heart.config.model import PluginResource
from heart.interfaces import InThread, IResource, IResourceKind, ResourceFailed, ResourceUser, Tenure
from heart.plugins.shelter import Home, one_line, own_copy

_log = Logger()


def make_plugged(settings: PluginResource, reactor: object, in_thread: InThread) -> IResource:
    """The resource of that kind. Never raises: where it cannot be made, one that says why at each start."""
    from heart.plugins import find  # only who has plug-ins pays for looking for them

    kind = find(IResourceKind, settings.kind)
    if kind is None:
        return Unmade(settings.kind, "no plug-in of this kind is installed")
    try:
        made: IResource = kind.make(own_copy(settings.keys), reactor, in_thread)
        verifyObject(IResource, made)
        return Sheltered(made, reactor)
    except Exception as error:
        _log.failure("The plug-in of kind {kind} cannot make a resource", kind=settings.kind)
        return Unmade(settings.kind, f"its plug-in failed to make it ({error!r}); see the log")


@implementer(IResource)
class Unmade:
    """A resource that cannot be started. Whether an earlier daemon has left something of it is not known."""

    def __init__(self, kind: str, problem: str) -> None:
        self.label = f"resource of kind {kind}"
        self.output = ""
        self.pid: int | None = None
        self._problem = f"{self.label}: {one_line(problem)}"
        self._tried = False

    def watch(self, user: ResourceUser) -> None:
        """It notices nothing."""

    def close(self) -> None:
        """There is nothing to end."""

    def status(self, tenure: Tenure) -> Deferred[None]:
        """It does not run."""
        return fail(ResourceFailed(self._problem))

    def start(self, tenure: Tenure) -> Deferred[None]:
        """It cannot be started."""
        self._tried = True
        return fail(ResourceFailed(self._problem))

    def stop(self, tenure: Tenure, budget: float | None) -> Deferred[None]:
        """What this daemon failed to start is not there; anything else it cannot stop."""
        return succeed(None) if self._tried else fail(ResourceFailed(self._problem))

    def interrupt(self, budget: float) -> Deferred[None]:
        """Nothing of it is ever under way."""
        return succeed(None)

    def announce(self) -> None:
        """There is nothing to announce."""


@implementer(IResource)
class Sheltered:
    """A plug-in's resource: what its methods give back is what is promised, and it tells in our thread.

    What they raise fails the call, and is for who called.
    """

    def __init__(self, made: IResource, reactor: Any) -> None:
        self.label = one_line(made.label)
        self._made = made
        self._home = Home(reactor)

    @property
    def output(self) -> str:
        """What its last call printed."""
        try:
            output = self._made.output
        except Exception:
            return ""
        return output if isinstance(output, str) else ""

    @property
    def pid(self) -> int | None:
        """The process group that runs for it; what is no such number is none."""
        try:
            pid = self._made.pid
        except Exception:
            return None
        return pid if type(pid) is int and pid > 1 else None

    def watch(self, user: ResourceUser) -> None:
        """Pass on what it notices."""
        self._made.watch(_Told(self, user, self._home))

    def close(self) -> None:
        """Have it watch no more."""
        self._made.close()

    def status(self, tenure: Tenure) -> Deferred[None]:
        """Ask it."""
        return self._await("status", lambda: self._made.status(tenure))

    def start(self, tenure: Tenure) -> Deferred[None]:
        """Have it start."""
        return self._await("start", lambda: self._made.start(tenure))

    def stop(self, tenure: Tenure, budget: float | None) -> Deferred[None]:
        """Have it stop."""
        return self._await("stop", lambda: self._made.stop(tenure, budget))

    def interrupt(self, budget: float) -> Deferred[None]:
        """Have it end what is under way."""
        return self._await("interrupt", lambda: self._made.interrupt(budget))

    def announce(self) -> None:
        """Have it announce."""
        self._made.announce()

    def _await(self, name: str, call: Any) -> Deferred[None]:
        return self._home.await_(name, call).addErrback(self._failed)

    def _failed(self, failure: Failure) -> Failure:
        """Its text for a person becomes one line."""
        if failure.check(ResourceFailed) is None:
            return failure
        raise ResourceFailed(one_line(failure.value))


class _Told:
    """Whom a plug-in's resource tells (a ResourceUser), which is passed on as the shelter's own words."""

    def __init__(self, shelter: IResource, user: ResourceUser, home: Home) -> None:
        self._shelter, self._user, self._home = shelter, user, home

    def lost(self, resource: IResource, reason: str) -> None:
        """It does not run any more."""
        self._home.call(self._user.lost, self._shelter, one_line(reason))

    def hindered(self, resource: IResource, reason: str | None) -> None:
        """It could not be held, or could again."""
        why = None if reason is None else one_line(reason)
        self._home.call(self._user.hindered, self._shelter, why)

    def contested(self, resource: IResource, reason: str) -> None:
        """Another machine claims the same."""
        self._home.call(self._user.contested, self._shelter, one_line(reason))
