"""Fixtures for every distribution's tests: the database that the run is about, and patience with machines."""

from __future__ import annotations

import hypothesis

pytest_plugins = ("tests.postgres",)

# How long an example takes says something about the machine and nothing about the code. Where CI is set,
# Hypothesis' own profile for it is the parent, and every run tries the same examples.
hypothesis.settings.register_profile(
    "patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("patient")
