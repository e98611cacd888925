"""Whom the resources of a service answer to, as one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from heart.interfaces import Tenure

Changed = Callable[[Tenure | None, tuple[int, ...]], None]
"""Told what is held, or may be (None: nothing), and the process groups of the scripts that run."""


class SequenceUser(Protocol):
    """Who is told how orders ended, and what the resources noticed by themselves.

    A call may come before the order has returned, and the next order may be given from within a call.
    """

    def started(self, tenure: Tenure) -> None:
        """Everything runs: the end of a take-over or a restart."""

    def start_failed(self, tenure: Tenure, reason: str, clean: bool) -> None:
        """A take-over or restart failed; what was begun has been stopped, and if `clean`, all of it."""

    def released(self, tenure: Tenure, clean: bool, reason: str) -> None:
        """Everything has been stopped if `clean`; else `reason` says what may still run."""

    def checked(self, tenure: Tenure, problem: str | None) -> None:
        """Everything that is held runs; or does not, and that is the problem.

        A problem may come without a check, where a resource noticed it by itself.
        """

    def hindered(self, service: str, reason: str | None) -> None:
        """The service could not be held on this node now, for that reason; None: now it could again.

        Said whether it is held or not, each change once.
        """

    def contested(self, service: str, reason: str) -> None:
        """Another machine claims a resource of the service."""
