"""Tests of heart.config.services, through the files that it reads."""

from __future__ import annotations

from heart.config.model import AddressResource, ScriptResource
from tests.config.support import ABSENT, ConfigurationCase

ADDRESS = "services/web/resources/0/address"
DETECTION = "services/web/resources/0/detection"
COMMAND = "services/web/resources/1/command"


class ServiceTests(ConfigurationCase):
    """What one service says."""

    def test_read(self) -> None:
        """A service has its nodes in order, 0.3 x dead to stop, and its resources with absolute paths."""
        (web,) = self.read({"timing/dead": "2s", "timing/lease": "1s"}).services
        self.assertEqual((web.name, web.nodes, web.stop), ("web", ("alpha", "beta"), 0.6))
        self.assertEqual((web.failback, web.monitor, web.restarts), (False, None, 2))
        script = ScriptResource((str(self.folder / "scripts/web"),), 20.0)
        self.assertEqual(web.resources, (AddressResource("10.0.0.100/24", "eth0"), script))

    def test_said(self) -> None:
        """What is said is taken."""
        changes: dict[str, object] = {"services/web/stop": "150ms", "services/web/resources/1/timeout": "1m"}
        (web,) = self.read(changes | {COMMAND: ["/bin/web", "-x", "a b"]}).services
        self.assertEqual(web.stop, 0.15)
        self.assertEqual(web.resources[1], ScriptResource(("/bin/web", "-x", "a b"), 60.0))

    def test_care(self) -> None:
        """What is done for a service that fails or has moved is as it is said."""
        self.assert_warned(
            {
                "services/web/failback": True,
                "services/web/monitor": "5s",
                "services/web/restarts": 3,
                "services/web/forget": "1h",
            }
        )
        said: dict[str, object] = {"services/web/failback": True, "services/web/monitor": "5s"}
        (web,) = self.read(said | {"services/web/restarts": 0, "services/web/forget": "1h"}).services
        self.assertEqual((web.failback, web.monitor, web.restarts, web.forget), (True, 5.0, 0, 3600.0))

    def test_doubtful_care(self) -> None:
        """What costs a lot, or cannot help, is warned of."""
        self.assert_warned(
            {"services/web/monitor": "100ms", "services/web/forget": "5s"},
            "services.web.monitor: a status of each resource every 100ms costs a process each time; "
            "1s or more is usual",
            "services.web.forget: 5s is less than timing.settle (10s): a node on which it failed may have it "
            "back before things are calm; make forget longer",
        )
        self.assert_warned(
            {"services/web/failback": True, "services/web/nodes": ["alpha"]},
            "services.web.failback: only alpha may hold it: there is nowhere to come back from",
            "services.web.nodes: only alpha may hold it: nothing takes over",
        )

    def test_too_many(self) -> None:
        """There are no more services than a beat can speak of."""
        more: dict[str, object] = {
            f"services/s{n}": {
                "nodes": ["alpha", "beta"],
                "resources": [{"kind": "script", "command": ["/bin/true"]}],
            }
            for n in range(32)
        }
        self.assert_refused(more, "services: expected 32 services at most, not 33")

    def test_nodes(self) -> None:
        """A service names nodes that may hold it: there, once, and no witness."""
        self.assert_refused(
            {"services/web/nodes": ABSENT},
            'services.web.nodes: missing; expected a list of names such as ["alpha", "beta"]',
        )
        self.assert_refused(
            {"services/web/nodes": []},
            'services.web.nodes: expected a list of names such as ["alpha", "beta"], not an empty list',
        )
        self.assert_refused(
            {"services/web/nodes": ["alpha", "gamma"]},
            'services.web.nodes: unknown node "gamma"; expected one of alpha, beta, watcher',
        )
        self.assert_refused(
            {"services/web/nodes": ["alpha", "beta", "beta"]},
            "services.web.nodes: beta stands there more than once; expected each node once",
        )
        self.assert_refused(
            {"services/web/nodes": ["alpha", "watcher"]},
            "services.web.nodes: watcher is a witness, which holds nothing; expected nodes that are none",
        )

    def test_resources(self) -> None:
        """A service has resources, and they are tables."""
        expected = "services.web.resources: expected at least one table [[services.web.resources]]"
        self.assert_refused({"services/web/resources": ABSENT}, expected)
        self.assert_refused({"services/web/resources": []}, expected)
        self.assert_refused({"services/web/resources": {"kind": "script"}}, f"{expected}, not a table")
        self.assert_refused(
            {"services/web/resources": [3]}, "services.web.resources[1]: expected a table, not 3"
        )

    def test_stop(self) -> None:
        """An emergency release takes some time."""
        self.assert_refused(
            {"services/web/stop": "0ms"}, 'services.web.stop: expected more than 0s, not "0ms"'
        )

    def test_types(self) -> None:
        """Keys of the wrong type are refused."""
        self.assert_refused(
            {"services/web/failback": "yes", "services/web/restarts": -1},
            'services.web.failback: expected true or false, not "yes"',
            "services.web.restarts: expected a whole number from 0 to 1000, not -1",
        )

    def test_unknown_key(self) -> None:
        """A slip of the hand is met with the right word, in a service and in a resource."""
        self.assert_refused(
            {"services/web/node": ["alpha"], "services/web/resources/1/timeuot": "1s"},
            "services.web.resources[2].timeuot: unknown key; did you mean timeout?",
            "services.web.node: unknown key; did you mean nodes?",
        )

    def test_kind(self) -> None:
        """A resource has a kind that this version knows."""
        path, expected = "services/web/resources/1/kind", 'expected "address" or "script"'
        where = "services.web.resources[2].kind"
        self.assert_refused({path: "vip"}, f'{where}: {expected}, not "vip": no such kind is installed')
        self.assert_refused({path: ABSENT}, f"{where}: missing; {expected}")
        for kind in ("unit", "ocf"):
            self.assert_refused(
                {path: kind}, f'{where}: "{kind}" is not available in this version; {expected}'
            )

    def test_address(self) -> None:
        """An address is IPv4 or IPv6 with a prefix length."""
        expected = (
            "expected an IPv4 or IPv6 address with its prefix length "
            'such as "10.0.0.100/24" or "fd00::100/64"'
        )
        for text in (
            *("10.0.0.100", "10.0.0.100/33", "10.0.0.100/0", "10.0.0.300/24", "10.0.0.1/255.255.255.0"),
            *("fd00::100", "fd00::100/129", "fd00::100/0", "fd00::1::2/64", "fd00::g/64", "web/24"),
        ):
            self.assert_refused(
                {ADDRESS: text}, f'services.web.resources[1].address: {expected}, not "{text}"'
            )
        self.assert_refused(
            {"services/web/resources/0": {"kind": "address"}},
            f"services.web.resources[1].address: missing; {expected}",
            "services.web.resources[1].interface: missing; expected the name of a network interface "
            'such as "eth0"',
        )

    def test_ipv6(self) -> None:
        """An IPv6 address is spelled canonically, whatever the file writes, and no detection is asked."""
        for text, canonical in (
            ("fd00::100/64", "fd00::100/64"),
            ("FD00:0:0::0100/64", "fd00::100/64"),
            ("2001:db8::10.0.0.1/127", "2001:db8::a00:1/127"),
            ("2001:db8::/128", "2001:db8::/128"),
        ):
            (web,) = self.read({ADDRESS: text}).services
            self.assertEqual(web.resources[0], AddressResource(canonical, "eth0", 0.0))

    def test_ipv6_of_no_host(self) -> None:
        """What no client could reach one machine by is refused, with the reason."""
        for text, why in (
            ("::ffff:10.0.0.1/96", "this is an IPv4 address: write 10.0.0.1 and its own prefix length"),
            ("::/64", "every machine has this one"),
            ("::1/128", "every machine has this one"),
            ("ff02::1/64", "this is a multicast address"),
            ("fe80::1/64", "a link-local address says nothing without an interface of the client's own"),
            ("fd00:1::/64", "fd00:1:: is that of any router in fd00:1::/64"),
        ):
            where = "services.web.resources[1].address"
            self.assert_refused(
                {ADDRESS: text}, f'{where}: expected the address of a host, not "{text}": {why}'
            )
        (line,) = self.errors({ADDRESS: "fe80::1%eth0/64"})
        self.assertIn("the interface is said by the key interface", line)

    def test_detection(self) -> None:
        """How long duplicate address detection may hold up the start of an IPv6 address."""
        for text, seconds in (("0s", 0.0), ("1s", 1.0), ("1500ms", 1.5), ("10s", 10.0)):
            configuration = self.read({ADDRESS: "fd00::100/64", DETECTION: text})
            self.assertEqual(
                (configuration.services[0].resources[0], configuration.warnings),
                (AddressResource("fd00::100/64", "eth0", seconds), ()),
            )
        where = "services.web.resources[1].detection"
        self.assert_refused(
            {ADDRESS: "fd00::100/64", DETECTION: "11s"}, f'{where}: expected at most 10s, not "11s"'
        )
        self.assert_refused(
            {ADDRESS: "fd00::100/64", DETECTION: True},
            f'{where}: expected a duration such as "100ms" (a decimal number and ms, s, m, h or d), not true',
        )
        self.assert_refused(
            {DETECTION: "1s"},
            f"{where}: an IPv4 address has no duplicate address detection; expected an IPv6 address",
        )

    def test_short_detection(self) -> None:
        """One that may end before the kernel has asked is warned of."""
        self.assert_warned(
            {ADDRESS: "fd00::100/64", DETECTION: "300ms"},
            "services.web.resources[1].detection: Linux asks at some moment of the first 1s: in 300ms "
            "another machine that has the address may go unnoticed",
        )

    def test_several(self) -> None:
        """A service may have several addresses, on one interface or on several, of both families."""
        more = [
            {"kind": "address", "address": "10.0.0.101/24", "interface": "eth0"},
            {"kind": "address", "address": "fd00::100/64", "interface": "eth0", "detection": "1s"},
            {"kind": "address", "address": "fd00::101/64", "interface": "eth1"},
        ]
        (web,) = self.read({"services/web/resources": more}).services
        self.assertEqual(
            web.resources,
            (
                AddressResource("10.0.0.101/24", "eth0"),
                AddressResource("fd00::100/64", "eth0", 1.0),
                AddressResource("fd00::101/64", "eth1"),
            ),
        )

    def test_address_of_no_host(self) -> None:
        """The first and last address of a network are no host's, but for the smallest networks."""
        where = "services.web.resources[1].address: expected the address of a host, not "
        self.assert_refused(
            {ADDRESS: "10.0.0.0/24"},
            f'{where}"10.0.0.0/24": 10.0.0.0 is the network\'s own address in 10.0.0.0/24',
        )
        self.assert_refused(
            {ADDRESS: "10.0.0.255/24"},
            f'{where}"10.0.0.255/24": 10.0.0.255 is the broadcast address of 10.0.0.0/24',
        )
        self.assert_refused({ADDRESS: "224.0.0.5/24"}, f'{where}"224.0.0.5/24"')
        for text in ("10.0.0.0/31", "10.0.0.1/32", "127.0.0.5/8"):
            self.assertEqual(
                self.read({ADDRESS: text}).services[0].resources[0], AddressResource(text, "eth0")
            )

    def test_same_address(self) -> None:
        """Two resources cannot have one address, however it is written and whatever the prefix length."""
        for one, other, spelled in (
            ("10.0.0.100/24", "10.0.0.100/25", "10.0.0.100"),
            ("fd00::100/64", "FD00:0::0:100/128", "fd00::100"),
        ):
            again = {"kind": "address", "address": other, "interface": "eth1"}
            mail = {"nodes": ["alpha", "beta"], "resources": [again]}
            said = f"{spelled} is that of services.web.resources[1] too; expected an address of its own"
            self.assert_refused(
                {ADDRESS: one, "services/mail": mail}, f"services.mail.resources[1].address: {said}"
            )
            self.assert_refused(
                {ADDRESS: one, "services/web/resources/1": again},
                f"services.web.resources[2].address: {said}",
            )

    def test_command(self) -> None:
        """A command is a list of strings, none of them empty, that begins with a path."""
        where = "services.web.resources[2].command"
        expected = 'expected a list of non-empty strings such as ["/etc/heart/scripts/web"]'
        self.assert_refused({COMMAND: []}, f"{where}: {expected}, not an empty list")
        self.assert_refused({COMMAND: "web"}, f'{where}: {expected}, not "web"')
        self.assert_refused({COMMAND: ["web", ""]}, f'{where}: {expected}, not ["web", ""]')
        self.assert_refused({COMMAND: ["web", 1]}, f'{where}: {expected}, not ["web", 1]')
        self.assert_refused({COMMAND: ABSENT}, f"{where}: missing; {expected}")
        self.assert_refused(
            {COMMAND: ["~/web"]},
            f"{where}: expected an absolute path or one relative to the file's folder, "
            'not ["~/web"]: ~ has no meaning here',
        )

    def test_name(self) -> None:
        """A service's name is a name."""
        service = {"nodes": ["alpha", "beta"], "resources": [{"kind": "script", "command": ["/bin/x"]}]}
        self.assert_refused(
            {"services/-web": service},
            "services.-web: expected a name of at most 63 of a-z, 0-9, - and . "
            "that begins with a letter or digit",
        )

    def test_no_service(self) -> None:
        """A cluster without a service is good for watching, and says so."""
        self.assert_warned(
            {"services": ABSENT}, "services: there is none: Heart will watch the nodes and keep nothing alive"
        )

    def test_one_holder(self) -> None:
        """A service with nowhere to go is warned of."""
        self.assert_warned(
            {"services/web/nodes": ["beta"]},
            "services.web.nodes: only beta may hold it: nothing takes over",
        )
