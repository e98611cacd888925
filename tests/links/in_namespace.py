"""Run as a program in a network namespace of its own: broadcast links while interfaces come and go."""

from __future__ import annotations

from heart.config import model
from tests.links.namespace import NAME, OTHER_END, PORT, add_interface, hears_itself, ip, main, start, until
from tests.links.wires import Notes

BY_INTERFACE = model.UdpLink("lan", ("a",), PORT, interface=NAME)


async def appears() -> Notes:
    """An interface is absent, then there but down, without address, without broadcast, and then fine."""
    link, notes = start(BY_INTERFACE)
    await until(lambda: notes.told, "its absence is told")
    ip(f"link add {NAME} type veth peer name {OTHER_END}")
    await until(lambda: len(notes.told) > 1, "that it is down is told")
    ip(f"link set {NAME} up")
    await until(lambda: "no IPv4" in notes.told[-1][1], "that it has no address is told")
    ip(f"addr add 10.1.2.3/32 dev {NAME}")
    await until(lambda: "without a broadcast" in notes.told[-1][1], "that its network is no network is told")
    ip(f"addr flush dev {NAME}")
    ip(f"addr add 10.1.2.3/24 dev {NAME}")
    await until(lambda: notes.up, "it is up")
    await hears_itself(link, notes)
    await link.stop()
    return notes


async def comes_back() -> Notes:
    """An interface goes down and up, is deleted, and comes with another address."""
    add_interface("10.1.2.3/24")
    link, notes = start(BY_INTERFACE)
    await until(lambda: notes.up, "it is up")
    await hears_itself(link, notes)
    ip(f"link set {NAME} down")
    await until(lambda: not notes.up, "that it went down is told")
    ip(f"link set {NAME} up")
    await until(lambda: notes.up, "it is up again")
    await hears_itself(link, notes)
    ip(f"link del {NAME}")
    await until(lambda: not notes.up, "its end is told")
    if link.send(b"beat"):
        raise RuntimeError("sent on an interface that is gone")
    add_interface("10.5.6.7/16")
    await until(lambda: notes.up, "it is up with its new address")
    await hears_itself(link, notes)
    await link.stop()
    return notes


async def replaced() -> Notes:
    """An interface is replaced by another of its name between two looks; and one goes under a send."""
    add_interface("10.1.2.3/24")
    link, notes = start(BY_INTERFACE)
    await until(lambda: notes.up, "it is up")
    ip(f"link del {NAME}")
    add_interface("10.1.2.3/24")
    await until(lambda: len(notes.told) >= 3 and notes.up, "the other one is found and used")
    await hears_itself(link, notes)
    ip(f"link del {NAME}")
    if link.send(b"beat"):
        raise RuntimeError("sent on an interface that is gone")
    if notes.up:
        raise RuntimeError("a failed send was not told")
    await link.stop()
    return notes


async def no_route() -> Notes:
    """A link by broadcast address has no route at first, then has one, and loses it."""
    link, notes = start(model.UdpLink("lan", ("a",), PORT, broadcast="10.1.2.255"))
    await until(lambda: notes.told, "that there is no route is told")
    add_interface("10.1.2.3/24")
    await until(lambda: notes.up, "it is up")
    await hears_itself(link, notes)
    ip(f"link del {NAME}")
    if link.send(b"beat"):
        raise RuntimeError("sent without a route")
    await link.stop()
    return notes


SCENARIOS = {"appears": appears, "comes_back": comes_back, "replaced": replaced, "no_route": no_route}

if __name__ == "__main__":
    main(SCENARIOS)
