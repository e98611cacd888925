"""What is started and stopped with a service: addresses, scripts, and the order in which that happens."""

from __future__ import annotations

from twisted.python.threadpool import ThreadPool

from heart.config.model import AddressResource, Resource
from heart.interfaces import IResource
from heart.process import Reactor
from heart.resources.address import Address
from heart.resources.address_book import address_book
from heart.resources.script import Script


def make_resource(settings: Resource, reactor: Reactor, threads: ThreadPool) -> IResource:
    """The resource that a configuration describes; the kernel is asked for addresses in `threads`."""
    if isinstance(settings, AddressResource):
        return Address(settings, reactor, threads, address_book())
    return Script(settings, reactor)
