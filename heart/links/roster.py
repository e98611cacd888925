"""The links of a node: made, started, exchanged where the configuration changes, and stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import cast

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger

from heart.config import model
from heart.interfaces import ILink, ILookingUp, LinkUser

ANEW = "its configuration has changed: it is opened anew"


class Roster:
    """`links` are those that there are now, by name; `make` makes one from its settings."""

    _log = Logger()

    def __init__(self, make: Callable[[model.Link], ILink]) -> None:
        self.links: dict[str, ILink] = {}
        self._make = make
        self._settings: dict[str, model.Link] = {}
        self._fresh: dict[str, Deferred[None]] = {}
        self._ended = False

    def adopt(self, wanted: Iterable[model.Link]) -> None:
        """Have these links: those whose medium is another than before are made anew, the others go on.

        Those that go on look up again what they look up.
        """
        settings = {link.name: link for link in wanted}
        for name in self.links.keys() - settings.keys():
            self._watch(self.links.pop(name).stop())
        for name, link in settings.items():
            if name not in self.links or _medium(link) != _medium(self._settings[name]):
                self._exchange(name, link)
            elif ILookingUp.providedBy(self.links[name]):
                cast(ILookingUp, self.links[name]).look_up_again()
        self.links = {name: self.links[name] for name in settings}
        self._settings = settings

    def begin(self, user: LinkUser) -> None:
        """Start those that do not run yet, each once the one before it has closed its medium."""
        fresh, self._fresh = self._fresh, {}
        for name, free in fresh.items():
            link = self.links[name]
            if not free.called:
                user.link_down(name, ANEW)
            self._watch(free.addCallback(partial(self._start, link, user)))

    def stop(self) -> list[Deferred[None]]:
        """Close every link; each fires when nothing of it is left."""
        self._ended = True
        return [link.stop() for link in self.links.values()]

    def _exchange(self, name: str, link: model.Link) -> None:
        before = self.links.get(name)
        self._fresh[name] = succeed(None) if before is None else before.stop()
        self.links[name] = self._make(link)

    def _start(self, link: ILink, user: LinkUser, ignored: None) -> None:
        if not self._ended and self.links.get(link.name) is link:
            link.start(user)

    def _watch(self, done: Deferred[None]) -> None:
        done.addErrback(lambda failure: self._log.failure("a link did not close or open", failure))


def _medium(link: model.Link) -> model.Link:
    """What of a link's settings matters to its medium: not who is on it."""
    return replace(link, nodes=())
