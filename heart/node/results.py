"""Whom the services' resources answer to: who lets go of leftovers first, then the core."""

from __future__ import annotations

from heart.interfaces import Tenure
from heart.resources.user import SequenceUser


class Results:
    """Hands what sequences report to the `user` of the time; where there is none, nobody is told."""

    def __init__(self) -> None:
        self.user: SequenceUser | None = None

    def started(self, tenure: Tenure) -> None:
        """Everything runs."""
        if self.user is not None:
            self.user.started(tenure)

    def start_failed(self, tenure: Tenure, reason: str, clean: bool) -> None:
        """Something did not start."""
        if self.user is not None:
            self.user.start_failed(tenure, reason, clean)

    def released(self, tenure: Tenure, clean: bool, reason: str) -> None:
        """A release has ended."""
        if self.user is not None:
            self.user.released(tenure, clean, reason)

    def checked(self, tenure: Tenure, problem: str | None) -> None:
        """The status of everything that is held is known."""
        if self.user is not None:
            self.user.checked(tenure, problem)

    def hindered(self, service: str, reason: str | None) -> None:
        """A service could not be held here now, or could again."""
        if self.user is not None:
            self.user.hindered(service, reason)

    def contested(self, service: str, reason: str) -> None:
        """Another machine claims something of a service."""
        if self.user is not None:
            self.user.contested(service, reason)
