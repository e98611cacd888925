"""Nodes with older software, in frames that were recorded and in a simulated cluster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from msgspec import structs
from twisted.trial.unittest import SynchronousTestCase

from heart.beat import Beat
from heart.codec import Codec
from heart.keys import Keys
from heart.simulation.cluster import SimulatedCluster
from heart.simulation.frames import Frames
from tests.core.older import OlderCodec, as_read

RECORDED: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "recorded" / "beats-0.1.0.json").read_text()
)
CODEC = Codec(
    RECORDED["cluster"], Keys({int(key): bytes.fromhex(value) for key, value in RECORDED["keys"].items()}, 1)
)


def within(known: Any, fields: Any, path: str = "") -> list[str]:
    """What of the recorded fields is not so in a record of today."""
    if isinstance(known, dict):
        return [
            line
            for name, value in known.items()
            for line in within(value, getattr(fields, name), f"{path}.{name}")
        ]
    if isinstance(known, list):
        return [line for one, two in zip(known, fields, strict=True) for line in within(one, two, path)]
    plain = fields.hex() if isinstance(fields, bytes) else fields
    return [] if known == plain else [f"{path}: {known} became {plain}"]


class RecordedTests(SynchronousTestCase):
    """Frames that nodes of 0.1.0 have sent."""

    def test_are_read(self) -> None:
        """Each is read as it was meant; what it lacks is as the document says."""
        for vector in RECORDED["beats"]:
            beat = CODEC.decode(bytes.fromhex(vector["frame"]))
            assert isinstance(beat, Beat), (vector["name"], beat)
            self.assertEqual(within(vector["beat"], beat), [], vector["name"])
            self.assertEqual((beat.through, beat.word.orders), ((), ()))

    def test_are_refused(self) -> None:
        """What was refused is refused for the same reason."""
        for vector in RECORDED["refused"]:
            answer = CODEC.decode(bytes.fromhex(vector["frame"]))
            self.assertEqual(getattr(answer, "value", answer), vector["reason"], vector["about"])

    def test_beats_of_today_are_read_by_them(self) -> None:
        """Every vector of today is read by such a node, with the fields that it knows unchanged."""
        today = json.loads((Path(__file__).parents[2] / "docs" / "vectors.json").read_text())
        for vector in today["beats"]:
            beat = CODEC.decode(bytes.fromhex(vector["frame"]))
            assert isinstance(beat, Beat)
            read = as_read(beat)
            for name in read.__struct_fields__[:-1]:
                self.assertEqual(getattr(read, name), getattr(beat, name), (vector["name"], name))
            self.assertEqual(structs.astuple(read.word)[:3], structs.astuple(beat.word)[:3])


class MixedClusterTests(SynchronousTestCase):
    """One node of today beside one of 0.1.0, as while a cluster is brought up to date."""

    def setUp(self) -> None:
        self.cluster = SimulatedCluster(1)
        beta = self.cluster.nodes["beta"]
        beta.frames = Frames(OlderCodec("simulated", Keys({1: bytes(32)}, 1)))
        self.cluster.start()
        self.cluster.run(3)

    def changes(self, seconds: float) -> list[list[str]]:
        """The holders, each time that they change."""
        return [holders for _, holders in self.cluster.run(seconds)]

    def test_one_cluster(self) -> None:
        """They hear each other, one holds the service, and nothing is refused, late or dead."""
        self.assertEqual(self.changes(20), [["alpha"]])
        for kind in ("node-late", "node-dead", "conflict"):
            self.assertEqual(self.cluster.reports(kind), [], kind)

    def test_takeover_in_both_directions(self) -> None:
        """Each takes over when the other dies, and never beside it."""
        self.cluster.nodes["alpha"].kill()
        self.assertEqual(self.changes(5), [[], ["beta"]])
        self.cluster.nodes["alpha"].start()
        self.assertEqual(self.changes(10), [["beta"]])
        self.cluster.nodes["beta"].kill()
        self.assertEqual(self.changes(5), [[], ["alpha"]])

    def test_orders(self) -> None:
        """An order that the newer node can carry out by itself is carried out, and beats still fit."""
        number = self.cluster.nodes["alpha"].operate("standby", "alpha")
        self.assertEqual([holders for holders in self.changes(10) if holders], [["alpha"], ["beta"]])
        self.assertTrue(self.cluster.nodes["alpha"].answers[number].done)

    def test_order_for_the_older_node(self) -> None:
        """One that the older node would have to know is not said to be done."""
        number = self.cluster.nodes["alpha"].operate("standby", "beta")
        self.assertEqual(self.changes(70), [["alpha"]])
        self.assertFalse(self.cluster.nodes["alpha"].answers[number].done)
