"""Threads for what may stall: they never keep a daemon from ending."""

from __future__ import annotations

from threading import Thread
from typing import Any

from twisted.python.threadpool import ThreadPool


class _Daemonic(Thread):
    """A thread for which the interpreter does not wait at its end."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "daemon": True})


class StallingThreads(ThreadPool):
    """A pool whose threads may hang for ever in the kernel: the process ends without them."""

    threadFactory = _Daemonic  # noqa: N815


def make_threads(name: str, most: int) -> StallingThreads:
    """A running pool of at most that many threads, made as they are needed.

    One pool for each thing that can stall by itself, so that a stalled disk leaves addresses alone.
    """
    threads = StallingThreads(minthreads=0, maxthreads=most, name=name)
    threads.start()
    return threads
