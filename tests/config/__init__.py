"""Tests of heart.config."""
