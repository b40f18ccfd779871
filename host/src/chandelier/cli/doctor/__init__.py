"""The doctor behind ``chandelier check``: one room for each part of a deployment that is looked at."""

from __future__ import annotations

from chandelier.cli.doctor.checks import CHECKS, examine
from chandelier.cli.doctor.finding import Examination, Finding, Level

__all__ = ["CHECKS", "Examination", "Finding", "Level", "examine"]
