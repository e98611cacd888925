"""By which interface this machine's routes reach an address: rtnetlink(7), RTM_GETROUTE.

May block as any question to the kernel's routing may: ask from a thread.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from ipaddress import ip_address

from heart.linux.netlink import ACK, GETROUTE, attribute, attributes, exchange

_ROUTE = struct.Struct("=BBBBBBBBI")  # rtmsg: family, destination's bits, and what is zero in a question
_NUMBER = struct.Struct("=i")
_DESTINATION, _INTERFACE = 1, 4  # RTA_DST, RTA_OIF


def interface_towards(address: str) -> str:
    """The name of the interface. Raises OSError: ENETUNREACH where there is no route."""
    asked = ip_address(address)
    family = socket.AF_INET if asked.version == 4 else socket.AF_INET6
    question = _ROUTE.pack(family, asked.max_prefixlen, 0, 0, 0, 0, 0, 0, 0)
    for _, route in exchange(GETROUTE, ACK, question + attribute(_DESTINATION, asked.packed)):
        found = attributes(route, _ROUTE.size).get(_INTERFACE)
        if found is not None:
            return socket.if_indextoname(_NUMBER.unpack_from(found)[0])
    raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))
