"""What the core must know of a configuration."""

from __future__ import annotations

import heart
from heart.config.meaning import parts
from heart.config.model import QUORUM, Configuration
from heart.core.settings import Settings, link_settings
from heart.keys import Keys, marks


def core_settings(configuration: Configuration, keys: Keys) -> Settings:
    """The settings of one node's core."""
    own = {link.name for link in configuration.links}
    reach = link_settings(
        len(configuration.nodes),
        len(configuration.services),
        ((link.name, link.nodes, link.baud) for link in configuration.reach),
        votes=configuration.arbiter.kind == QUORUM,
    )
    return Settings(
        configuration.cluster,
        configuration.node,
        configuration.nodes,
        configuration.timing,
        tuple(link for link in reach if link.name in own),
        configuration.services,
        configuration.digest,
        heart.__version__,
        configuration.arbiter.kind,
        configuration.meaning,
        parts(configuration.meaning),
        reach,
        marks(keys),
    )
