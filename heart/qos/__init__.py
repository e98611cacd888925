"""How good the failure detector is: times of detection and of mistakes, by exact calculation.

`heart.qos.figures.figures` is the entry. The terms are those of Chen, Toueg and Aguilera, "On the Quality
of Service of Failure Detectors", IEEE Trans. Computers 51(5), 2002; docs/qos.md has the method.
"""
