"""What every link has in common: whom it tells, what it last said, and what it needs to run."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec

from twisted.logger import Logger

from heart.interfaces import LinkUser

P = ParamSpec("P")

Reactor = Any
"""IReactorTime and IReactorFDSet in one object; zope.interface has no type for both."""


class Condition:
    """Whether a link is up, and what its user was last told of it: each change is told once.

    A user that raises is logged and does not disturb the link; of frames that it raises for, only
    the first since the link came up is logged, because a peer may send any number of them.
    """

    _log = Logger()

    def __init__(self, link: str) -> None:
        self.link = link
        self.up = False
        self._user: LinkUser | None = None
        self._reason: str | None = None
        self._complained = False

    def start(self, user: LinkUser) -> None:
        """From now on tell `user`."""
        self._user = user

    def stop(self) -> None:
        """From now on tell nobody anything."""
        self._user = None
        self.up = False

    def went_up(self) -> None:
        """The medium is open."""
        if self.up:
            return
        self.up, self._reason, self._complained = True, None, False
        if self._user is not None:
            self._tell(self._user.link_up, self.link)

    def went_down(self, reason: str) -> None:
        """The medium was lost or could not be opened; told unless it was the last thing told."""
        if not self.up and reason == self._reason:
            return
        self.up, self._reason = False, reason
        if self._user is not None:
            self._tell(self._user.link_down, self.link, reason)

    def frames(self, frames: Sequence[bytes]) -> None:
        """Hand whole frames to the user."""
        if self._user is None:
            return
        try:
            self._user.frames_received(self.link, frames)
        except Exception:
            if not self._complained:
                self._complained = True
                self._log.failure("link {link}: frames could not be taken in", link=self.link)

    def _tell(self, what: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            what(*args, **kwargs)
        except Exception:
            self._log.failure("link {link}: its user failed", link=self.link)


def why(error: BaseException | None) -> str:
    """An error in the words of the system, without its number; a termios.error has one too."""
    if error is not None and error.args and isinstance(error.args[0], int):
        return os.strerror(error.args[0])
    return str(error)
