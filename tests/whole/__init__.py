"""Whole nodes as real processes in network namespaces, with ptys as the cable: as root, on Linux."""
