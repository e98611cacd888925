"""The link `unix`: datagrams between two sockets of the file system.

For two nodes on one machine, or in two containers that share a folder.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Coroutine, Iterator, Mapping
from pathlib import Path
from typing import Any

from heart.interfaces import ILink, ILinkKind, InThread, LinkUser
from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IDelayedCall, IReadDescriptor
from twisted.logger import Logger
from twisted.plugin import IPlugin
from twisted.python.failure import Failure
from zope.interface import implementer

from heart_example.keys import check_paths

AGAIN = 1.0
"""Seconds after which a socket that could not be opened is tried again."""

LOOK = 0.1
"""Seconds between two looks for a peer that is not there."""

BATCH = 64
"""The most frames that one wake-up takes in, so that timers run during a flood."""

DRAIN = 4096
"""The most frames that `drain` takes in."""

BUSY = (errno.EAGAIN, errno.ENOBUFS)
"""Errors of a peer that has not read yet what it was sent."""

_SIZE = 2048  # bytes; Heart's frames have 1,200 at most, and a longer one is refused by its length
_LONGEST = 107  # bytes of a path, unix(7)


@implementer(IPlugin, ILinkKind)
class UnixKind:
    """Makes such links."""

    kind = "unix"

    def check(self, keys: Mapping[str, object]) -> Iterator[str]:
        """There are two keys: this node's socket and the other's."""
        yield from check_paths(keys, "path", "peer")
        for name in ("path", "peer"):
            length = len(str(keys.get(name, "")).encode())
            if length > _LONGEST:
                yield f"{name}: {length} bytes; expected a path of at most {_LONGEST}"
        if "path" in keys and keys["path"] == keys.get("peer"):
            yield "peer: expected another socket than path"

    def make(self, name: str, keys: Mapping[str, object], reactor: Any, in_thread: InThread) -> ILink:
        """One between these two sockets."""
        return UnixLink(name, str(keys["path"]), str(keys["peer"]), reactor, in_thread)


@implementer(ILink, IReadDescriptor)
class UnixLink:
    """Hears on a socket of its own, and sends on another one that is connected to the peer's.

    It is up while its own socket is open: a peer that is not there is no fault of the medium. Whatever
    looks at a path is done in threads, one thing after the other; reading and sending do not.
    """

    _log = Logger()

    def __init__(self, name: str, path: str, peer: str, reactor: Any, in_thread: InThread) -> None:
        self.name = name
        self.skipped = 0
        self.damaged = 0  # a datagram is whole or does not come
        self._path = path
        self._peer = peer
        self._reactor = reactor
        self._in_thread = in_thread
        self._turns = DeferredLock()
        self._user: LinkUser | None = None
        self._own: socket.socket | None = None
        self._way: socket.socket | None = None  # to the peer
        self._again: IDelayedCall | None = None
        self._told: str | None = None  # why it is down
        self._looking = False
        self._next_look = 0.0

    def start(self, user: LinkUser) -> None:
        """Open the socket, and try again whenever that fails."""
        self._user = user
        self._run(self._open)

    def send(self, frame: bytes) -> bool:
        """Send one frame, if the peer is there and can take it now."""
        if self._way is not None:
            try:
                self._way.send(frame)
                return True
            except OSError as error:
                if error.errno not in BUSY:  # the peer has closed its socket
                    self._way.close()
                    self._way = None
        self._look_for_peer()
        self.skipped += 1
        return False

    def drain(self) -> None:
        """Hand over what was received."""
        self._read(DRAIN)

    def descriptor(self) -> int | None:
        """The socket that leads to the peer."""
        return None if self._way is None else self._way.fileno()

    def stop(self) -> Deferred[None]:
        """Close the sockets; fires when no thread works for this link. The file stays: see `bind`."""
        self._user = None
        if self._again is not None:
            self._again.cancel()
            self._again = None
        self._close()
        return self._turns.run(lambda: None)

    # What the reactor asks of what it reads.

    def fileno(self) -> int:
        """The socket to read; -1 where none is open."""
        return -1 if self._own is None else self._own.fileno()

    def logPrefix(self) -> str:
        """The name under which the reactor logs."""
        return f"link {self.name}"

    def doRead(self) -> None:
        """Take in what has come."""
        self._read(BATCH)

    def connectionLost(self, reason: Failure) -> None:
        """The reactor found the socket broken, or ends."""
        if self._own is not None:
            self._fail(reason.getErrorMessage())

    # How frames come in.

    def _read(self, most: int) -> None:
        frames, problem = list[bytes](), None
        try:
            while self._own is not None and len(frames) < most:
                frames.append(self._own.recv(_SIZE))
        except BlockingIOError:
            pass
        except OSError as error:
            problem = error.strerror
        if frames and self._user is not None:
            self._user.frames_received(self.name, frames)
        if problem is not None:
            self._fail(problem)

    # How the sockets come and go.

    async def _open(self) -> None:
        try:
            fresh = await self._in_thread(bind, self._path)
        except OSError as error:
            self._fail(error.strerror or str(error))
            return
        if self._user is None:  # stopped meanwhile
            fresh.close()
            return
        self._own, self._told = fresh, None
        self._reactor.addReader(self)
        self._user.link_up(self.name)
        self._look_for_peer()

    def _look_for_peer(self) -> None:
        """In a thread, because a look at a path may stall; not more often than it is of use."""
        now = self._reactor.seconds()
        if self._own is not None and not self._looking and self._way is None and now >= self._next_look:
            self._looking, self._next_look = True, now + LOOK
            self._run(self._connect)

    async def _connect(self) -> None:
        try:
            way = await self._in_thread(connect, self._peer)
        except OSError:  # it is not there
            return
        finally:
            self._looking = False
        if self._own is None:  # stopped or lost meanwhile
            way.close()
        else:
            self._way = way

    def _fail(self, reason: str) -> None:
        """Be down, and try again."""
        self._close()
        if self._user is not None and self._again is None:
            self._again = self._reactor.callLater(AGAIN, self._try_again)
            if reason != self._told:
                self._told = reason
                self._user.link_down(self.name, f"{self._path}: {reason}")

    def _try_again(self) -> None:
        self._again = None
        self._run(self._open)

    def _close(self) -> None:
        own, way, self._own, self._way = self._own, self._way, None, None
        if own is not None:
            self._reactor.removeReader(self)
            own.close()
        if way is not None:
            way.close()

    def _run(self, step: Callable[[], Coroutine[Deferred[Any], Any, None]]) -> None:
        failed = "link {link}: unexpected"
        self._turns.run(step).addErrback(lambda failure: self._log.failure(failed, failure, link=self.name))


def bind(path: str) -> socket.socket:
    """A socket at that path. One that nobody listens on any more is replaced. May block. Raises OSError."""
    if is_stale(path):
        Path(path).unlink()
    fresh = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        fresh.setblocking(False)
        fresh.bind(path)
    except BaseException:
        fresh.close()
        raise
    return fresh


def is_stale(path: str) -> bool:
    """Whether there is a socket without a process. May block."""
    try:
        connect(path).close()
    except ConnectionRefusedError:  # of any other file, too
        return Path(path).is_socket() and not Path(path).is_symlink()
    except OSError:
        return False
    return False


def connect(path: str) -> socket.socket:
    """A socket that leads to the one at that path. May block. Raises OSError."""
    fresh = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        fresh.setblocking(False)
        fresh.connect(path)
    except BaseException:
        fresh.close()
        raise
    return fresh
