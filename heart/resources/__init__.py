"""What is started and stopped with a service: addresses, scripts, and the order in which that happens."""

from __future__ import annotations

from functools import partial

from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from heart.config.model import AddressResource, PluginResource, Resource
from heart.interfaces import IResource
from heart.process import Reactor
from heart.resources.address import Address
from heart.resources.kernel_addresses import address_book
from heart.resources.plugged import make_plugged
from heart.resources.script import Script


def make_resource(settings: Resource, reactor: Reactor, threads: ThreadPool) -> IResource:
    """The resource that a configuration describes; what may stall is done in `threads`. Never raises."""
    if isinstance(settings, AddressResource):
        return Address(settings, reactor, threads, address_book(reactor, threads))
    if isinstance(settings, PluginResource):
        return make_plugged(settings, reactor, partial(deferToThreadPool, reactor, threads))
    return Script(settings, reactor)
