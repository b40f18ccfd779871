"""Speaking with a running host over a Unix socket that only its own user can open."""
