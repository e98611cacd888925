"""The digest by which nodes see that they were not given the same configuration.

It sums up what the file means for the cluster, with all nodes' own views of the links: the order of
keys and tables, comments, ways to write a duration, and where the file lies do not matter. Where a
node keeps its key and state is its own business.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from hashlib import blake2b

from heart.config.cluster import Cluster
from heart.config.model import Link

_SIZE = 8  # bytes


def digest(cluster: Cluster) -> str:
    """16 hex digits of BLAKE2b (RFC 7693) over the meaning; paths in it as they are written."""
    meaning = {
        "cluster": cluster.name,
        "timing": asdict(cluster.timing),
        "nodes": {node.name: asdict(node) for node in cluster.nodes.all},
        "links": {
            link: {node: _view(view) for node, view in by_node.items()}
            for link, by_node in cluster.views.items()
        },
        "services": {service.name: asdict(service) for service in cluster.services},
        "arbiter": cluster.arbiter,
        "events": cluster.events,
    }
    canonical = json.dumps(meaning, sort_keys=True, separators=(",", ":"))
    return blake2b(canonical.encode(), digest_size=_SIZE).hexdigest()


def _view(link: Link) -> dict[str, object]:
    return {**asdict(link), "nodes": sorted(link.nodes)}
