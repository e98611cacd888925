"""A good configuration, a machine to read it on, and ways to spoil one key of it at a time."""

from __future__ import annotations

import tomllib
from copy import deepcopy
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from heart.config import ConfigurationErrors, Machine, interpret
from heart.config.model import Configuration, Paths

GOOD = """
cluster = "web"
key_file = "heart.key"

[nodes.alpha]
[nodes.beta]
[nodes.watcher]
witness = true

[links.lan]
kind = "udp"
interface = "eth0"

[links.cable]
kind = "serial"
nodes = ["alpha", "beta"]
device = "/dev/ttyS0"

[services.web]
nodes = ["alpha", "beta"]

[[services.web.resources]]
kind = "address"
address = "10.0.0.100/24"
interface = "eth0"

[[services.web.resources]]
kind = "script"
command = ["scripts/web"]
"""

KEY = "0 " + "ab" * 32 + "\n"


class Absent:
    """Takes the place of a value: the key is taken away."""


ABSENT = Absent()
Changes = dict[str, object]


def machine(
    host: str = "alpha", full: str = "alpha.example.com", lacks: frozenset[str] = frozenset()
) -> Machine:
    """A machine with all devices, interfaces and programs but those that it lacks."""
    return Machine(
        host_name=host,
        full_name=lambda: full,
        paths=Paths(Path("/var/lib/heart"), Path("/run/heart")),
        has_device=lambda path: path not in lacks,
        has_interface=lambda name: name not in lacks,
        can_run=lambda path: path not in lacks,
    )


def changed(changes: Changes) -> dict[str, object]:
    """The good configuration with keys changed, `services/web/resources/0/kind` being a key's path."""
    content = deepcopy(tomllib.loads(GOOD))
    for path, value in changes.items():
        *way, last = path.split("/")
        table: Any = content
        for part in way:
            table = table[int(part)] if isinstance(table, list) else table.setdefault(part, {})
        if value is ABSENT:
            del table[last]
        else:
            table[int(last) if isinstance(table, list) else last] = value
    return content


class ConfigurationCase(SynchronousTestCase):
    """Reads changed configurations in a folder of its own that holds a good key."""

    def setUp(self) -> None:
        """Make the folder and the key."""
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.file = self.folder / "heart.toml"
        key = self.folder / "heart.key"
        key.write_text(KEY)
        key.chmod(0o600)

    def read(self, changes: Changes | None = None, here: Machine | None = None) -> Configuration:
        """The changed configuration as node alpha sees it."""
        return interpret(changed(changes or {}), self.file, None, here or machine())

    def errors(self, changes: Changes) -> list[str]:
        """The error lines of the changed configuration, without the file's name that each begins with."""
        errors = self.assertRaises(ConfigurationErrors, self.read, changes)
        return self.bare(errors.lines)

    def warnings(self, changes: Changes | None = None, here: Machine | None = None) -> list[str]:
        """The warnings of the changed configuration, without the file's name."""
        return self.bare(self.read(changes, here).warnings)

    def bare(self, lines: tuple[str, ...]) -> list[str]:
        """The lines without the file's name, with which each of them must begin."""
        prefix = f"{self.file}: "
        for line in lines:
            self.assertTrue(line.startswith(prefix), line)
            self.assertEqual(len(line.splitlines()), 1, line)
        return [line.removeprefix(prefix) for line in lines]

    def assert_refused(self, changes: Changes, *lines: str) -> None:
        """The changed configuration is refused with exactly these lines."""
        self.assertEqual(self.errors(changes), list(lines))

    def assert_warned(self, changes: Changes, *lines: str) -> None:
        """The changed configuration is good, with exactly these warnings."""
        self.assertEqual(self.warnings(changes), list(lines))
