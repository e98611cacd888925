"""Tests of heart.control."""
