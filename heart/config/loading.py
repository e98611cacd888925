"""From a file to one node's Configuration, with everything that is wrong with it told at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from heart.config.advice import check_socket, warn_of_absent, warn_of_lines, warn_of_services
from heart.config.cluster import Cluster, read_cluster
from heart.config.coverage import check_coverage, check_size
from heart.config.flattening import flatten
from heart.config.link_rules import check_links
from heart.config.links import Views
from heart.config.machine import Machine, this_machine
from heart.config.meaning import digest
from heart.config.model import QUORUM, Configuration, Paths, Reach, SerialLink
from heart.config.nodes import none_of, own_node
from heart.config.placing import place_command, place_services, place_views
from heart.config.problems import Problems
from heart.config.reading import Table
from heart.config.toml import read_toml
from heart.config.voting import warn_of_slow_voters
from heart.keys import KeyFileError, load_keys


def load(
    file: Path,
    node: str | None = None,
    here: Machine | None = None,
    *,
    elsewhere: bool = False,
    judge_key: bool = True,
) -> Configuration:
    """The configuration in `file` as this node sees it. Raises ConfigurationErrors with all that is wrong.

    The node is `node`, else the one named like this machine (`here`). Where `elsewhere` is true, a
    machine that is none of the nodes is only warned of, and the view is that of the file's first node.
    Where `judge_key` is false, the key file is left alone: who asks the daemon need not be able to read it.
    """
    content = read_toml(file)
    return interpret(content, file, node, here or this_machine(), elsewhere=elsewhere, judge_key=judge_key)


def interpret(
    content: Mapping[str, object],
    file: Path,
    node: str | None,
    here: Machine,
    *,
    elsewhere: bool = False,
    judge_key: bool = True,
) -> Configuration:
    """As `load`, of a file's content that is already read."""
    problems = Problems(str(file))
    cluster = read_cluster(Table(content, (), problems))
    check_links(problems, place_views(file.absolute().parent, cluster.views))
    if not problems.errors:  # what the links join cannot be told while one of them is not understood
        check_size(problems, cluster.nodes, cluster.views, cluster.services, cluster.arbiter.kind)
        check_coverage(problems, cluster.nodes, cluster.views, cluster.services, cluster.arbiter.kind)
        if cluster.arbiter.kind == QUORUM:
            warn_of_slow_voters(problems, cluster.nodes, cluster.views, cluster.services, cluster.timing)
        warn_of_services(problems, cluster.services)
        warn_of_lines(
            problems,
            len(cluster.nodes.all),
            cluster.views,
            cluster.services,
            cluster.timing,
            cluster.arbiter.kind,
        )
    own, is_here = _find_node(problems, cluster.nodes.names(), node, here, elsewhere)
    configuration = _view(cluster, file.absolute(), own, here.paths, problems)
    if judge_key and cluster.key_file is not None:
        _check_key_file(problems, configuration.key_file, is_here)
    if is_here:
        check_socket(problems, str(configuration.socket()))
        warn_of_absent(problems, here, configuration)
    problems.raise_if_any()
    return _view(cluster, file.absolute(), own, here.paths, problems)


def _view(cluster: Cluster, file: Path, node: str, default: Paths, problems: Problems) -> Configuration:
    """The node's view of the cluster, with the warnings so far."""
    folder = file.parent
    views = place_views(folder, cluster.views)
    meaning = flatten(cluster)
    return Configuration(
        file=file,
        cluster=cluster.name,
        node=node,
        key_file=folder / (cluster.key_file or ""),
        timing=cluster.timing,
        nodes=cluster.nodes.all,
        links=tuple(by_node[node] for by_node in views.values() if node in by_node),
        services=place_services(folder, cluster.services),
        arbiter=cluster.arbiter,
        events=None if cluster.events is None else place_command(folder, cluster.events),
        paths=Paths(
            default.state if cluster.state is None else folder / cluster.state,
            default.run if cluster.run is None else folder / cluster.run,
        ),
        digest=digest(meaning),
        warnings=tuple(problems.warnings),
        reach=_reach(views),
        meaning=meaning,
    )


def _reach(views: Views) -> tuple[Reach, ...]:
    """All links, those of other nodes too, which have their nodes and baud rate in common."""
    some = (next(iter(by_node.values())) for by_node in views.values() if by_node)
    return tuple(
        Reach(link.name, link.nodes, link.baud if isinstance(link, SerialLink) else None) for link in some
    )


def _find_node(
    problems: Problems, known: tuple[str, ...], asked: str | None, here: Machine, elsewhere: bool
) -> tuple[str, bool]:
    """The node whose view is wanted, and whether this machine is meant to be it."""
    if not known:
        return "", False
    own = own_node(problems, known, asked, here)
    if own is not None:
        return own, True
    if elsewhere:
        problems.warn(("nodes",), f"{none_of(known, here)}; checked as {known[0]}")
    else:
        problems.error(("nodes",), f"{none_of(known, here)}; expected one of them: choose with --node NAME")
    return known[0], False


def _check_key_file(problems: Problems, key_file: Path, is_here: bool) -> None:
    if not is_here and not os.path.lexists(key_file):
        problems.warn(("key_file",), f"{key_file} is not there; every node of the cluster needs it")
        return
    try:
        load_keys(key_file)
    except KeyFileError as error:
        problems.error(("key_file",), str(error))
