"""What Heart finds of this package, by twisted.plugin: an object for each kind, and nothing else."""

from heart_example.marker import MarkerKind
from heart_example.unix import UnixKind
from heart_example.veto import VetoKind

unix = UnixKind()
marker = MarkerKind()
veto = VetoKind()
