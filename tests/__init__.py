"""Tests of Heart; the folders mirror those of the package."""
