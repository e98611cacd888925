"""What must hold in a cluster whatever happens: the rules of docs/safety.md, seen from outside.

Each invariant is told facts and raises `Broken`. A simulation tells them, and so can a test of real nodes.
"""
