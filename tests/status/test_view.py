"""The tables of `heart status`."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from twisted.trial.unittest import SynchronousTestCase

from heart.status.facts import alarms, silences
from heart.status.view import ago, plain, render, span

NOW = datetime(2026, 11, 22, 13, 0, 0, tzinfo=UTC)

STATUS: dict[str, Any] = {
    "cluster": "web",
    "node": "alpha",
    "incarnation": 17,
    "configuration": "0123456789abcdef",
    "since": "2026-11-22T10:00:00.000Z",
    "lateness": {"minute": 0.0013, "hour": 0.012},
    "paused": False,
    "arbiter": {"kind": "trust"},
    "differences": {"beta": ["timing.dead", "services.web.monitor"], "gamma": []},
    "nodes": [
        {
            "name": "alpha",
            "state": "up",
            "since": "2026-11-22T10:00:00.000Z",
            "reason": "this node",
            "attributes": {"lag": "0.2", "rack": "b 3"},
            "software": "0.2.0",
        },
        {
            "name": "beta",
            "state": "late",
            "since": "2026-11-22T12:59:59.800Z",
            "reason": "silent for 250 ms",
            "standby": True,
            "software": "0.1.0",
        },
        {
            "name": "gamma",
            "state": "up",
            "since": "2026-11-22T10:00:00.000Z",
            "reason": "heard on lan",
            "through": ["beta", "delta"],
            "software": None,
        },
        {"name": "watcher", "state": "dead", "since": None, "reason": None, "witness": True},
    ],
    "links": [
        {
            "name": "lan",
            "kind": "udp",
            "state": "up",
            "since": "2026-11-22T10:00:00.000Z",
            "reason": "open",
            "interval": 0.1,
            "refused": {"cluster": 4},
            "skipped": 12,
            "damaged": 0,
            "peers": [
                {
                    "peer": "beta",
                    "heard": 0.04,
                    "hears_us": 1.05,
                    "round_trip": 0.0006,
                    "sent": 1200,
                    "received": 1198,
                    "lost": 2,
                    "refused": {"signature": 3, "replayed": 0},
                },
                {"peer": "gamma", "heard": 7, "hears_us": 7, "round_trip": None, "refused": {}},
                {"peer": "watcher", "heard": None, "hears_us": None, "round_trip": None, "refused": {}},
            ],
        },
        {"name": "cable", "kind": "serial", "state": "down", "reason": "/dev/ttyS0 is missing", "peers": []},
    ],
    "services": [
        {
            "name": "web",
            "holder": "alpha",
            "term": 1763818267,
            "state": "held",
            "since": "2026-11-22T10:00:05.000Z",
            "reason": "nobody held it",
            "wait": 1.0,
            "hindrance": None,
            "failed": {},
        },
        {
            "name": "db",
            "holder": "beta",
            "term": 1763818268,
            "state": "starting",
            "since": "2026-11-22T12:59:58.000Z",
            "reason": "held by beta; failed on alpha: script: exit status 7",
            "wait": 1.0,
            "hindrance": "eth0 has no carrier",
            "failed": {"alpha": "script: exit status 7"},
        },
        {
            "name": "relay",
            "holder": None,
            "term": 0,
            "state": "failed",
            "since": "2026-11-20T10:00:05.000Z",
            "reason": "script /etc/heart/scripts/relay start: exit status 1: no such device",
            "wait": 1.03,
            "failed": {"alpha": "script /etc/heart/scripts/relay start: exit", "beta": "no answer"},
        },
    ],
}

TEXT = """\
cluster web, node alpha, started 3 h ago, Heart 0.2.0
arbiter trust, configuration 0123456789abcdef, incarnation 17
worst lateness 1.3 ms in the last minute, 12 ms in the last hour

SERVICE  HOLDER  STATE     SINCE       TERM        WAIT    REASON
web      alpha   held      3 h ago     1763818267  1 s     nobody held it
db       beta    starting  2.00 s ago  1763818268  1 s
    failed on alpha: script: exit status 7
    cannot be held here now: eth0 has no carrier
    once that is mended: heart retry db
relay    nobody  failed    2 d ago     0           1.03 s
    script /etc/heart/scripts/relay start: exit status 1: no such device
    failed on beta: no answer
    once that is mended: heart retry relay

NODE     STATE  SINCE       REASON
alpha    up     3 h ago     this node
    set: lag = 0.2, rack = b 3
beta     late   0.20 s ago  standby, silent for 250 ms
    runs another configuration: timing.dead, services.web.monitor
    runs Heart 0.1.0
gamma    up     3 h ago     heard on lan
    heard through beta, delta
    runs another configuration, and does not say where it differs
watcher  dead   -           witness

LINK   KIND    STATE  SINCE    REASON
lan    udp     up     3 h ago  open
    beta does not hear us here
    gamma is not heard here
    refused: 4 cluster, 12 beats skipped
