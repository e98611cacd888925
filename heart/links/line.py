"""A serial line: opened for us alone, raw, read and written through Twisted, closed without waiting.

The one module that knows pyserial. Eight bits, no parity, one stop bit, no flow control. Modem lines
are never read, because not every line has them.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import grp
import os
import struct
import termios

import serial
from twisted.internet.abstract import FileDescriptor
from twisted.internet.protocol import Protocol
from twisted.internet.serialport import SerialPort
from twisted.python.failure import Failure

from heart.links.medium import Reactor
from heart.linux.holders import holder_of

READ = 4_096
"""The most bytes that one wake-up takes in, so that a line full of garbage starves nobody."""

DRAIN = 16
"""The most reads of READ bytes that `drain` makes."""

Line = serial.Serial
"""An open line, as pyserial has it."""

# What the system says of what is no line, or of a line that lacks an ioctl.
_NO_LINE = (errno.ENOTTY, errno.EINVAL, errno.EISDIR)


class LineUnusable(Exception):
    """A line cannot be opened now; its text is one line for a person, which names the device."""


def open_line(device: str, baud: int) -> Line:
    """Open a line for us alone, raw, at that baud rate. May stall: call it in a thread.

    Raises LineUnusable.
    """
    try:
        # Held until pyserial has it too, so that its lines do not drop and rise again between.
        held = os.open(device, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            termios.tcgetattr(held)
            _refuse_if_in_use(device)
            opened = serial.Serial(device, baud, timeout=0, xonxoff=False, rtscts=False, exclusive=True)
        finally:
            os.close(held)
    except (OSError, ValueError, termios.error) as error:
        if _number(error) == errno.EBUSY:
            _refuse_if_in_use(device)
        raise LineUnusable(_refusal(device, error)) from error
    try:
        _make_ours(opened.fileno())
    except (OSError, termios.error) as error:
        close_line(opened)
        raise LineUnusable(_refusal(device, error)) from error
    return opened


def close_line(opened: Line) -> None:
    """Close a line at once: what waits to be sent is thrown away, since close(2) would wait for it.

    The locks are given back first: a process that inherited the line must not lock us out of it.
    """
    for give_back in (
        lambda: termios.tcflush(opened.fileno(), termios.TCIOFLUSH),
        lambda: fcntl.ioctl(opened.fileno(), termios.TIOCNXCL),
        lambda: fcntl.flock(opened.fileno(), fcntl.LOCK_UN),
        opened.close,
    ):
        with contextlib.suppress(OSError, termios.error):  # the device may be gone
            give_back()


def _refuse_if_in_use(device: str) -> None:
    holder = holder_of(device)
    if holder is not None:
        raise LineUnusable(f"{device} is in use by {holder}")


def _make_ours(fd: int) -> None:
    """Keep out who asks the kernel (TIOCEXCL), and make reads say EAGAIN where there is nothing.

    pyserial sets VMIN to 0, with which a read of nothing looks like a line that was hung up; and it
    leaves BRKINT, with which a cable pulled at the wrong moment would throw away what has come in.
    """
    fcntl.ioctl(fd, termios.TIOCEXCL)
    attributes = termios.tcgetattr(fd)
    attributes[0] &= ~(termios.BRKINT | termios.IGNPAR | termios.IXOFF | termios.IXON)
    attributes[6][termios.VMIN] = 1
    attributes[6][termios.VTIME] = 0
    termios.tcsetattr(fd, termios.TCSANOW, attributes)


def _refusal(device: str, error: Exception) -> str:
    """Why a line could not be opened, in one line."""
    number = _number(error)
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return f"{device} is not there"
    if number == errno.EACCES:
        return f"{device}: no permission; run as root or as a member of its group {_group(device)}"
    if number in (errno.EBUSY, errno.EWOULDBLOCK):
        return f"{device} is locked by another process"
    if number in _NO_LINE:
        return f"{device} is not a serial line"
    return f"{device}: {os.strerror(number) if number is not None else error}"


def _number(error: BaseException) -> int | None:
    """The errno of an error; pyserial hides it behind a text of its own."""
    for raised in (error, error.__context__):
        if raised is not None and raised.args and isinstance(raised.args[0], int):
            return raised.args[0]
    return None


def _group(device: str) -> str:
    try:
        return grp.getgrgid(os.stat(device).st_gid).gr_name  # noqa: PTH116  # beside the other calls of os
    except (OSError, KeyError):
        return "of its own"


class Port(SerialPort):
    """Twisted's port on a line that is open already; it leaves the closing of it to others."""

    def __init__(self, protocol: Protocol, opened: Line, reactor: Reactor) -> None:
        self._serialFactory = lambda *_, **__: opened  # type: ignore[assignment]  # it is only called
        self.opened = opened
        SerialPort.__init__(self, protocol, opened.port, reactor, baudrate=opened.baudrate)

    def fileno(self) -> int:
        """The open line; -1 once it is closed."""
        return -1 if self.opened.fd is None else self.opened.fd

    def busy(self) -> bool:
        """Whether earlier output still waits here or in the kernel. Raises OSError as the line does."""
        if self.dataBuffer or self._tempDataLen:
            return True
        try:
            waiting = fcntl.ioctl(self.fileno(), termios.TIOCOUTQ, bytes(4))
        except OSError as error:
            if error.errno in _NO_LINE:
                return False
            raise
        (count,) = struct.unpack("i", waiting)
        return bool(count)

    def doRead(self) -> Exception | None:
        """Read once; the error that ends this line, if any."""
        data = self._read()
        if not isinstance(data, bytes):
            return data
        self.protocol.dataReceived(data)
        return None

    def drain(self) -> None:
        """Take in what the kernel has already received, bounded by DRAIN."""
        for _ in range(DRAIN):
            data = self._read()
            if not isinstance(data, bytes):
                return
            self.protocol.dataReceived(data)

    def writeSomeData(self, data: bytes) -> int | Exception:
        """Write what the kernel takes now."""
        try:
            return os.write(self.fileno(), data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            return error

    def connectionLost(self, reason: Failure) -> None:
        """Leave the reactor, with what was not yet written; the line stays open."""
        if not self.disconnected:
            FileDescriptor.connectionLost(self, reason)
            self.dataBuffer, self._tempDataBuffer, self._tempDataLen = b"", [], 0
            self.protocol.connectionLost(reason)

    def _read(self) -> bytes | Exception | None:
        """What came in; None where there is nothing. A read of no bytes is a line that was hung up."""
        if self.disconnected:
            return None
        try:
            return os.read(self.fileno(), READ) or OSError(errno.EIO, "hung up")
        except (BlockingIOError, InterruptedError):
            return None
        except OSError as error:
            return error
