"""Links of kinds that plug-ins bring: whatever they do, the beats of the other links go on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer
from zope.interface.verify import verifyObject

from heart.config.model import PluginLink
from heart.interfaces import ILink, ILinkKind, InThread, LinkUser
from heart.links.medium import Condition
from heart.plugins.shelter import Home, one_line, own_copy

T = TypeVar("T")

CLOSING = 5.0
"""Seconds after which a plug-in's link that was told to stop is taken for closed."""

_log = Logger()


def make_plugged(settings: PluginLink, reactor: Any, in_thread: InThread) -> ILink:
    """The link of that kind. Never raises: where it cannot be made, one that is down and says why."""
    from heart.plugins import find  # only who has plug-ins pays for looking for them

    name, kind = settings.name, find(ILinkKind, settings.kind)
    if kind is None:
        return Unmade(name, f"no plug-in of kind {settings.kind} is installed")
    try:
        made: ILink = kind.make(name, own_copy(settings.keys), reactor, in_thread)
        verifyObject(ILink, made)
    except Exception as error:
        _log.failure(
            "The plug-in of kind {kind} cannot make link {link}", kind=settings.kind, link=settings.name
        )
        return Unmade(name, f"its plug-in failed to make it ({error!r}); see the log")
    return Sheltered(name, made, reactor)


@implementer(ILink)
class Unmade:
    """A link that is down for good."""

    damaged = 0

    def __init__(self, name: str, problem: str) -> None:
        self.name = name
        self.skipped = 0
        self._problem = one_line(problem)

    def start(self, user: LinkUser) -> None:
        """Say why it is down."""
        user.link_down(self.name, self._problem)

    def send(self, frame: bytes) -> bool:
        """Nothing can be sent."""
        self.skipped += 1
        return False

    def drain(self) -> None:
        """Nothing was received."""

    def descriptor(self) -> int | None:
        """Nothing is open."""
        return None

    def stop(self) -> Deferred[None]:
        """There is nothing to close."""
        return succeed(None)


@implementer(ILink)
class Sheltered:
    """A plug-in's link. What it raises is logged, of each of its methods once."""

    def __init__(self, name: str, made: ILink, reactor: Any) -> None:
        self.name = name
        self._made = made
        self._reactor = reactor
        self._home = Home(reactor)
        self._condition = Condition(name)
        self._told = _Told(self._condition, self._home)
        self._unsent = 0
        self._logged: set[str] = set()

    @property
    def skipped(self) -> int:
        """How many frames were not sent, those included over which the plug-in failed."""
        return self._count("skipped") + self._unsent

    @property
    def damaged(self) -> int:
        """How many pieces of noise came in, what the plug-in gave for frames and is none included."""
        return self._count("damaged") + self._told.no_frames

    def start(self, user: LinkUser) -> None:
        """Have it open its medium."""
        self._condition.start(user)
        try:
            self._made.start(self._told)
        except Exception as error:
            self._complain("start")
            self._condition.went_down(one_line(f"its plug-in failed to start it ({error!r}); see the log"))

    def send(self, frame: bytes) -> bool:
        """Send one frame, where the plug-in does."""
        try:
            if self._made.send(frame):
                return True
        except Exception:
            self._unsent += 1
            self._complain("send")
        return False

    def drain(self) -> None:
        """Have it hand over what was received."""
        self._try("drain", self._made.drain, None)

    def descriptor(self) -> int | None:
        """What it has open, if that is a number."""
        descriptor = self._try("descriptor", self._made.descriptor, None)
        return descriptor if type(descriptor) is int and descriptor >= 0 else None

    def stop(self) -> Deferred[None]:
        """Have it close its medium; fires at the latest after CLOSING, and never fails."""
        self._condition.stop()
        closed = self._home.await_("stop", self._made.stop).addTimeout(CLOSING, self._reactor)
        closed.addErrback(lambda failure: self._complain("stop", failure))
        return closed.addCallback(lambda ignored: None)

    def _count(self, name: str) -> int:
        count = self._try(name, lambda: getattr(self._made, name), 0)
        return count if isinstance(count, int) else 0

    def _try(self, name: str, call: Callable[[], T], otherwise: T) -> T:
        try:
            return call()
        except Exception:
            self._complain(name)
            return otherwise

    def _complain(self, name: str, failure: Failure | None = None) -> None:
        if name not in self._logged:
            self._logged.add(name)
            _log.failure("link {link}: its plug-in failed in {name}", failure, link=self.name, name=name)


class _Told:
    """Whom a plug-in's link tells (a LinkUser): what is sound is passed on, in the reactor's thread.

    The link's name is the configuration's, whatever name the plug-in says.
    """

    def __init__(self, condition: Condition, home: Home) -> None:
        self.no_frames = 0
        self._condition = condition
        self._home = home

    def frames_received(self, link: str, frames: Sequence[bytes]) -> None:
        """Frames came in."""
        self._home.call(self._take, frames)

    def link_up(self, link: str) -> None:
        """The medium is open."""
        self._home.call(self._condition.went_up)

    def link_down(self, link: str, reason: str) -> None:
        """The medium is not open."""
        self._home.call(self._condition.went_down, one_line(reason))

    def _take(self, frames: Sequence[bytes]) -> None:
        """One frame for a list of them is as wrong as a list of anything else."""
        given = list(frames) if isinstance(frames, list | tuple) else [None]
        sound = [frame for frame in given if isinstance(frame, bytes)]
        if len(sound) < len(given):
            if self.no_frames == 0:
                _log.error(
                    "link {link}: its plug-in hands over what is no list of bytes objects; left out",
                    link=self._condition.link,
                )
            self.no_frames += len(given) - len(sound)
        if sound:
            self._condition.frames(sound)
