"""docs/status.schema.json and docs/status.md say what `heart status --json` prints."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from jsonschema import Draft202012Validator
from twisted.trial.unittest import SynchronousTestCase

from heart.codec import Refusal
from heart.control.protocol import encode_line
from heart.core import inputs
from heart.core.description import describe
from heart.events.history import rfc3339
from heart.simulation.cluster import SimulatedCluster
from tests.docs.status_schema import SCHEMA, assert_fits
from tests.docs.support import table
from tests.node.daemon import make_folder, start, wait_held
from tests.node.processes import environment

Status = dict[str, Any]

EPOCH = datetime(2026, 11, 22, tzinfo=UTC)  # the time of day when the simulation begins


class RealCoreCase(SynchronousTestCase):
    """Real cores on simulated links; their status as it goes over the control socket."""

    def begin(self, names: tuple[str, ...] = ("alpha", "beta"), **options: Any) -> SimulatedCluster:
        """A cluster that has not begun, whose nodes have a configuration and a version."""
        self.cluster = SimulatedCluster(1, names, **options)
        for node in self.cluster.nodes.values():
            node.settings = replace(node.settings, configuration="0123456789abcdef", software="0.2.0")
        return self.cluster

    def held(self, **options: Any) -> SimulatedCluster:
        """A cluster of which alpha holds the service."""
        cluster = self.begin(**options)
        cluster.start()
        cluster.run(3)
        self.assertEqual(cluster.holders(), ["alpha"])
        return cluster

    def status(self, name: str) -> Status:
        """What a node says of itself; it fits, or the test fails."""
        core = self.cluster.nodes[name].core
        if core is None:
            self.fail(f"{name} is dead")
        told = describe(core, self.cluster.world.now, lambda awake: rfc3339(EPOCH + timedelta(seconds=awake)))
        for link in told["links"]:
            link |= {"kind": "udp", "skipped": 0, "damaged": 0}  # what the daemon adds: see RealDaemonTests
        status: Status = json.loads(encode_line(told))
        assert_fits(status)
        return status

    def service(self, name: str) -> Status:
        """What a node says of the service."""
        (service,) = self.status(name)["services"]
        return dict(service)


class SituationTests(RealCoreCase):
    """Whatever happens, the status is as it is documented."""

    def test_fresh(self) -> None:
        """Before anything was heard."""
        cluster = self.begin()
        cluster.nodes["alpha"].start()
        status = self.status("alpha")
        self.assertEqual([node["state"] for node in status["nodes"]], ["up", "unknown"])
        self.assertIsNone(status["links"][0]["peers"][0]["heard"])

    def test_held(self) -> None:
        """With a holder, on both nodes."""
        self.held()
        for name in ("alpha", "beta"):
            self.assertEqual((self.service(name)["holder"], self.service(name)["state"]), ("alpha", "held"))

    def test_failed(self) -> None:
        """Where the service has failed on every node."""
        cluster = self.begin(restarts=0)
        for node in cluster.nodes.values():
            node.scripts.fails = {"web"}
        cluster.start()
        cluster.run(20)
        self.assertEqual(self.service("alpha")["state"], "failed")
        self.assertEqual(set(self.service("alpha")["failed"]), {"alpha", "beta"})

    def test_hindered(self) -> None:
        """Where something keeps a node from holding the service now."""
        cluster = self.held()
        cluster.nodes["beta"].give(inputs.Hindered("web", "eth0 has no carrier"))
        cluster.run(1)
        self.assertEqual(self.service("beta")["hindrance"], "eth0 has no carrier")
        self.service("alpha")

    def test_standby(self) -> None:
        """With a node in standby, and attributes."""
        cluster = self.held()
        cluster.nodes["beta"].operate("standby", "alpha")
        cluster.nodes["beta"].operate("set", "lag", "5")
        cluster.run(2)
        nodes = {node["name"]: node for node in self.status("alpha")["nodes"]}
        self.assertTrue(nodes["alpha"]["standby"])
        self.assertEqual(nodes["beta"]["attributes"], {"lag": "5"})

    def test_dead_and_left(self) -> None:
        """With a peer that is silent, and one that said goodbye."""
        cluster = self.held(names=("alpha", "beta", "gamma"))
        cluster.nodes["alpha"].kill()
        cluster.nodes["gamma"].shut_down()
        states = {node["name"]: node["state"] for node in self.after(5, "beta")["nodes"]}
        self.assertEqual(states, {"alpha": "dead", "beta": "up", "gamma": "left"})

    def test_moving(self) -> None:
        """At each moment of a move, on both nodes."""
        cluster = self.held()
        for node in cluster.nodes.values():
            node.scripts.starts_in = node.scripts.stops_in = 0.3
        cluster.nodes["beta"].operate("move", "web", "beta")
        seen = set()
        for _ in range(100):
            cluster.run(0.01)
            seen |= {self.service(name)["state"] for name in cluster.nodes}
        self.assertEqual(seen - {"stopped"}, {"held", "stopping", "starting"})

    def test_through(self) -> None:
        """With a peer that is heard through another one."""
        ends = {"left": ("alpha", "beta"), "right": ("beta", "gamma")}
        self.held(names=("alpha", "beta", "gamma"), links={"left": None, "right": None}, ends=ends)
        nodes = {node["name"]: node for node in self.status("alpha")["nodes"]}
        self.assertEqual((nodes["beta"]["through"], nodes["gamma"]["through"]), (None, ["beta"]))

    def test_differences(self) -> None:
        """With a node that runs another configuration, and frames that were refused for each reason."""
        cluster = self.held()
        other = replace(cluster.nodes["beta"].settings, configuration="f" * 16)
        cluster.nodes["beta"].reconfigure(other)
        for reason in Refusal:
            cluster.nodes["alpha"].give(inputs.Refused("lan", reason.value))
        status = self.after(2, "alpha")
        self.assertEqual(set(status["differences"]), {"beta"})
        self.assertLessEqual({reason.value for reason in Refusal}, set(status["links"][0]["refused"]))

    def after(self, seconds: float, name: str) -> Status:
        """What a node says when some time has passed."""
        self.cluster.run(seconds)
        return self.status(name)


class RealDaemonTests(SynchronousTestCase):
    """A daemon as an administrator runs it."""

    def test_command(self) -> None:
        """What `heart status --json` prints of a daemon that holds a service is as documented."""
        folder = make_folder(self)
        wait_held(folder, start(self, folder))
        program = "from heart.cli.main import main; main()"
        words = ["status", "--json", "--config", str(folder.config), "--node", "alpha"]
        command = [sys.executable, "-c", program, *words]
        ended = subprocess.run(command, env=environment(), capture_output=True, timeout=20, check=True)
        status = json.loads(ended.stdout)
        assert_fits(status)
        self.assertEqual(status["services"][0]["state"], "held")


class SchemaTests(RealCoreCase):
    """The schema says enough to catch what is wrong."""

    def setUp(self) -> None:
        self.held()
        self.good = self.status("alpha")

    def assert_caught(self, path: str, spoil: Callable[[Status], object]) -> None:
        """Once it is spoilt the status does not fit, and the place of the fault is told."""
        status = deepcopy(self.good)
        spoil(status)
        error = self.assertRaises(AssertionError, assert_fits, status)
        self.assertIn(f"\n{path}: ", str(error))

    def test_schema(self) -> None:
        """It is a schema itself."""
        Draft202012Validator.check_schema(SCHEMA)

    def test_voters(self) -> None:
        """Where nodes vote all is said of them, and nothing where they do not."""
        self.held(names=("alpha", "beta", "gamma"), arbiter="quorum", witnesses=("gamma",))
        self.good = self.status("beta")
        for key in self.good["arbiter"]:
            self.assert_caught("$.arbiter", lambda status, key=key: status["arbiter"].pop(key))  # type: ignore[misc]
        self.assert_caught("$.arbiter", lambda status: status["arbiter"].update(kind="trust"))

    def test_every_key(self) -> None:
        """A key that is missing is caught, whichever it is, and one that is too many, wherever it is."""
        places: list[tuple[str, Callable[[Status], Status]]] = [
            ("$", lambda status: status),
            ("$.lateness", lambda status: cast(Status, status["lateness"])),
            ("$.arbiter", lambda status: cast(Status, status["arbiter"])),
            ("$.nodes[1]", lambda status: cast(Status, status["nodes"][1])),
            ("$.links[0]", lambda status: cast(Status, status["links"][0])),
            ("$.links[0].peers[0]", lambda status: cast(Status, status["links"][0]["peers"][0])),
            ("$.services[0]", lambda status: cast(Status, status["services"][0])),
        ]
        for path, find in places:
            self.assert_caught(path, lambda status, find=find: find(status).update(extra=1))  # type: ignore[misc]
            for key in find(self.good):
                self.assert_caught(path, lambda status, find=find, key=key: find(status).pop(key))  # type: ignore[misc]

    def test_values(self) -> None:
        """Values that are no state, no time, no count, or do not go together are caught."""
        self.assert_caught("$.nodes[1].state", lambda status: status["nodes"][1].update(state="asleep"))
        self.assert_caught("$.since", lambda status: status.update(since="yesterday"))
        self.assert_caught("$.incarnation", lambda status: status.update(incarnation=1.5))
        self.assert_caught("$.services[0].state", lambda status: status["services"][0].update(holder=None))
        self.assert_caught("$.services[0].reason", lambda status: status["services"][0].update(reason="a\nb"))
        self.assert_caught(
            "$.links[0].refused", lambda status: status["links"][0].update(refused={"mood": 1})
        )

    def test_no_status(self) -> None:
        """Where there is no status, that is caught, too."""
        self.assertRaises(AssertionError, assert_fits, None)


class DocumentTests(SynchronousTestCase):
    """docs/status.md has each key of the schema, and no other."""

    def assert_documented(self, heading: str, properties: Mapping[str, object]) -> None:
        """The first table below a heading has a row for each key; a row may have several."""
        rows = table("status.md", heading)
        told = [key.strip("` ") for row in rows for key in row[0].split(",")]
        self.assertEqual(sorted(told), sorted(properties))

    def test_keys(self) -> None:
        """In each part of it."""
        defined = SCHEMA["$defs"]
        self.assert_documented("## The object", SCHEMA["properties"])
        for part, heading in (
            ("node", "## `nodes`: every node of the cluster, this one too"),
            ("link", "## `links`: this node's links"),
            ("hearing", "### `peers`: each peer on that link"),
            ("service", "## `services`: every service of the cluster"),
        ):
            self.assert_documented(heading, defined[part]["properties"])

    def test_reasons(self) -> None:
        """Each reason for which frames are refused is documented, and allowed by the schema."""
        rows = table("status.md", "### Reasons of `refused`")
        told = [row[0].strip("`") for row in rows]
        self.assertEqual(sorted(told), sorted(SCHEMA["$defs"]["refused"]["propertyNames"]["enum"]))
