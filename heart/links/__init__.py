"""Links turn bytes on a medium into whole frames and back; they know nothing of nodes.

udp: a broadcast domain or a multicast group (`domains`). peers: a list of peers, with `names`. serial: a
null-modem cable, on a `line`, its frames found by `framing`. `medium` and `retry` are what all share:
whom a link tells, and how it tries again. Other kinds come from plug-ins.
"""

from __future__ import annotations

from functools import partial

from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from heart.config import model
from heart.interfaces import ILink
from heart.links.medium import Reactor
from heart.links.peers import PeersLink
from heart.links.plugged import make_plugged
from heart.links.serial import SerialLink
from heart.links.udp import UdpLink


def make_link(settings: model.Link, reactor: Reactor, threads: ThreadPool) -> ILink:
    """The link that a configuration describes; what may stall is done in `threads`. Never raises.

    The pool must run until the link has stopped.
    """
    in_thread = partial(deferToThreadPool, reactor, threads)
    if isinstance(settings, model.PluginLink):
        return make_plugged(settings, reactor, in_thread)
    if isinstance(settings, model.SerialLink):
        return SerialLink(settings, reactor, in_thread)
    if settings.peers:
        return PeersLink(settings, reactor, in_thread)
    return UdpLink(settings, reactor, in_thread)
