"""The nodes of the cluster: who they are, who of them is this machine, and lists of their names."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from heart.beat import name_hash
from heart.config.machine import Machine
from heart.config.model import Node
from heart.config.problems import KeyPath, Problems, did_you_mean, listed, quoted
from heart.config.reading import Table
from heart.config.values import boolean, names


@dataclass(frozen=True, slots=True)
class Nodes:
    """All nodes in the order of the file, and for each one the tables of its own view of links."""

    all: tuple[Node, ...]
    overrides: dict[str, dict[str, Table]]

    def names(self) -> tuple[str, ...]:
        """The names of all nodes, in the order of the file."""
        return tuple(node.name for node in self.all)

    def witnesses(self) -> frozenset[str]:
        """The names of those that vote and hold nothing."""
        return frozenset(node.name for node in self.all if node.witness)


def read_nodes(top: Table) -> Nodes:
    """The nodes that the file names; there must be one at least."""
    nodes: list[Node] = []
    overrides: dict[str, dict[str, Table]] = {}
    for word, table in top.named("nodes"):
        table.check_name()
        nodes.append(Node(word, bool(table.read("witness", boolean))))
        overrides[word] = dict(table.named("links"))
        table.close()
    if not nodes:
        top.error("nodes", "expected a table for each node such as [nodes.alpha]")
    check_hashes(top.problems, ("nodes",), (node.name for node in nodes))
    return Nodes(tuple(nodes), overrides)


def check_hashes(problems: Problems, path: KeyPath, words: Iterable[str]) -> None:
    """Note names that beats could not tell apart, since they speak of them by a 32-bit hash."""
    seen: dict[int, str] = {}
    for word in words:
        other = seen.setdefault(name_hash(word), word)
        if other != word:
            problems.error(
                (*path, word),
                f"expected a name that beats can tell from {quoted(other)}: rename one of the two",
            )


def node_list(table: Table, key: str, known: Collection[str]) -> tuple[str, ...] | None:
    """What the list under this key names, each name once; None where it is absent or no such list."""
    words = table.read(key, names)
    if words is None:
        return None
    for word in dict.fromkeys(words):
        if word not in known:
            table.error(key, f"unknown node {quoted(word)}{did_you_mean(word, known)}")
        elif words.count(word) > 1:
            table.error(key, f"{word} stands there more than once; expected each node once")
    return tuple(dict.fromkeys(words))


def own_node(problems: Problems, known: tuple[str, ...], asked: str | None, here: Machine) -> str | None:
    """The node that this machine is; None where it is none of the nodes of the file.

    It is the one asked for, which must be in the file, else the host's full name, else its short one.
    """
    if asked is not None and asked not in known:
        problems.error(("nodes",), f"no node {quoted(asked)}, as asked for{did_you_mean(asked, known)}")
    if asked is not None:
        return asked
    return next((word for word in _host_names(known, here) if word in known), None)


def none_of(known: tuple[str, ...], here: Machine) -> str:
    """The text that says which names of this machine were looked for among the nodes."""
    return f"this machine ({' or '.join(_host_names(known, here))}) is none of {listed(known)}"


def _host_names(known: Iterable[str], here: Machine) -> tuple[str, ...]:
    return here.names(dotted=any("." in word for word in known))
