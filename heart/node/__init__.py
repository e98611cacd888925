"""The shell that wires the core to links, resources and files on a reactor.

`twistd` is the way in from the command line; `service` is the node's life from start to goodbye;
`driver` carries inputs to the core and decisions from it.
"""
