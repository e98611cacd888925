"""Tests of heart.config as a whole: nodes, arbiter, paths, key file, coverage, digest, many errors."""

from __future__ import annotations

import tomllib
from itertools import pairwise
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heart import plugins
from heart.beat import name_hash
from heart.config import ConfigurationErrors, interpret, load
from heart.config.model import Arbiter, Configuration, Paths
from heart.interfaces import IArbiterKind
from tests.config.support import ABSENT, GOOD, Changes, ConfigurationCase, changed, machine

NAME = "expected a name of at most 63 of a-z, 0-9, - and . that begins with a letter or digit"
COLLIDING = ("n64481", "n159558")  # found by trying; the same 32 bits of BLAKE2b
NOT_HERE = "not available in this version; expected"


def chain_of(names: list[str]) -> dict[str, object]:
    """The changes that make these nodes a chain of null-modem cables; a ring where the last is the first."""
    cables = {
        f"cable{number}": {"kind": "serial", "nodes": ends, "device": f"/dev/ttyS{number}"}
        for number, ends in enumerate(pairwise(names))
    }
    links = {name: {**cable, "nodes": list(cable["nodes"])} for name, cable in cables.items()}
    return {"nodes": {name: {} for name in names}, "links": links}


class GoodTests(ConfigurationCase):
    """A good configuration."""

    def test_no_warnings(self) -> None:
        """The good configuration of these tests, on a machine that has everything, is not warned of."""
        self.assert_warned({})

    def test_from_disk(self) -> None:
        """`load` reads the same from the disk, with absolute paths though it was given a relative one."""
        self.file.write_text(GOOD)
        relative = Path("..") / Path.cwd().name / self.file.relative_to(Path.cwd())
        configuration = load(relative, None, machine())
        self.assertEqual(configuration.key_file.resolve(), self.folder.resolve() / "heart.key")
        self.assertTrue(configuration.key_file.is_absolute())
        self.assertEqual(load(self.file, None, machine()), self.read())

    def test_whole(self) -> None:
        """What concerns the whole cluster is there."""
        configuration = self.read({"events/command": ["on-event", "-v"]})
        self.assertEqual((configuration.cluster, configuration.node), ("web", "alpha"))
        self.assertEqual([node.name for node in configuration.nodes if node.witness], ["watcher"])
        self.assertEqual(configuration.arbiter, Arbiter("trust", {}))
        self.assertEqual(configuration.events, (str(self.folder / "on-event"), "-v"))
        self.assertEqual(configuration.paths, Paths(Path("/var/lib/heart"), Path("/run/heart")))
        self.assertEqual(configuration.socket(), Path("/run/heart/web.alpha.sock"))

    def test_paths(self) -> None:
        """Paths are relative to the file's folder."""
        paths = self.read({"paths/state": "state", "paths/run": "/tmp/r"}).paths
        self.assertEqual(paths, Paths(self.folder / "state", Path("/tmp/r")))


