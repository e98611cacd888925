"""Run as a program in a network and mount namespace of its own: links by a list of peers."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from heart.config import model
from tests.links.namespace import NAME, add_interface, ip, main, start, until
from tests.links.wires import Notes

BETA = "beta.example.net"


def by_peers(port: int, *peers: model.PeerAddress) -> model.UdpLink:
    """A link of that port to those peers."""
    return model.UdpLink("wan", ("a", *(peer.node for peer in peers)), port, peers=peers)


def own_hosts() -> Path:
    """A table of hosts that stands in the place of this machine's, here alone; to be written to."""
    hosts = Path(tempfile.mkdtemp(prefix="hh-")) / "hosts"
    hosts.write_text("127.0.0.1 localhost\n")
    subprocess.run(["mount", "--bind", str(hosts), "/etc/hosts"], check=True)  # noqa: S607
    return hosts


async def by_name() -> Notes:
    """A name resolves only later; frames go to the other peer meanwhile, and then to both."""
    ip("link set lo up")
    hosts = own_hosts()
    beta, heard = start(by_peers(7002, model.PeerAddress("a", "127.0.0.1", 7001)))
    gamma, heard_too = start(by_peers(7003, model.PeerAddress("a", "::1", 7001)))
    named = model.PeerAddress("b", BETA, 7002)
    link, notes = start(by_peers(7001, named, model.PeerAddress("c", "::1", 7003)))
    await until(lambda: notes.up and heard.up and heard_too.up, "all are up")
    link.send(b"early")
    await until(lambda: heard_too.frames == [b"early"], "the peer whose address is known hears")
    hosts.write_text(f"127.0.0.1 {BETA}\n")
    await until(lambda: link.send(b"later") and heard.frames, "the named peer hears")
    if b"early" in heard.frames:
        raise RuntimeError("heard before its name was known")
    beta.send(b"from beta")
    gamma.send(b"from gamma")
    await until(lambda: set(notes.frames) == {b"from beta", b"from gamma"}, "both are heard")
    for each in (link, beta, gamma):
        await each.stop()
    return notes


async def name_alone() -> Notes:
    """While the only peer's name does not resolve the link is down with that reason; then it is up."""
    ip("link set lo up")
    hosts = own_hosts()
    link, notes = start(by_peers(7001, model.PeerAddress("b", BETA, 7002)))
    await until(lambda: notes.told, "that it is not known is told")
    hosts.write_text(f"::1 {BETA}\n")
    await until(lambda: notes.up, "it is up")
    await link.stop()
    return notes


async def unreachable() -> Notes:
    """No way leads to one peer, and then to none; once there is one, the link is up again."""
    ip("link set lo up")
    add_interface("10.1.2.3/24")
    beta, heard = start(by_peers(7002, model.PeerAddress("a", "127.0.0.1", 7001)))
    link, notes = start(
        by_peers(7001, model.PeerAddress("b", "10.1.2.3", 7002), model.PeerAddress("c", "fd00::9", 694))
    )
    await until(lambda: notes.up, "it is up for the one that can be reached")
    link.send(b"beat")
    await until(lambda: heard.frames == [b"beat"], "it hears")
    ip(f"link del {NAME}")
    if link.send(b"beat") or notes.up:
        raise RuntimeError("no way leads anywhere, and it was sent")
    add_interface("10.1.2.3/24")
    await until(lambda: notes.up, "it is up again")
    link.send(b"again")
    await until(lambda: heard.frames == [b"beat", b"again"], "it hears again")
    await link.stop()
    await beta.stop()
    return notes


async def refused() -> Notes:
    """Nobody listens where a peer should be: the machine there says so, and the link stays up."""
    ip("link set lo up")
    link, notes = start(
        by_peers(7001, model.PeerAddress("b", "127.0.0.1", 7002), model.PeerAddress("c", "::1", 7003))
    )
    await until(lambda: notes.up, "it is up")
    for _ in range(50):
        if not link.send(b"beat"):
            raise RuntimeError("not sent")
        link.drain()
    await link.stop()
    return notes


SCENARIOS = {"by_name": by_name, "name_alone": name_alone, "unreachable": unreachable, "refused": refused}

if __name__ == "__main__":
    main(SCENARIOS)
