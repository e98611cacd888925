"""Packaging; the metadata is in pyproject.toml."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["heart", "heart.*"]), "twisted.plugins"],
    # With a named root an editable install puts this directory on sys.path, where twisted.plugin looks.
    package_dir={"": "."},
)