class WholeTests(ConfigurationCase):
    """What is refused outside of links, services and timing."""

    def test_empty(self) -> None:
        """An empty file says all that it lacks."""
        errors = self.assertRaises(ConfigurationErrors, interpret, {}, self.file, None, machine())
        self.assertEqual(
            self.bare(errors.lines),
            [
                "nodes: expected a table for each node such as [nodes.alpha]",
                f"cluster: missing; {NAME}",
                "key_file: missing; expected a path such as /etc/heart/heart.key "
                "or one relative to the file's folder",
            ],
        )

    def test_names(self) -> None:
        """A cluster's and a node's name are names."""
        for text in ("Web", "", "-web", ".web", "w_b", "w b", "w" * 64, "w\u00e9b", "web\n"):
            (line,) = self.errors({"cluster": text})
            self.assertTrue(line.startswith(f'cluster: {NAME}, not "'), line)
        self.assert_refused({"nodes/Gamma": {}}, f"nodes.Gamma: {NAME}")
        self.assertEqual(self.read({"cluster": "0" + "w" * 62}).cluster, "0" + "w" * 62)

    def test_unknown_keys(self) -> None:
        """Unknown keys are refused at every level; what only later versions know is not proposed."""
        self.assert_refused(
            {"clutser": "x", "nodes/alpha/witnes": True, "paths/stat": "x", "events/cmd": [], "arbiters2": 1},
            "nodes.alpha.witnes: unknown key; did you mean witness?",
            "paths.stat: unknown key; did you mean state?",
            "events.cmd: unknown key; did you mean command?",
            "clutser: unknown key; did you mean cluster?",
            "arbiters2: unknown key; did you mean arbiter?",
        )

    def test_wrong_types(self) -> None:
        """Values of the wrong type are refused at every level."""
        self.assert_refused({"cluster": 5}, f"cluster: {NAME}, not 5")
        self.assert_refused({"nodes/alpha": 5}, "nodes.alpha: expected a table [nodes.alpha], not 5")
        self.assert_refused({"links": []}, "links: expected a table [links], not an empty list")
        self.assert_refused(
            {"nodes/alpha/links": True}, "nodes.alpha.links: expected a table [nodes.alpha.links], not true"
        )
        self.assert_refused(
            {"nodes/watcher/witness": "yes"}, 'nodes.watcher.witness: expected true or false, not "yes"'
        )
        self.assert_refused(
            {"events/command": "mail"},
            "events.command: expected a list of non-empty strings such as "
            '["/etc/heart/scripts/web"], not "mail"',
        )

    def test_arbiters(self) -> None:
        """Arbiters that this version does not have are refused, their keys left alone."""
        for kind in ("ping", "fence", "etcd"):
            self.assert_refused(
                {"arbiter/kind": kind, "arbiter/host": "10.0.0.1"},
                f'arbiter.kind: "{kind}" is not available in this version; expected "trust" or "quorum"',
            )
        self.assert_refused(
            {"arbiter/kind": "vote"},
            'arbiter.kind: expected "trust" or "quorum", not "vote": no such kind is installed',
        )
        self.assert_refused({"arbiter/kind": 5}, 'arbiter.kind: expected "trust" or "quorum", not 5')
        self.assert_refused(
            {"arbiters": [{"kind": "ping"}]}, f'arbiters: {NOT_HERE} one [arbiter] with kind = "trust"'
        )
        self.assert_refused({"arbiter/host": "x"}, "arbiter.host: unknown key; expected one of kind")

    def test_later_tables(self) -> None:
        """The watchdog and the status page are refused, not ignored."""
        self.assert_refused({"watchdog": {"device": "/dev/watchdog"}}, f"watchdog: {NOT_HERE} no such table")
        self.assert_refused(
            {"status/listen": "tcp:8694"},
            f"status.listen: {NOT_HERE} no such key: ask with the command heart status",
        )

    def test_hash_collision(self) -> None:
        """Two names that beats could not tell apart are refused."""
        one, other = COLLIDING
        self.assertEqual(name_hash(one), name_hash(other))
        self.assert_refused(
            {f"nodes/{one}": {}, f"nodes/{other}": {}},
            f'nodes.{other}: expected a name that beats can tell from "{one}": rename one of the two',
        )

    def test_long_socket(self) -> None:
        """A control socket that the kernel would not take is refused."""
        run = "/run/" + "r" * 90
        self.assert_refused(
            {"paths/run": run},
            f"paths.run: the control socket would be {run}/web.alpha.sock, 110 bytes; expected at most 107: "
            "choose a shorter folder, cluster name or node name",
        )
        self.assertEqual(len(str(self.read({"paths/run": run[:-3]}).socket())), 107)

    def test_several_at_once(self) -> None:
        """Faults in all parts of the file are told in one go, the missing key among them."""
        self.assert_refused(
            {
                "cluster": "Web",
                "key_file": "other.key",
                "timing/beat": "100",
                "links/lan/port": 0,
                "links/cable/devise": "x",
                "services/web/nodes": ["alpha", "bta"],
                "services/web/resources/0/address": "10.0.0.0/24",
                "arbiter/kind": "fence",
                "watchdog": {},
            },
            'timing.beat: expected a duration such as "100ms" (a decimal number and ms, s, m, h or d), '
            'not "100"',
            f'cluster: {NAME}, not "Web"',
            "links.lan.port: expected a whole number from 1 to 65535, not 0",
            "links.cable.devise: unknown key; did you mean device?",
            'services.web.nodes: unknown node "bta"; did you mean beta?',
            'services.web.resources[1].address: expected the address of a host, not "10.0.0.0/24": '
            "10.0.0.0 is the network's own address in 10.0.0.0/24",
            'arbiter.kind: "fence" is not available in this version; expected "trust" or "quorum"',
            f"watchdog: {NOT_HERE} no such table",
            f"key_file: {self.folder}/other.key is missing; "
            f"make it once with `heart keygen {self.folder}/other.key` and copy it to every node",
        )


