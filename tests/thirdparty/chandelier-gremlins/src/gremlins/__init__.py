"""Plugins by somebody else, each of which does one thing wrong while it starts or stops."""
