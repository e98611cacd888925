"""Paths as they are written in the file, made absolute: they are relative to its folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from heart.config.links import Views
from heart.config.model import Link, Resource, ScriptResource, SerialLink, Service


def place_command(folder: Path, words: tuple[str, ...]) -> tuple[str, ...]:
    """The command with the path of its program made absolute."""
    return (str(folder / words[0]), *words[1:])


def place_views(folder: Path, views: Views) -> Views:
    """The views of all links with the paths of devices made absolute."""
    return {
        word: {node: _place_link(folder, link) for node, link in by_node.items()}
        for word, by_node in views.items()
    }


def place_services(folder: Path, services: tuple[Service, ...]) -> tuple[Service, ...]:
    """The services with the paths of their scripts made absolute."""
    return tuple(
        replace(service, resources=tuple(_place_resource(folder, each) for each in service.resources))
        for service in services
    )


def _place_link(folder: Path, link: Link) -> Link:
    return replace(link, device=str(folder / link.device)) if isinstance(link, SerialLink) else link


def _place_resource(folder: Path, resource: Resource) -> Resource:
    if isinstance(resource, ScriptResource):
        return replace(resource, command=place_command(folder, resource.command))
    return resource
