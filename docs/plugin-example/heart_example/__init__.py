"""Kinds of a link, a resource and an arbiter for Heart, to be copied."""
