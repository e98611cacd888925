"""Run as a program in a network namespace of its own: a link by interface while interfaces come and go.

Prints what the link told as JSON. Nothing here touches another namespace.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from heart.config import model
from heart.interfaces import ILink
from heart.links import make_link
from tests.links.wires import Notes

reactor: Any = global_reactor
PORT = 694
NAME = "hh-links0"
BY_INTERFACE = model.UdpLink("lan", ("a",), PORT, interface=NAME)


def ip(command: str) -> None:
    """Run the ip command; raises where it fails."""
    subprocess.run(["ip", *command.split()], check=True)  # noqa: S607  # wherever the system has it


async def until(true: Callable[[], object], what: str) -> None:
    """Wait until something is so, for ten seconds at most."""
    end = reactor.seconds() + 10
    while not true():
        if reactor.seconds() > end:
            raise TimeoutError(what)
        await deferLater(reactor, 0.01)


async def hears_itself(link: ILink, notes: Notes) -> None:
    """Send a frame and wait until it comes back, as broadcasts do: the socket is on the interface."""
    heard = len(notes.frames)
    if not link.send(b"beat"):
        raise RuntimeError("the link is up and does not send")
    await until(lambda: len(notes.frames) > heard, "its own broadcast comes back")


def add_interface(address: str) -> None:
    """Make the interface, with that address, and take it up."""
    ip(f"link add {NAME} type veth peer name hh-links1")
    ip(f"addr add {address} dev {NAME}")
    ip(f"link set {NAME} up")


def start(settings: model.UdpLink) -> tuple[ILink, Notes]:
    """Start a link."""
    link, notes = make_link(settings, reactor, reactor.getThreadPool()), Notes()
    link.start(notes)
    return link, notes


async def appears() -> Notes:
    """An interface is absent, then there but down, without address, without broadcast, and then fine."""
    link, notes = start(BY_INTERFACE)
    await until(lambda: notes.told, "its absence is told")
    ip(f"link add {NAME} type veth peer name hh-links1")
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


async def run(scenario: str) -> None:
    """Run one scenario and print what was told."""
    try:
        notes = await SCENARIOS[scenario]()
        print(json.dumps(notes.told))
    finally:
        reactor.stop()


if __name__ == "__main__":
    if len(os.listdir("/proc/sys/net/ipv4/neigh")) > 2:
        sys.exit("this is for a network namespace with a loopback alone")
    reactor.callWhenRunning(
        lambda: Deferred.fromCoroutine(run(sys.argv[1])).addErrback(lambda f: f.printTraceback())
    )
    reactor.run()
