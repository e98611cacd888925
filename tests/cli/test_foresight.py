"""Tests of heart.cli.foresight: what a reload does beyond that new values are in force."""

from __future__ import annotations

import json

from twisted.trial.unittest import SynchronousTestCase

from heart.cli.foresight import foresee
from heart.config.meaning import Meaning
from tests.config.test_meaning import MEANING

ANEW = "and may carry nothing while some nodes have not reloaded"


class ForesightTests(SynchronousTestCase):
    """A line for each thing that happens."""

    def assert_foreseen(self, new: Meaning, *lines: str, old: Meaning = MEANING) -> None:
        """From the one meaning to the other exactly this happens."""
        self.assertEqual(list(foresee(old, new)), list(lines))

    def without(self, start: str) -> dict[str, str]:
        """The meaning without the keys that begin so."""
        return {key: value for key, value in MEANING.items() if not key.startswith(start)}

    def test_nothing(self) -> None:
        """What is in force at once needs no line."""
        self.assert_foreseen(MEANING)
        self.assert_foreseen(
            MEANING
            | {"services.web.monitor": "5s", "services.web.forget": "1m", "timing.settle": "1m"}
            | {"events.command": '["/bin/x"]'}
        )

    def test_resources(self) -> None:
        """A held service is restarted from the first resource that differs on."""
        self.assert_foreseen(
            MEANING | {"services.web.resources[2].timeout": "30s"},
            "web is restarted from resource 2 on by its holder; what comes before goes on",
        )
        more = {"services.web.resources[3].kind": "script", "services.web.resources[1].interface": "eth1"}
        self.assert_foreseen(
            MEANING | more, "web is restarted from resource 1 on by its holder; what comes before goes on"
        )
        self.assert_foreseen(
            self.without("services.web.resources[2]"),
            "web is restarted from resource 2 on by its holder; what comes before goes on",
        )

    def test_services(self) -> None:
        """Services come, go, and go elsewhere."""
        self.assert_foreseen(self.without("services"), "web is stopped where it runs")
        self.assert_foreseen(
            MEANING, "web is new: it is started where the rules say", old=self.without("services")
        )
        self.assert_foreseen(
            MEANING | {"services.web.nodes": '["beta"]'},
            "web: a holder that may not hold it any more hands over",
        )

    def test_links(self) -> None:
        """A link is opened anew where it is another one for its node; its nodes alone open nothing."""
        self.assert_foreseen(MEANING | {"links.lan.port": "695"}, f"lan is opened anew, {ANEW}")
        self.assert_foreseen(MEANING | {"links.lan.nodes": '["alpha", "beta"]'})
        self.assert_foreseen(self.without("links.cable"))
        self.assert_foreseen(MEANING, old=self.without("links.cable"))

    def test_override(self) -> None:
        """A node that comes to differ opens its link anew, and the others do not."""
        own = {
            "nodes.alpha.links.cable.device": "/dev/ttyS0",
            "nodes.beta.links.cable.device": "/dev/ttyUSB0",
        }
        new = self.without("links.cable.device") | own
        self.assert_foreseen(new, f"cable is opened anew on beta, {ANEW}")
        self.assert_foreseen(MEANING, f"cable is opened anew on beta, {ANEW}", old=new)

    def test_names_with_dots(self) -> None:
        """Names that stand in quotes are understood."""
        named = json.loads(
            json.dumps(MEANING)
            .replace("links.lan", 'links.\\"l.n\\"')
            .replace("nodes.beta", 'nodes.\\"b.a\\"')
        )
        named['links."l.n".nodes'] = '["alpha", "b.a"]'
        new = named | {'nodes."b.a".links."l.n".interface': "eth7"}
        self.assert_foreseen(new, f'"l.n" is opened anew on "b.a", {ANEW}', old=named)

    def test_nodes(self) -> None:
        """A node comes or goes, with what has to be done about its daemon."""
        new = self.without("nodes.watcher")
        self.assert_foreseen(new, "watcher is a node no more: stop its daemon before")
        self.assert_foreseen(
            MEANING, "watcher is a new node: start its daemon once the others have reloaded", old=new
        )

    def test_voting(self) -> None:
        """Who votes, and whether anybody does, is not changed at once."""
        voting = MEANING | {"arbiter.kind": "quorum"}
        changes = "arbiter: what it was holds until every node that is there has reloaded"
        self.assert_foreseen(voting, changes)
        self.assert_foreseen(MEANING, changes, old=voting)
        self.assert_foreseen(
            voting,
            "watcher is a new node: start its daemon once the others have reloaded",
            "voters: who votes changes once a majority of the old nodes, and of the new, has reloaded",
            old={key: value for key, value in voting.items() if not key.startswith("nodes.watcher")},
        )

    def test_times(self) -> None:
        """Times that others rely on are not in force at once."""
        for key in ("timing.dead", "timing.lease", "services.web.stop"):
            self.assert_foreseen(
                MEANING | {key: "900ms"},
                "timing and stop: the more careful of both files holds until every node has reloaded",
            )
