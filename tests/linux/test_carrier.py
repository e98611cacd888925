"""What the kernel says of interfaces, of every kind that a test can make."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from heart.linux.carrier import Carrier, absent, carriers
from tests.linux.network import enter_network, hardware, ip, other_machine, wait_until

UP, LOWER_UP = 0x1, 0x10000


class ProblemTests(SynchronousTestCase):
    """From flags and state to what is wrong."""

    def problem(self, flags: int, state: int) -> str | None:
        """The problem of such an interface."""
        return Carrier(2, "eth0", flags, state, b"").problem()

    def test_each(self) -> None:
        """Down comes before no carrier; a state that is not known (a loopback has none) is well."""
        self.assertEqual(self.problem(0, 2), "interface eth0 is down")
        self.assertEqual(self.problem(LOWER_UP, 6), "interface eth0 is down")
        for state in range(8):
            self.assertEqual(self.problem(UP, state), "interface eth0 has no carrier")
        for state in (0, 6):
            self.assertIsNone(self.problem(UP | LOWER_UP, state))
        for state in (1, 2, 3, 4):
            self.assertEqual(self.problem(UP | LOWER_UP, state), "interface eth0 has no carrier")
        self.assertIn("dormant", self.problem(UP | LOWER_UP, 5) or "")
        self.assertEqual(absent("eth0"), "interface eth0 is not there")


class RealTests(SynchronousTestCase):
    """Interfaces of a network of our own."""

    def setUp(self) -> None:
        enter_network(self)

    def problem(self, name: str) -> str | None:
        """What is wrong with it."""
        found = [carrier for carrier in carriers().values() if carrier.name == name]
        return found[0].problem() if found else absent(name)

    def becomes(self, name: str, problem: str | None) -> None:
        """The kernel notices some things a little later."""
        wait_until(lambda: self.problem(name) == problem, f"{name}: {problem}, not {self.problem(name)}")

    def test_cable(self) -> None:
        """An end of a cable is well, has no carrier when the other end is down, is down, is gone."""
        other = other_machine(self)
        self.becomes("hh-a", None)
        other.ip("link", "set", "hh-b", "down")
        self.becomes("hh-a", "interface hh-a has no carrier")
        other.ip("link", "set", "hh-b", "up")
        self.becomes("hh-a", None)
        ip("link", "set", "hh-a", "down")
        self.becomes("hh-a", "interface hh-a is down")
        ip("link", "del", "hh-a")
        self.becomes("hh-a", "interface hh-a is not there")

    def test_without_state(self) -> None:
        """A loopback, which never tells its state, is well; so is a bridge that never had a port."""
        self.becomes("lo", None)
        ip("link", "add", "hh-br", "type", "bridge")
        ip("link", "set", "hh-br", "up")
        self.becomes("hh-br", None)

    def test_bridge(self) -> None:
        """A bridge has a carrier as long as one of its ports has."""
        ip("link", "add", "hh-br", "type", "bridge", "forward_delay", "0")
        ip("link", "set", "hh-br", "up")
        ip("link", "set", "hh-a", "master", "hh-br")
        self.becomes("hh-br", None)
        ip("link", "set", "hh-b", "down")
        self.becomes("hh-br", "interface hh-br has no carrier")

    def test_above_another(self) -> None:
        """A virtual interface on another one loses its carrier with it."""
        ip("link", "add", "link", "hh-a", "name", "hh-m", "type", "macvlan")
        ip("link", "set", "hh-m", "up")
        self.becomes("hh-m", None)
        ip("link", "set", "hh-b", "down")
        self.becomes("hh-m", "interface hh-m has no carrier")

    def test_hardware(self) -> None:
        """Each has its hardware address and its index."""
        (found,) = [carrier for carrier in carriers().values() if carrier.name == "hh-a"]
        self.assertEqual(found.hardware, hardware("hh-a"))
        self.assertEqual(carriers()[found.index], found)