class WhichNodeTests(ConfigurationCase):
    """Which node this machine is."""

    def own(self, host: str, full: str, node: str | None = None) -> str:
        """The node that a machine with these names is."""
        content = changed({"nodes/alpha.example.com": {}})
        return interpret(content, self.file, node, machine(host, full)).node

    def test_names(self) -> None:
        """It is the one asked for, else the full name, else the short name."""
        self.assertEqual(self.own("alpha", "alpha.example.com"), "alpha.example.com")
        self.assertEqual(self.own("alpha", "alpha.other.org"), "alpha")
        self.assertEqual(self.own("beta.example.com", ""), "beta")
        self.assertEqual(self.own("alpha", "alpha.example.com", "beta"), "beta")

    def test_none(self) -> None:
        """A machine that is none of the nodes is told which names were looked for, and what to do."""
        errors = self.assertRaises(ConfigurationErrors, self.own, "web7", "web7.example.com")
        self.assertEqual(
            self.bare(errors.lines),
            [
                "nodes: this machine (web7.example.com or web7) is none of alpha, beta, watcher, "
                "alpha.example.com; expected one of them: choose with --node NAME"
            ],
        )

    def test_unknown(self) -> None:
        """A node that was asked for must be there."""
        errors = self.assertRaises(ConfigurationErrors, self.own, "alpha", "", "btea")
        self.assertEqual(self.bare(errors.lines), ['nodes: no node "btea", as asked for; did you mean beta?'])

    def test_elsewhere(self) -> None:
        """Elsewhere than on a node the first node's view is given, with warnings instead of errors."""
        (self.folder / "heart.key").unlink()
        here = machine("web7", lacks=frozenset({"/dev/ttyS0", "eth0"}))
        configuration = interpret(changed({}), self.file, None, here, elsewhere=True)
        self.assertEqual(configuration.node, "alpha")
        self.assertEqual(
            self.bare(configuration.warnings),
            [
                "nodes: this machine (web7) is none of alpha, beta, watcher; checked as alpha",
                f"key_file: {self.folder}/heart.key is not there; every node of the cluster needs it",
            ],
        )

    def test_open_key_elsewhere(self) -> None:
        """A key that is there is judged elsewhere as well."""
        (self.folder / "heart.key").chmod(0o644)
        with self.assertRaises(ConfigurationErrors):
            interpret(changed({}), self.file, None, machine("web7"), elsewhere=True)

    def test_lacking(self) -> None:
        """Devices, interfaces and programs that this node lacks are warned of, not refused."""
        programs = {str(self.folder / "scripts/web"), "/bin/on-event"}
        lacks = frozenset({"/dev/ttyS0", "eth0", *programs})
        self.assertEqual(
            self.warnings({"events/command": ["/bin/on-event"]}, machine(lacks=lacks)),
            [
                "links.lan.interface: eth0 is not there on this machine",
                "links.cable.device: /dev/ttyS0 is not there on this machine",
                "services.web.resources[1].interface: eth0 is not there on this machine",
                f"services.web.resources[2].command: {self.folder}/scripts/web "
                "is not there on this machine, or cannot be executed",
                "events.command: /bin/on-event is not there on this machine, or cannot be executed",
            ],
        )

    def test_lacking_nothing_of_its_own(self) -> None:
        """What only other nodes need is not missed here."""
        lacks = frozenset({"/dev/ttyS0", str(self.folder / "scripts/web")})
        self.assertEqual(self.warnings({}, machine("watcher", lacks=lacks)), [])


class KeyFileTests(ConfigurationCase):
    """The key file is judged with the rest."""

    def test_open(self) -> None:
        """A key that others can read is refused."""
        key = self.folder / "heart.key"
        key.chmod(0o640)
        self.assert_refused(
            {}, f"key_file: {key} is open to group or others (mode 0640); expected mode 0600: chmod 600 {key}"
        )

    def test_left_alone(self) -> None:
        """Who only asks the daemon need not have the key."""
        (self.folder / "heart.key").unlink()
        configuration = interpret(changed({}), self.file, None, machine(), judge_key=False)
        self.assertEqual((configuration.node, configuration.warnings), ("alpha", ()))

    def test_malformed(self) -> None:
        """A key that is too short is refused."""
        key = self.folder / "heart.key"
        key.write_text("0 abcd\n")
        self.assert_refused({}, f"key_file: {key} line 1: expected a key of 32 to 64 bytes, not 2")