cable  serial  down   -        /dev/ttyS0 is missing

LINK  PEER     HEARD       HEARS US    ROUND TRIP  SENT  RECEIVED  LOST
lan   beta     0.04 s ago  1.05 s ago  0.6 ms      1200  1198      2
    refused: 3 signature
lan   gamma    7.00 s ago  7.00 s ago  -           -     -         -
lan   watcher  -           -           -           -     -         -"""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)


class RenderTests(SynchronousTestCase):
    """A status as text."""

    def test_whole(self) -> None:
        """All that is known is there, in 80 columns."""
        self.assertEqual(plain(STATUS, 80, NOW), TEXT)

    def test_widths(self) -> None:
        """No line is longer than the width, and 40 columns still show every state and reason."""
        for width in (40, 60, 80, 120):
            text = plain(STATUS, width, NOW)
            self.assertLessEqual(max(map(len, text.splitlines())), width)
            words = " ".join(text.split())
            for told in ("late", "failed", "0.04 s", "missing", "nobody held it", "3 signature"):
                self.assertIn(told, words)

    def test_narrow(self) -> None:
        """Where room is short, columns that matter least give way first."""
        heading = next(line for line in plain(STATUS, 49, NOW).splitlines() if line.startswith("SERVICE"))
        self.assertEqual(heading.split(), ["SERVICE", "HOLDER", "STATE", "SINCE", "TERM"])
        heading = next(line for line in plain(STATUS, 40, NOW).splitlines() if line.startswith("SERVICE"))
        self.assertEqual(heading.split(), ["SERVICE", "HOLDER", "STATE", "SINCE"])

    def test_as_narrow_as_can_be(self) -> None:
        """No width keeps it from being shown."""
        for width in range(1, 40):
            self.assertIn("c", plain(STATUS, width, NOW))

    def test_long_reason(self) -> None:
        """A long reason is wrapped, never cut."""
        words = [f"word{number}" for number in range(60)]
        status = {"nodes": [{"name": "beta", "state": "dead", "reason": " ".join(words)}]}
        text = plain(status, 80, NOW)
        self.assertEqual([word for word in text.split() if word.startswith("word")], words)

    def test_paused(self) -> None:
        """A pause is said in plain words."""
        self.assertIn("paused", plain({**STATUS, "paused": True}, 80, NOW))
        self.assertNotIn("paused", plain(STATUS, 80, NOW))

    def test_standby(self) -> None:
        """A node in standby is marked, beside its reason."""
        status = {"nodes": [{"name": "beta", "state": "up", "standby": True, "reason": "by hand"}]}
        self.assertIn("standby, by hand", plain(status, 80, NOW))

    def test_past(self) -> None:
        """What may hold no more is told as past, without colours, and its ages go on."""
        out = StringIO()
        console = Console(file=out, force_terminal=True, color_system="standard", width=80)
        console.print(render(STATUS, 80, NOW, 30, past=True))
        for told in ("was up", "was late", "was held", "was failed", "was down", "30 s ago", "37 s ago"):
            self.assertIn(told, out.getvalue())
        self.assertNotIn("0.04 s ago", out.getvalue())
        self.assertNotRegex(out.getvalue(), "\x1b\\[(1;)?3[0-9]m")

    def test_unknown_extras(self) -> None:
        """Keys and states that this version does not know do no harm."""
        status = {
            **STATUS,
            "quantum": [1],
            "nodes": [{**STATUS["nodes"][0], "state": "entangled", "spin": {}}],
        }
        self.assertIn("entangled", plain(status, 80, NOW))

    def test_hostile_text(self) -> None:
        """Neither markup nor control characters in a reason act on the terminal."""
        status = {"services": [{"name": "web", "reason": "[red]exit\x1b[2J\n1[/red]"}]}
        self.assertIn("[red]exit?[2J 1[/red]", plain(status, 120, NOW))

    def test_colours(self) -> None:
        """On a terminal states have colours: good, care and bad differ."""
        out = StringIO()
        Console(file=out, force_terminal=True, color_system="standard", width=80).print(
            render(STATUS, 80, NOW)
        )
        words = (("32", "up"), ("33", "late"), ("1;31", "dead"), ("1;31", "nobody"), ("1", "SERVICE"))
        for colour, word in words:
            self.assertIn(f"\x1b[{colour}m{word}", out.getvalue())

    def test_arbiters(self) -> None:
        """One arbiter or several are told by their kinds, whatever else is said of them."""
        for arbiter, text in (("ping", "ping"), ([{"kind": "trust"}, {"kind": "fence"}], "trust and fence")):
            self.assertIn(f"arbiter {text},", plain({**STATUS, "arbiter": arbiter}, 80, NOW))

    def test_quorum(self) -> None:
        """Where nodes vote, the status says how many are heard of how many, and how many are needed."""
        quorum = {"kind": "quorum", "voters": ["alpha", "beta", "watcher"], "needed": 2, "heard": 1}
        for between, text in (
            (False, "hears 1 of 3 voters, needs 2"),
            (True, "does not vote: the set of voters changes"),
        ):
            told = plain({**STATUS, "arbiter": {**quorum, "between": between}}, 100, NOW)
            self.assertIn(f"arbiter quorum ({text}),", told)

    def test_voters(self) -> None:
        """What follows where too few of them are heard, and who is to vote next, is told beside."""
        arbiter = {"kind": "quorum", "voters": ["a", "b", "c"], "needed": 2, "heard": 3, "coming": None}
        few = "too few voters are heard: this node takes nothing, and keeps nothing for long"
        coming = "to vote next: a, b, c, d, once enough nodes have that file"
        for change, expected in (
            ({}, []),
            ({"heard": 2}, []),
            ({"heard": 1}, [few]),
            ({"coming": ["a", "b", "c", "d"]}, [coming]),
            ({"heard": 0, "coming": ["a", "b", "c", "d"]}, [few, coming]),
        ):
            told = plain({**STATUS, "arbiter": {**arbiter, **change}}, 160, NOW)
            self.assertEqual([line for line in (few, coming) if line in told], expected, change)

    @given(st.dictionaries(st.sampled_from([*STATUS, "other"]), JSON), JSON)
    def test_anything(self, status: dict[str, Any], inner: object) -> None:
        """No status, however odd, keeps the command from showing the rest."""
        peer = {"peer": inner, "refused": inner, "heard": inner}
        odd = {
            **status,
            "links": [
                {"peers": [peer], "state": inner, "interval": inner, "skipped": inner},
                {"peers": [peer], "state": "up", "interval": 0.1},
                inner,
            ],
            "services": [{"failed": inner, "reason": inner, "hindrance": inner, "holder": inner}, inner],
        }
        node = {"name": inner, "attributes": inner, "through": inner, "software": inner, "state": "up"}
        self.assertIn("cluster", plain(odd, 80, NOW))
        self.assertIn("cluster", plain({**odd, "nodes": [node], "differences": inner}, 80, NOW))


class AmissTests(SynchronousTestCase):
    """What is amiss, in few words."""

    def assert_silent(self, *expected: tuple[str, str, str], node: str = "up", **peer: object) -> None:
        """With such a hearing of beta on a link of 100 ms exactly this is wrong."""
        link = {"name": "lan", "state": "up", "interval": 0.1, "peers": [{"peer": "beta", **peer}]}
        status = {"nodes": [{"name": "beta", "state": node}], "links": [link]}
        self.assertEqual(silences(status), list(expected))

    def test_silences(self) -> None:
        """A peer that lives is missed on a link after five of its intervals, in each direction."""
        self.assert_silent(heard=0.5, hears_us=0.5)
        self.assert_silent(("lan", "beta", "is not heard here"), heard=0.6, hears_us=0.6)
        self.assert_silent(("lan", "beta", "is not heard here"), heard=None, hears_us=None)
        self.assert_silent(("lan", "beta", "does not hear us here"), heard=0.1, hears_us=0.6)
        self.assert_silent(("lan", "beta", "does not hear us here"), heard=0.1, hears_us=None)

    def test_silent_everywhere(self) -> None:
        """One that is dead, or gone, is not missed on each link again."""
        for state in ("dead", "left", "unknown"):
            self.assert_silent(node=state, heard=60, hears_us=60)

    def test_alarms(self) -> None:
        """Nodes that are late or dead, links that are down, and silences are told."""
        self.assertEqual(
            alarms(STATUS),
            [
                "beta is late",
                "watcher is dead",
                "cable is down",
                "beta does not hear us on lan",
                "gamma is not heard on lan",
            ],
        )


class TimeTests(SynchronousTestCase):
    """Times for a person."""

    def test_span(self) -> None:
        """A length has the unit that suits it."""
        for seconds, text in (
            (None, "-"),
            (0, "0 ms"),
            (0.0006, "0.6 ms"),
            (0.25, "250 ms"),
            (1.03, "1.03 s"),
            (89, "89 s"),
            (600, "10 min"),
            (3 * 3600, "3 h"),
            (5 * 86400, "5 d"),
            ("soon", "soon"),
            (True, "True"),
        ):
            self.assertEqual(span(seconds), text)

    def test_ago(self) -> None:
        """Seconds and times of day are both told as times ago; the future counts as now."""
        for moment, text in (
            (None, "-"),
            (0.04, "0.04 s ago"),
            (12.3, "12.3 s ago"),
            ("2026-11-22T10:00:00.000Z", "3 h ago"),
            ("2026-11-22T10:00:00", "3 h ago"),
            ("2026-11-22T14:00:00+01:00", "0.00 s ago"),
            ("2026-11-23T00:00:00Z", "0.00 s ago"),
            ("yesterday", "yesterday"),
        ):
            self.assertEqual(ago(moment, NOW), text)
