"""Raid mode: too many joins, or a button, slow and lock the server for a while; then all is as it was."""
