"""Run as a program in a network namespace of its own: links by multicast group."""

from __future__ import annotations

import socket
from pathlib import Path

from heart.config import model
from tests.links.namespace import NAME, OTHER_END, PORT, add_interface, hears_itself, ip, main, start, until
from tests.links.wires import Notes

V4, V6 = "239.1.2.3", "ff02::4865"


def by_group(group: str, interface: str | None = NAME) -> model.UdpLink:
    """A link by that group."""
    return model.UdpLink("lan", ("a",), PORT, group=group, interface=interface)


async def comes_back(group: str) -> Notes:
    """An interface is absent, comes, goes down and up, is replaced between two looks, and then deleted."""
    link, notes = start(by_group(group))
    await until(lambda: notes.told, "its absence is told")
    add_interface("10.1.2.3/24")
    await until(lambda: notes.up, "it is up")
    await hears_itself(link, notes)
    ip(f"link set {NAME} down")
    await until(lambda: not notes.up, "that it went down is told")
    ip(f"link set {NAME} up")
    await until(lambda: notes.up, "it is up again")
    await hears_itself(link, notes)
    before = len(notes.told)
    ip(f"link del {NAME}")
    add_interface("10.1.2.3/24")
    await until(lambda: len(notes.told) > before and notes.up, "the other one is found and joined on")
    await hears_itself(link, notes)
    ip(f"link del {NAME}")
    await until(lambda: not notes.up, "its end is told")
    await link.stop()
    return notes


async def by_route() -> Notes:
    """No route leads to a group, then one does; its interface is replaced, and then another one is chosen."""
    link, notes = start(by_group(V4, None))
    await until(lambda: notes.told, "that there is no route is told")
    add_interface("10.1.2.3/24")
    ip(f"route add 224.0.0.0/4 dev {NAME}")
    await until(lambda: notes.up, "it is up")
    await hears_itself(link, notes)
    before = len(notes.told)
    ip(f"link del {NAME}")
    add_interface("10.1.2.3/24")
    ip(f"route add 224.0.0.0/4 dev {NAME}")
    await until(lambda: len(notes.told) > before and notes.up, "it is joined on the other one")
    await hears_itself(link, notes)
    before = len(notes.told)
    ip(f"addr add 10.5.6.7/24 dev {OTHER_END}")
    ip(f"route replace 224.0.0.0/4 dev {OTHER_END}")
    await until(lambda: len(notes.told) > before and notes.up, "it follows the route")
    await hears_itself(link, notes)
    await link.stop()
    return notes


async def two_interfaces(group: str) -> Notes:
    """What is sent to a group on one end of a cable is heard at the other end, as from another machine."""
    add_interface("10.1.2.3/24")
    ip(f"addr add 10.1.2.4/24 dev {OTHER_END}")
    for name in (NAME, OTHER_END):  # both ends are this machine's, which is suspicious to the kernel
        Path(f"/proc/sys/net/ipv4/conf/{name}/accept_local").write_text("1")
        Path(f"/proc/sys/net/ipv4/conf/{name}/rp_filter").write_text("0")
    one, first = start(by_group(group))
    two, second = start(by_group(group, OTHER_END))
    await until(lambda: first.up and second.up, "both are up")
    one.send(b"over the cable")
    await until(lambda: b"over the cable" in second.frames, "it comes out of the other end")
    two.send(b"and back")
    await until(lambda: b"and back" in first.frames, "it comes back")
    await one.stop()
    await two.stop()
    return first


async def alone() -> Notes:
    """What is sent to the same port, but to another group, by broadcast or to this machine, is not heard."""
    add_interface("10.1.2.3/24")
    link, notes = start(by_group(V4))
    other, heard = start(by_group("239.1.2.4"))
    everybody, shouted = start(model.UdpLink("all", ("a",), PORT, interface=NAME))
    await until(lambda: notes.up and heard.up and shouted.up, "all are up")
    other.send(b"to another group")
    everybody.send(b"to all")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(b"to this machine", ("10.1.2.3", PORT))
    link.send(b"to the group")
    await until(lambda: notes.frames and heard.frames and shouted.frames, "each hears its own")
    if (notes.frames, heard.frames) != ([b"to the group"], [b"to another group"]):
        raise RuntimeError(f"heard {notes.frames} and {heard.frames}")
    if b"to the group" in shouted.frames:
        raise RuntimeError("a broadcast link heard a group")
    for each in (link, other, everybody):
        await each.stop()
    return notes


async def near() -> Notes:
    """What is sent to a group cannot pass a router: it has one hop to go."""
    add_interface("10.1.2.3/24")
    listening = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
    listening.bind((OTHER_END, 0))
    listening.setblocking(False)
    link, notes = start(by_group(V4))
    await until(lambda: notes.up, "it is up")
    link.send(b"beat")
    seen: list[bytes] = []

    def captured() -> bool:
        try:
            seen.append(listening.recv(2048))
        except BlockingIOError:
            return False
        return seen[-1].endswith(b"beat")

    await until(captured, "it is on the cable")
    listening.close()
    if seen[-1][8] != 1:
        raise RuntimeError(f"a time to live of {seen[-1][8]}")
    await link.stop()
    return notes


SCENARIOS = {
    "comes_back_v4": lambda: comes_back(V4),
    "comes_back_v6": lambda: comes_back(V6),
    "by_route": by_route,
    "two_interfaces_v4": lambda: two_interfaces(V4),
    "two_interfaces_v6": lambda: two_interfaces(V6),
    "alone": alone,
    "near": near,
}

if __name__ == "__main__":
    main(SCENARIOS)
