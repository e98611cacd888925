"""The liveness and takeover logic: pure, without sockets, reactor, files or a clock of its own.

`cluster.Core` is the way in; `peer` and `tenure` hold the two state machines; `succession` holds the
rules of who may take over and who must let go.
"""
