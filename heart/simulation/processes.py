"""Work that is spread over all cores."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from multiprocessing import get_context
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def on_all_cores(
    work: Callable[[T], R], items: Iterable[T], chunk: int = 1, processes: int | None = None
) -> Iterator[R]:
    """What `work` makes of each item, as it comes; a process is given `chunk` items at once."""
    context = get_context("spawn")  # a fork would take over locks that other threads hold
    with context.Pool(processes or len(os.sched_getaffinity(0)), _leave_interrupts) as pool:
        yield from pool.imap_unordered(work, items, chunk)


def _leave_interrupts() -> None:
    """A key that ends the work is for the process that the person sees."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
