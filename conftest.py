"""Fixtures for every distribution's tests: the database that the run is about."""

from __future__ import annotations

pytest_plugins = ("tests.postgres",)
