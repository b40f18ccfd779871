"""Fails while it is imported."""

raise ImportError("half installed")
