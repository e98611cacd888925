"""A null-modem cable between nodes: a pty for each end, and a thread that carries bytes between them."""

from __future__ import annotations

import os
import select
import threading
import tty
from contextlib import suppress
from pathlib import Path
from random import Random

POLL = 0.02  # seconds between two looks at what may have changed
READ = 4096


class _End:
    """One end: a pty of which a node opens the slave by `path`, a symlink that stays the same."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.master = -1
        self.plug()

    def plug(self) -> None:
        """Put a new device under the path. Nobody has it open: who does counts as its user."""
        self.master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(self.master, False)
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(slave))
        os.close(slave)

    def unplug(self) -> None:
        """Take the device away: who has it open is hung up."""
        if self.master != -1:
            self.path.unlink()
            os.close(self.master)
            self.master = -1

    def in_use(self) -> bool:
        """Whether somebody has the device open: only then can anything be carried."""
        return self.master != -1 and not self._events() & select.POLLHUP

    def readable(self) -> bool:
        """Whether there is something to be carried away."""
        return self.master != -1 and bool(self._events() & select.POLLIN)

    def read(self) -> bytes:
        """What was written to the device."""
        with suppress(OSError):
            return os.read(self.master, READ)
        return b""

    def put(self, data: bytes) -> None:
        """Let bytes come out of the device; what it does not take is lost, as on any line."""
        if self.in_use():
            with suppress(OSError):
                os.write(self.master, data)

    def _events(self) -> int:
        looking = select.poll()
        looking.register(self.master, select.POLLIN)
        return next((events for _, events in looking.poll(0)), 0)


class Noise:
    """Spoils what passes a cable: single bytes, and bursts of garbage before what is sent.

    `rate` is the probability with which a byte is spoilt.
    """

    def __init__(self, rate: float, seed: int = 1) -> None:
        self._rate = rate
        self._random = Random(seed)
        self.spoilt = 0

    def spoil(self, data: bytes) -> bytes:
        """What arrives of these bytes."""
        random = self._random
        out = bytearray(data)
        for place in range(len(out)):
            if random.random() < self._rate:
                out[place] ^= random.randrange(1, 256)
                self.spoilt += 1
        if random.random() < 10 * self._rate:
            out[:0] = random.randbytes(random.randrange(1, 40))
            self.spoilt += 1
        return bytes(out)


class Cable:
    """Carries what is written to one device to the other, until it is cut. `noise` spoils it on the way."""

    def __init__(self, folder: Path, ends: tuple[str, str]) -> None:
        self._lock = threading.Lock()
        self._ends = {name: _End(folder / f"cable-{name}") for name in ends}
        self._cut = False
        self._noise: Noise | None = None
        self.carried = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cable", daemon=True)
        self._thread.start()

    def device(self, name: str) -> Path:
        """The path under which a node opens its end."""
        return self._ends[name].path

    def cut(self) -> None:
        """Nothing passes any more; both devices stay."""
        with self._lock:
            self._cut = True

    def heal(self) -> None:
        """What is written to one end comes out of the other again, unspoilt."""
        with self._lock:
            self._cut, self._noise = False, None

    def make_noise(self, noise: Noise) -> None:
        """Spoil what passes from now on."""
        with self._lock:
            self._noise = noise

    def unplug(self, name: str) -> None:
        """Pull the adapter out of one machine."""
        with self._lock:
            self._ends[name].unplug()

    def plug(self, name: str) -> None:
        """Plug it in again: a new device under the old path."""
        with self._lock:
            self._ends[name].plug()

    def remove(self) -> None:
        """Take all of it away."""
        self._ended.set()
        self._thread.join()
        for end in self._ends.values():
            end.unplug()

    def _run(self) -> None:
        while not self._ended.is_set():
            with self._lock:
                there = [end.master for end in self._ends.values() if end.in_use()]
            if not there:
                self._ended.wait(POLL)
                continue
            looking = select.poll()
            for master in there:
                looking.register(master, select.POLLIN)
            looking.poll(POLL * 1000)
            with self._lock:
                self._carry()

    def _carry(self) -> None:
        first, second = self._ends.values()
        for end, other in ((first, second), (second, first)):
            if not end.readable():
                continue
            data = end.read()
            if not self._cut:
                self.carried += len(data)
                other.put(data if self._noise is None else self._noise.spoil(data))
