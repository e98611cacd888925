"""Who votes, as the shell around the core must know it."""

from __future__ import annotations

from heart.config.model import QUORUM, Configuration
from heart.config.problems import listed
from heart.core.services.electorate import too_many_newcomers
from heart.core.state import State
from heart.node.memory import Remembered


def voters_of(state: State) -> tuple[str, ...]:
    """The nodes that vote now, or are about to; all of them where nobody votes."""
    electorate = state.electorate
    return electorate.coming if electorate.between and electorate.coming else electorate.voters


def limit_of_few(state: State) -> str | None:
    """What a node that hears too few others cannot do, for a person; None where it may do all alone."""
    electorate = state.electorate
    if not state.settings.votes or electorate.needed == 1:
        return None
    return (
        f"{electorate.size} nodes vote, and {electorate.needed} make a majority: "
        "a node that hears fewer, itself included, takes nothing and lets go of what it holds"
    )


def doubt_of_voters(configuration: Configuration, remembered: Remembered) -> str | None:
    """A line for a start with a file that names too many nodes that are new to those who voted before."""
    voters = remembered.coming or remembered.voters
    names = tuple(node.name for node in configuration.nodes)
    if configuration.arbiter.kind != QUORUM or not voters or not too_many_newcomers(voters, names):
        return None
    return (
        f"{configuration.file}: nodes: half of {listed(names)} or more are new to {listed(voters)}, who vote "
        "until most of the nodes in the file are heard to vote as it says"
    )
