"""The pipes to and from a command, and what is kept of its output."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import cast

from twisted.internet import fdesc
from twisted.internet.abstract import FileDescriptor
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IReactorFDSet
from twisted.python.failure import Failure

KEPT = 8_192
"""How many bytes are kept of the beginning and of the end of a command's output."""

_PIPE_ROUNDS = 16  # reads of 8 KiB: more than a pipe can hold, so a writer that never ends does not hold us


class Kept:
    """The beginning and the end of an output of any length."""

    def __init__(self) -> None:
        self._head, self._tail, self.cut = bytearray(), bytearray(), 0

    def feed(self, data: bytes) -> None:
        """Take what came next."""
        room = KEPT - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        excess = len(self._tail) - KEPT
        if excess > 0:
            self.cut += excess
            del self._tail[:excess]

    def text(self) -> str:
        """What is kept, with a note where something was cut."""
        if not self.cut:
            return (self._head + self._tail).decode(errors="replace")
        head, tail = self._head.decode(errors="replace"), self._tail.decode(errors="replace")
        return f"{head}\n[{self.cut} bytes cut]\n{tail}"


class Pipe(FileDescriptor):
    """Our end of a pipe to or from a command: what comes is given to `received`."""

    connected = 1

    def __init__(self, reactor: IReactorFDSet, fd: int, received: Callable[[bytes], None]) -> None:
        FileDescriptor.__init__(self, reactor)
        fdesc.setNonBlocking(fd)
        self._fd, self._received = fd, received

    def fileno(self) -> int:
        """The descriptor, for the reactor."""
        return self._fd

    def doRead(self) -> Exception | None:
        """Take one piece: a command that never stops printing leaves room for the rest of us."""
        return cast("Exception | None", fdesc.readFromFD(self._fd, self._received))

    def writeSomeData(self, data: bytes) -> int | Exception:
        """Write what the pipe has room for."""
        return cast("int | Exception", fdesc.writeToFD(self._fd, data))

    def connectionLost(self, reason: Failure) -> None:
        """The other end was closed, or we close ours."""
        if self.connected:
            FileDescriptor.connectionLost(self, reason)
            os.close(self._fd)

    def receive(self) -> None:
        """Begin to take what comes."""
        FileDescriptor.startReading(self)

    def send(self, data: bytes) -> None:
        """Write `data` as the other end takes it, then close."""
        FileDescriptor.write(self, data)
        FileDescriptor.loseConnection(self)

    def drain(self) -> None:
        """Take what has arrived; from a pipe that we write to, nothing comes."""
        for _ in range(_PIPE_ROUNDS):
            if not self.connected or self.doRead() is not None:
                break

    def close(self) -> None:
        """Close our end at once, whatever is still unwritten."""
        self.connectionLost(Failure(ConnectionDone()))
