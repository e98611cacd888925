"""A changed configuration and changed keys, taken up by a daemon that goes on beating.

The files are read in a thread, because a disk may stall. What is wrong with them is told, and then
nothing changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, DeferredLock
from twisted.logger import Logger

from heart.config import ConfigurationErrors, load
from heart.config.meaning import changes
from heart.config.model import QUORUM, Configuration
from heart.config.problems import listed
from heart.core.services.electorate import needed_of, too_few_left, too_many_newcomers
from heart.interfaces import InThread
from heart.keys import KeyFileError, Keys, load_keys, marks

Adopt = Callable[[Configuration, Keys], None]
"""Has the daemon run with this configuration and these keys from now on."""

InUse = Callable[[], Deferred[frozenset[int]]]
"""Listens for a while, and fires with the ids of the keys with which peers sign."""

Without = Callable[[int], tuple[str, ...]]
"""The peers that are heard and do not have the key with this mark (heart.keys)."""

Voters = Callable[[], tuple[str, ...]]
"""The nodes that vote, or are about to; all of them where nobody votes."""


@dataclass(frozen=True)
class Running:
    """What a daemon runs with."""

    configuration: Configuration
    keys: Keys


class Reloader:
    """Reads the files anew and has what they say adopted: one after the other, however many ask."""

    _log = Logger()

    def __init__(
        self,
        running: Running,
        in_thread: InThread,
        adopt: Adopt,
        in_use: InUse,
        without: Without,
        voters: Voters,
    ) -> None:
        self.running = running
        self._in_thread = in_thread
        self._adopt = adopt
        self._in_use = in_use
        self._without = without
        self._voters = voters
        self._queue = DeferredLock()

    def reload(self) -> Deferred[dict[str, Any]]:
        """Reload now; fires with the answer for who asked: `done`, `text`, and lists of lines."""
        return self._queue.run(lambda: Deferred.fromCoroutine(self._reload()))

    def hang_up(self) -> None:
        """SIGHUP came: reload, and log what came of it."""
        self.reload().addCallbacks(
            self._tell, lambda failure: self._log.failure("The configuration could not be reloaded", failure)
        )

    async def _reload(self) -> dict[str, Any]:
        old = self.running
        try:
            new = await self._in_thread(read, old.configuration.file, old.configuration.node)
            refuse_what_cannot_change(old.configuration, new.configuration, self._voters())
            await self._refuse_lost_keys(old.keys, new)
        except ConfigurationErrors as errors:
            return _answer(False, "the running configuration stays in force", errors=errors.lines)
        except KeyFileError as error:
            return _answer(False, "the running configuration stays in force", errors=(str(error),))
        self._adopt(new.configuration, new.keys)
        self.running = new
        told = [*changes(old.configuration.meaning, new.configuration.meaning), *_own_changes(old, new)]
        text = "reloaded" if told else "reloaded; nothing has changed"
        return _answer(True, text, changes=told, warnings=new.configuration.warnings)

    async def _refuse_lost_keys(self, old: Keys, new: Running) -> None:
        """Raise KeyFileError where beats of peers that are heard now, or ours by them, would be refused."""
        file = new.configuration.key_file
        for number, key in old.keys.items():
            if new.keys.keys.get(number, key) != key:
                raise KeyFileError(f"{file}: key {number} is not what it was; give a new key a new number")
        if new.keys.signing != old.signing:
            await self._refuse_unknown_signer(new)
        gone = old.keys.keys() - new.keys.keys.keys()
        if old.signing in gone:
            raise KeyFileError(f"{file}: key {old.signing} is missing, and signs: put another above it first")
        needed = gone & await self._in_use() if gone else gone
        for number in sorted(needed):
            raise KeyFileError(
                f"{file}: key {number} is missing, and a peer still signs with it: reload that node first"
            )

    async def _refuse_unknown_signer(self, new: Running) -> None:
        """Raise KeyFileError where peers that are heard do not have the key with which we are to sign."""
        mark = marks(new.keys)[0]
        if self._without(mark):
            await self._in_use()  # they may have it, and their word be on its way
        strangers = listed(self._without(mark))
        if strangers:
            raise KeyFileError(
                f"{new.configuration.key_file}: key {new.keys.signing} cannot sign yet, {strangers} would "
                "refuse it: add it below the key that signs on every node first, and reload each"
            )

    def _tell(self, answer: dict[str, Any]) -> None:
        for line in answer["errors"]:
            self._log.error("{line}", line=line)
        for line in answer["warnings"]:
            self._log.warn("{line}", line=line)
        for line in answer["changes"]:
            self._log.info("changed: {line}", line=line)
        self._log.info("{text}", text=answer["text"])


def read(file: Path, node: str) -> Running:
    """What the files say now. May block. Raises ConfigurationErrors and KeyFileError."""
    configuration = load(file, node)
    return Running(configuration, load_keys(configuration.key_file))


def refuse_what_cannot_change(old: Configuration, new: Configuration, voters: tuple[str, ...]) -> None:
    """Raise ConfigurationErrors for what only a restart can change, or several steps; `voters` vote now."""
    fixed = (
        ("cluster", old.cluster, new.cluster),
        ("paths.state", old.paths.state, new.paths.state),
        ("paths.run", old.paths.run, new.paths.run),
    )
    lines = [
        f"{new.file}: {key}: {now} cannot become {wanted} while the daemon runs; stop it, then start it"
        for key, now, wanted in fixed
        if now != wanted
    ]
    if QUORUM in (old.arbiter.kind, new.arbiter.kind):
        lines += _refuse_newcomers(new, voters)
    if old.arbiter.kind == new.arbiter.kind == QUORUM:
        lines += _refuse_departures(new, voters)
    if lines:
        raise ConfigurationErrors(lines)


def _refuse_newcomers(new: Configuration, voters: tuple[str, ...]) -> list[str]:
    """A line where too many of the nodes know nothing of what those who vote now have promised."""
    names = tuple(node.name for node in new.nodes)
    if not too_many_newcomers(voters, names):
        return []
    strangers = listed(name for name in names if name not in voters)
    return [
        f"{new.file}: nodes: expected that less than half of them are new, since they vote; {strangers} "
        f"would be new to {listed(voters)}: take two steps, the second once `heart status` counts the "
        "voters of the first"
    ]


def _refuse_departures(new: Configuration, voters: tuple[str, ...]) -> list[str]:
    """A line where too few are left of those who vote now: only a majority of them agrees to others."""
    names = tuple(node.name for node in new.nodes)
    if not too_few_left(voters, names):
        return []
    return [
        f"{new.file}: nodes: expected that {needed_of(voters)} are left of the {len(voters)} that vote, a "
        f"majority, not {listed(name for name in voters if name in names) or 'none'}: take two steps, the "
        "second once `heart status` counts the voters of the first"
    ]


def _own_changes(old: Running, new: Running) -> list[str]:
    """What has changed on this node alone, a line each."""
    told = []
    if old.configuration.key_file != new.configuration.key_file:
        told.append(f"key_file: {old.configuration.key_file} -> {new.configuration.key_file}")
    if old.keys.keys.keys() != new.keys.keys.keys():
        told.append(f"keys: {_ids(old.keys)} -> {_ids(new.keys)}")
    if old.keys.signing != new.keys.signing:
        told.append(f"the key that signs: {old.keys.signing} -> {new.keys.signing}")
    return told


def _ids(keys: Keys) -> str:
    return ", ".join(str(number) for number in keys.keys)


def _answer(done: bool, text: str, **lists: Any) -> dict[str, Any]:
    lines = {"changes": (), "warnings": (), "errors": ()} | lists
    return {"done": done, "text": text, **{name: list(told) for name, told in lines.items()}}