class CoverageTests(ConfigurationCase):
    """How well the links join the nodes."""

    def test_two_nodes(self) -> None:
        """Two nodes under trust are told the truth of all links cut."""
        self.assert_warned(
            {"nodes/watcher": ABSENT},
            "arbiter: trust takes silence for death: with every link cut and both nodes alive, "
            "both hold the services",
        )

    def test_one_link(self) -> None:
        """One link alone between two holders is loudly warned of."""
        self.assert_warned(
            {"links/cable": ABSENT},
            "links: ONLY ONE LINK between alpha and beta: when it breaks, BOTH WILL HOLD the same service; "
            "add a link that shares nothing with it, such as a serial cable",
        )

    def test_no_link(self) -> None:
        """A node that no link reaches is refused."""
        self.assert_refused(
            {"links/lan/nodes": ["alpha", "beta"]},
            "nodes.watcher: no link reaches this node; expected one at least",
        )
        self.assert_refused(
            {"links": ABSENT},
            *(
                f"nodes.{node}: no link reaches this node; expected one at least"
                for node in ("alpha", "beta", "watcher")
            ),
        )

    def test_apart(self) -> None:
        """Two nodes that may hold the same service must be able to hear each other."""
        links = {
            name: {"kind": "serial", "nodes": ends, "device": f"/dev/{name}"}
            for name, ends in {"one": ["alpha", "watcher"], "two": ["beta", "second"]}.items()
        }
        self.assert_refused(
            {"links": links, "nodes/second": {"witness": True}},
            "links: alpha and beta may hold the same service, and no chain of links joins them; expected one",
        )

    def test_through_another(self) -> None:
        """Two nodes that hear each other only through a third are loudly warned of."""
        self.assert_warned(
            {"links/lan/nodes": ["alpha", "watcher"], "links/cable/nodes": ["beta", "watcher"]},
            "links: ONLY THROUGH watcher do alpha and beta hear each other: when it is off, "
            "BOTH WILL HOLD the same service; join them by another chain of links",
        )

    def test_chain(self) -> None:
        """Three cables join four nodes; whom each of the inner ones keeps together is said."""
        names = ["alpha", "beta", "gamma", "delta"]
        self.assert_warned(
            {**chain_of(names), "services/web/nodes": names},
            "links: ONLY THROUGH beta do alpha and gamma, alpha and delta hear each other: when it is off, "
            "BOTH WILL HOLD the same service; join them by another chain of links",
            "links: ONLY THROUGH gamma do alpha and delta, beta and delta hear each other: when it is off, "
            "BOTH WILL HOLD the same service; join them by another chain of links",
            "links: ONLY ONE LINK between alpha and beta, beta and gamma, gamma and delta: when it breaks, "
            "BOTH WILL HOLD the same service; add a link that shares nothing with it, such as a serial cable",
        )

    def test_ring(self) -> None:
        """A ring of cables has no single point that keeps it together."""
        names = ["alpha", "beta", "gamma", "delta"]
        self.assert_warned({**chain_of([*names, "alpha"]), "services/web/nodes": names})

    def test_too_long_a_chain(self) -> None:
        """A beat is passed on by so many nodes and no more: a longer chain is refused."""
        names = ["alpha", *(f"n{number}" for number in range(9)), "omega"]
        self.assert_refused(
            {**chain_of(names), "services/web/nodes": ["alpha", "omega"]},
            "links: alpha and omega are 10 links apart; expected 9 at most",
        )

    def test_one_node(self) -> None:
        """A cluster of one is good for trying things out, and says so."""
        changes = dict.fromkeys(("nodes/beta", "nodes/watcher", "links"), ABSENT)
        self.assert_warned(
            {**changes, "services/web/nodes": ["alpha"]},
            "nodes: there is only one node: nothing can take over from it",
            "services.web.nodes: only alpha may hold it: nothing takes over",
        )

    def test_slow_line(self) -> None:
        """A line that cannot carry every beat at half of its capacity says its own interval."""
        self.assert_warned(
            {"links/cable/baud": 9600},
            "links.cable.baud: at 9600 baud this line carries a beat every 500ms instead of every 100ms, "
            "and a node that is heard there alone is dead after 3.4s; 57600 baud would carry every one",
        )
        self.assert_warned({"links/cable/baud": 57600})

    def test_too_fast_for_any_line(self) -> None:
        """Where no rate is enough, none is proposed."""
        (line,) = self.warnings(
            {"timing/beat": "1ms", "timing/dead": "1s", "timing/late": "250ms", "timing/start": "5s"}
        )
        self.assertEqual(
            line, "links.cable.baud: at 115200 baud this line carries a beat every 36ms instead of every 1ms"
        )


