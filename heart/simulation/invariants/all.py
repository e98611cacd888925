"""All invariants that hold on a ground."""

from __future__ import annotations

from collections.abc import Callable

from heart.simulation.invariants.base import Ground, Invariant
from heart.simulation.invariants.electorates import OneSetAgrees, VotersFollow
from heart.simulation.invariants.facts import Witness
from heart.simulation.invariants.hearing import Ears
from heart.simulation.invariants.holding import GreaterTermStays, OneHolder
from heart.simulation.invariants.renewal import KeepsItsLease
from heart.simulation.invariants.silence import (
    AliveIsProven,
    DeadIsSilent,
    DeathIsNoticed,
    WhoSleptSawNothing,
)
from heart.simulation.invariants.succession import NothingAtOnce, ReleaseBeforeTakeover, TermsGrow
from heart.simulation.invariants.talking import BeatsGoOn, NumbersGrow
from heart.simulation.invariants.voting import AckIsALease, PromisesAreKept


def invariants(
    ground: Ground, has_fast_link: Callable[[str], bool]
) -> tuple[tuple[Witness, ...], tuple[Invariant, ...]]:
    """Who is to be told facts, in this order; and those of them that judge."""
    ears = Ears(ground.peers)
    judges: list[Invariant] = [
        OneHolder(ground),
        GreaterTermStays(ground),
        KeepsItsLease(ground),
        ReleaseBeforeTakeover(ground, ears),
        NothingAtOnce(ground, ears),
        DeadIsSilent(ground, ears),
        AliveIsProven(ground, ears),
        DeathIsNoticed(ground, ears),
        WhoSleptSawNothing(ground),
        NumbersGrow(ground),
        BeatsGoOn(ground, has_fast_link),
    ]
    if ground.clocks_right:  # else a node alone that has lost its memory may use terms again
        judges.append(TermsGrow(ground))
    if ground.needed:
        judges += [PromisesAreKept(ground, ears), AckIsALease(ground, ears)]
        judges += [VotersFollow(ground), OneSetAgrees(ground)]
    return (ears, *judges), tuple(judges)
