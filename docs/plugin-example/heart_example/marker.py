"""The resource `marker`: a file that is there while this node holds the service, and says in which term.

For others on this machine that want to know: a cron job (`test -e FILE || exit 0`), a load balancer's check.
Choose a path below /run, where a machine that was cut off from power does not find it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from heart.interfaces import InThread, IResource, IResourceKind, ResourceFailed, ResourceUser, Tenure
from twisted.internet.defer import Deferred, DeferredLock, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.plugin import IPlugin
from twisted.python.failure import Failure
from zope.interface import implementer

from heart_example.keys import check_paths

PATIENCE = 10.0
"""Seconds that one call may take where nothing else is said."""


@implementer(IPlugin, IResourceKind)
class MarkerKind:
    """Makes such resources."""

    kind = "marker"

    def check(self, keys: Mapping[str, object]) -> Iterator[str]:
        """There is one key, the file's path."""
        return check_paths(keys, "path")

    def make(self, keys: Mapping[str, object], reactor: Any, in_thread: InThread) -> IResource:
        """One for that file."""
        return Marker(str(keys["path"]), reactor, in_thread)


@implementer(IResource)
class Marker:
    """Works on its file in threads, one thing after the other, in the order in which they were asked for.

    A thread that waits for a stalled disk cannot be ended. What it does comes late, but never after what
    was asked for later: a file that was to go does not come back.
    """

    output = ""  # it prints nothing
    pid = None  # it runs no command

    def __init__(self, path: str, reactor: IReactorTime, in_thread: InThread) -> None:
        self.label = f"marker {path}"
        self._path = Path(path)
        self._reactor = reactor
        self._in_thread = in_thread
        self._turns = DeferredLock()
        self._call: Deferred[None] = succeed(None)

    def watch(self, user: ResourceUser) -> None:
        """It notices nothing by itself: it is asked for its status."""

    def close(self) -> None:
        """There is nothing to end."""

    def announce(self) -> None:
        """There is nobody to tell."""

    def start(self, tenure: Tenure) -> Deferred[None]:
        """Write the file; one that is there is replaced."""
        text = f"service={tenure.service}\nnode={tenure.node}\nterm={tenure.term}\nreason={tenure.reason}\n"
        return self._do("start", PATIENCE, lambda: write(self._path, text))

    def stop(self, tenure: Tenure, budget: float | None) -> Deferred[None]:
        """Remove the file, also one that an earlier daemon has left; where there is none all is well."""
        limit = PATIENCE if budget is None else budget
        return self._do("stop", limit, lambda: self._path.unlink(missing_ok=True))

    def status(self, tenure: Tenure) -> Deferred[None]:
        """Whether the file is there."""
        return self._do("status", PATIENCE, self._path.lstat)

    def interrupt(self, budget: float) -> Deferred[None]:
        """Wait no longer for what is under way."""
        if not self._call.called:
            self._call.errback(ResourceFailed(f"{self.label}: interrupted"))
        return succeed(None)

    def _do(self, action: str, limit: float, work: Callable[[], object]) -> Deferred[None]:
        """Have a thread do it in its turn; fires within `limit` seconds, whatever the disk does."""

        def too_late(cancelled: object, seconds: float) -> NoReturn:
            raise ResourceFailed(f"{self.label} {action}: not done within {seconds:g} s")

        def done(result: object) -> None:
            if call.called:  # nobody waits for it any more
                return
            if isinstance(result, Failure):
                call.errback(ResourceFailed(f"{self.label} {action}: {result.getErrorMessage()}"))
            else:
                call.callback(None)

        call: Deferred[None] = Deferred()
        call.addTimeout(limit, self._reactor, too_late)
        self._call = call
        self._turns.run(self._in_thread, work).addBoth(done)
        return call


def write(path: Path, text: str) -> None:
    """Put a file with that text there, whole or not at all. May block. Raises OSError."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(text)
    fresh.replace(path)
