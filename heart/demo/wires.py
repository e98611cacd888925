"""The two cables between the nodes of the demo, each of which can be cut and restored.

The LAN is a switch that answers at a loopback address of its own: what a node sends there is broadcast
on 127.255.255.255, where both nodes hear it. The null-modem cable joins two ptys. One thread carries both.
"""

from __future__ import annotations

import os
import select
import selectors
import socket
import threading
import tty
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

SWITCH = "127.0.0.76"
"""Where the nodes send what is for everybody: Linux has all of 127.0.0.0/8 on every machine."""

BROADCAST = "127.255.255.255"

LONGEST = 65_536  # bytes, of a datagram; and the most that is read from a line at once
LOOK = 0.005  # seconds between looks whether a node has its end of the cable open again: a beat must not wait


class Wire(Protocol):
    """What can be cut and restored."""

    whole: bool

    def cut(self) -> None:
        """Let nothing pass from now on."""

    def restore(self) -> None:
        """Let everything pass again."""


class Lan:
    """A UDP broadcast domain on loopback; `port` is a free one."""

    def __init__(self) -> None:
        self.whole = True
        self.port = _free_port()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        # The nodes bind this port too, on every address; the kernel gives us what is for ours.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((SWITCH, self.port))

    def cut(self) -> None:
        """Let nothing pass from now on."""
        self.whole = False

    def restore(self) -> None:
        """Let everything pass again."""
        self.whole = True

    def fileno(self) -> int:
        """What the thread waits for."""
        return self._socket.fileno()

    def carry(self) -> None:
        """Pass on one datagram."""
        with suppress(OSError):  # none after all, or none can be sent: a LAN may lose one
            datagram = self._socket.recv(LONGEST)
            if self.whole:
                self._socket.sendto(datagram, (BROADCAST, self.port))

    def close(self) -> None:
        """Take it away."""
        self._socket.close()


class End:
    """One end of the cable: a pty, whose device a node opens by `path`.

    No end keeps its device open here, or nodes would refuse it as in use. So while no node has it open,
    it is hung up: nothing can be read, and what is written would wait there for the next one to open it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._plug()

    def renew(self) -> None:
        """Put a new pty in the place of one that was hung up.

        A real line forgets with its last user that it was exclusive (TIOCEXCL), a pty does not: after a
        node was killed, nobody but root could open it.
        """
        os.close(self._master)
        self._plug()

    def _plug(self) -> None:
        self._master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(self._master, False)
        draft = self.path.with_name(f"{self.path.name}.new")
        draft.symlink_to(os.ttyname(slave))
        draft.replace(self.path)
        os.close(slave)
        self._poll = select.poll()
        self._poll.register(self._master, 0)

    def fileno(self) -> int:
        """What the thread waits for."""
        return self._master

    def is_open(self) -> bool:
        """Whether a node has the device open."""
        return not any(event & select.POLLHUP for _, event in self._poll.poll(0))

    def take(self) -> bytes | None:
        """What a node wrote; None where the line is hung up."""
        try:
            return os.read(self._master, LONGEST)
        except BlockingIOError:
            return b""
        except OSError:
            return None

    def put(self, data: bytes) -> None:
        """Let a node read this, as far as there is room: the rest is lost, as on a real line."""
        if self.is_open():
            with suppress(OSError):
                os.write(self._master, data)

    def close(self) -> None:
        """Take it away."""
        self.path.unlink(missing_ok=True)
        os.close(self._master)


class Cable:
    """A null-modem cable between two serial devices, which appear at these two paths."""

    def __init__(self, one: Path, other: Path) -> None:
        self.whole = True
        self.ends = (End(one), End(other))

    def cut(self) -> None:
        """Let nothing pass from now on."""
        self.whole = False

    def restore(self) -> None:
        """Let everything pass again."""
        self.whole = True

    def carry(self, end: End) -> bool:
        """Pass on what came in at that end; False where the end is hung up."""
        data = end.take()
        if data and self.whole:
            self.ends[end is self.ends[0]].put(data)
        return data is not None

    def close(self) -> None:
        """Take it away."""
        for end in self.ends:
            end.close()


class Carrier:
    """The thread that carries a LAN and a cable; `stop` closes both."""

    def __init__(self, lan: Lan, cable: Cable) -> None:
        self._lan = lan
        self._cable = cable
        self._selector = selectors.DefaultSelector()
        self._hung_up: set[End] = set(cable.ends)
        self._stopping, self._stop = os.pipe()
        self._thread = threading.Thread(target=self._run, name="wires", daemon=True)

    def start(self) -> None:
        """Begin to carry."""
        self._selector.register(self._stopping, selectors.EVENT_READ)
        self._selector.register(self._lan, selectors.EVENT_READ, self._lan.carry)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and close all of it."""
        os.close(self._stop)
        self._thread.join()
        self._selector.close()
        os.close(self._stopping)
        self._lan.close()
        self._cable.close()

    def rests(self, end: End) -> bool:
        """Whether that end was hung up when it was last looked at."""
        return end in self._hung_up

    def _run(self) -> None:
        while True:
            self._listen_again()
            for key, _ in self._selector.select(LOOK if self._hung_up else None):
                if key.data is None:
                    return
                carry: Callable[[], None] = key.data
                carry()

    def _listen_again(self) -> None:
        """Carry from the ends that a node has opened; one that is hung up would wake us without end."""
        for end in [end for end in self._hung_up if end.is_open()]:
            self._hung_up.discard(end)
            self._selector.register(end, selectors.EVENT_READ, lambda end=end: self._carry(end))

    def _carry(self, end: End) -> None:
        if not self._cable.carry(end):
            self._selector.unregister(end)
            end.renew()
            self._hung_up.add(end)


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.bind(("", 0))
        port: int = asking.getsockname()[1]
        return port
