"""What programs that run in a network namespace of their own have in common: scenarios of a link.

Such a program prints what the link told as JSON. Nothing it does touches another namespace.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Coroutine, Mapping
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
OTHER_END = "hh-links1"

Scenario = Callable[[], Coroutine[Any, Any, Notes]]


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
    """Make the interface, with that address, and take it and its other end up."""
    ip(f"link add {NAME} type veth peer name {OTHER_END}")
    ip(f"addr add {address} dev {NAME}")
    ip(f"link set {OTHER_END} up")
    ip(f"link set {NAME} up")


def start(settings: model.UdpLink) -> tuple[ILink, Notes]:
    """Start a link."""
    link, notes = make_link(settings, reactor, reactor.getThreadPool()), Notes()
    link.start(notes)
    return link, notes


def main(scenarios: Mapping[str, Scenario]) -> None:
    """Run the scenario that the command line names."""
    if len(os.listdir("/proc/sys/net/ipv4/neigh")) > 2:
        sys.exit("this is for a network namespace with a loopback alone")
    reactor.callWhenRunning(
        lambda: Deferred.fromCoroutine(_run(scenarios[sys.argv[1]])).addErrback(
            lambda f: f.printTraceback(sys.stderr)
        )
    )
    reactor.run()


async def _run(scenario: Scenario) -> None:
    try:
        print(json.dumps((await scenario()).told))
    finally:
        reactor.stop()
