"""Heart keeps a service alive on exactly one of a few machines."""

__version__ = "0.2.0"
