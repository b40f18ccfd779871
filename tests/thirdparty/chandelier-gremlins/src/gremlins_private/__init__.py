"""Reaches into what is private to the host. It runs all the same, today."""

from __future__ import annotations

import chandelier
from chandelier.app import Host


class Private(chandelier.Plugin):
    """Knows too much."""

    host = Host

    @chandelier.hookimpl
    def chandelier_manifest(self):
        return chandelier.Manifest(summary="Knows too much.")