class Oracle:
    """An arbiter from a plug-in, which wants to be asked politely."""

    def check(self, keys: dict[str, object]) -> list[str]:
        """Only one key is known."""
        if keys.get("question") == "fool":
            raise ValueError("no such question")
        return [] if keys == {"question": "please"} else ["question: expected please"]


class PluggedArbiterTests(ConfigurationCase):
    """An arbiter of a kind that a plug-in brings."""

    def setUp(self) -> None:
        """Have one installed."""
        super().setUp()
        self.patch(plugins, "kinds", lambda interface: ("oracle",) if interface is IArbiterKind else ())
        self.patch(plugins, "find", lambda interface, kind: Oracle() if kind == "oracle" else None)

    def test_read(self) -> None:
        """Its keys are its own, and no warning speaks of trust any more."""
        two: Changes = {"nodes/watcher": ABSENT, "arbiter": {"kind": "oracle", "question": "please"}}
        self.assertEqual(self.read(two).arbiter, Arbiter("oracle", {"question": "please"}))
        self.assert_warned(two)
        self.assertEqual(len(self.warnings({"nodes/watcher": ABSENT})), 1)

    def test_refused(self) -> None:
        """What it finds wrong, and its own faults, are lines of the configuration's."""
        self.assert_refused({"arbiter/kind": "oracle"}, "arbiter.question: expected please")
        self.assert_refused(
            {"arbiter": {"kind": "oracle", "question": "fool"}},
            "arbiter: the plug-in of kind oracle failed over these keys (ValueError('no such question')); "
            "expected a sound plug-in",
        )

    def test_kinds_told(self) -> None:
        """An unknown kind is met with all there are, and with what is installed and broken."""
        self.patch(plugins, "left_out", lambda: ("/x/twisted/plugins/vote.py: ImportError()",))
        self.assert_refused(
            {"arbiter/kind": "vote"},
            'arbiter.kind: expected "trust" or "quorum" or "oracle", not "vote": no such kind is installed; '
            "left out as broken: /x/twisted/plugins/vote.py: ImportError()",
        )


class DigestTests(ConfigurationCase):
    """The digest by which nodes compare their configurations."""

    def digest_of(self, text: str, host: str = "alpha") -> str:
        """The digest of a file's text, as a node computes it."""
        return interpret(tomllib.loads(text), self.file, None, machine(host)).digest

    def test_form(self) -> None:
        """It has 16 hex digits."""
        self.assertRegex(self.read().digest, r"\A[0-9a-f]{16}\Z")

    def test_same_meaning(self) -> None:
        """Comments, order, defaults that are said, and ways to write a duration do not matter."""
        head, *tables = GOOD.split("\n\n[")
        links, services = [t for t in tables if "service" not in t], [t for t in tables if "service" in t]
        reordered = "\n\n[".join([head, *services, *reversed(links)])
        said = '\n[timing] # said\nbeat = "0.1s"\nlease = "600ms"\n[arbiter]\nkind = "trust"\n'
        lists = GOOD.replace(
            'kind = "serial"\nnodes = ["alpha", "beta"]', 'nodes = ["beta", "alpha"]\nkind = "serial"'
        )
        self.assertNotIn(GOOD, (reordered, lists))
        self.assertEqual(
            {self.digest_of(text) for text in (GOOD, reordered, GOOD + said, lists)}, {self.read().digest}
        )

    def test_same_on_all_nodes(self) -> None:
        """It does not depend on the node, its overrides, the folder, or where its key and state lie."""
        text = GOOD + '\n[nodes.beta.links.cable]\ndevice = "ttyUSB0"\n'
        self.assertEqual(len({self.digest_of(text, host) for host in ("alpha", "beta", "watcher")}), 1)
        (self.folder / "sub").mkdir()
        (self.folder / "sub/k").write_bytes((self.folder / "heart.key").read_bytes())
        (self.folder / "sub/k").chmod(0o600)
        moved = changed({"key_file": "k", "paths/state": "x"})
        self.assertEqual(
            interpret(moved, self.folder / "sub/h.toml", None, machine()).digest, self.read().digest
        )

    def test_other_meaning(self) -> None:
        """Whatever means something else to the cluster changes it."""
        changes: list[dict[str, object]] = [
            {},
            {"cluster": "mail"},
            {"timing/beat": "99ms"},
            {"nodes/watcher/witness": False},
            {"links/lan/port": 695},
            {"nodes/beta/links/cable/device": "/dev/ttyUSB0"},
            {"links/lan/nodes": ["alpha", "beta", "watcher"], "links/cable/nodes": ["alpha", "watcher"]},
            {"services/web/nodes": ["beta", "alpha"]},
            {"services/web/stop": "200ms"},
            {"services/web/failback": True},
            {"services/web/resources/0/address": "10.0.0.100/25"},
            {"services/web/resources/1/command": ["scripts/web", "x"]},
            {"events/command": ["/bin/on-event"]},
        ]
        self.assertEqual(len({self.read(change).digest for change in changes}), len(changes))


KEYS = st.sampled_from(
    [
        *("cluster", "key_file", "timing", "beat", "late", "dead"),
        *("lease", "start", "settle", "nodes", "alpha", "beta"),
        *("links", "lan", "cable", "kind", "interface", "broadcast"),
        *("group", "peers", "device", "baud", "port", "witness"),
        *("services", "web", "resources", "address", "command", "timeout"),
        *("stop", "monitor", "restarts", "failback", "arbiter", "arbiters"),
        *("events", "status", "listen", "paths", "state", "run"),
        *("watchdog",),
    ]
)
SCALARS = (
    st.none().map(lambda _: "100ms")
    | st.text(max_size=8)
    | st.sampled_from(
        ["udp", "serial", "script", "address", "alpha", "10.0.0.1/24", "trust", "heart.key", "1s"]
    )
    | st.integers()
    | st.floats()
    | st.booleans()
    | st.dates()
    | st.datetimes()
    | st.times()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=6), inner, max_size=6)
    ),
    max_leaves=40,
)
# Paths of the good configuration whose values are replaced, so that faults lie deep inside as well.
DEEP = st.dictionaries(
    st.sampled_from(
        [
            *("cluster", "key_file", "timing", "nodes/alpha", "nodes/beta", "nodes/beta/links"),
            *(
                "nodes/beta/links/lan",
                "links",
                "links/lan",
                "links/lan/port",
                "links/lan/nodes",
                "links/cable",
            ),
            *(
                "links/cable/device",
                "services/web",
                "services/web/nodes",
                "paths",
                "services/web/resources",
                "services/web/stop",
            ),
            *("arbiter", "events/command", "status", "arbiters", "watchdog"),
        ]
    ),
    VALUES,
    max_size=4,
)


class AnyContentTests(ConfigurationCase):
    """Whatever a file holds, it is a configuration or a list of lines."""

    def judge(self, content: dict[str, object]) -> None:
        """The content is taken, or refused with lines of which each is one."""
        try:
            configuration = interpret(content, self.file, None, machine())
        except ConfigurationErrors as errors:
            self.assertGreater(len(self.bare(errors.lines)), 0)
        else:
            self.assertIsInstance(configuration, Configuration)

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.dictionaries(KEYS | st.text(max_size=6), VALUES, max_size=8))
    def test_random(self, content: dict[str, object]) -> None:
        """Random tables raise nothing but ConfigurationErrors."""
        self.judge(content)

    @settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
    @given(DEEP)
    def test_spoilt(self, changes: dict[str, object]) -> None:
        """A good configuration with random values in places raises nothing but ConfigurationErrors."""
        try:
            content = changed(changes)
        except (TypeError, AttributeError, IndexError, ValueError):
            return  # the places chosen contradict each other
        self.judge(content)
