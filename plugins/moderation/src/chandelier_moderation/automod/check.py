"""Says what is wrong with a rule before it is stored, so that no stored rule can fail or do nothing."""

from __future__ import annotations

from collections.abc import Sequence

from chandelier_moderation.automod.problems import Problem
from chandelier_moderation.automod.rules import Rule, RuleSet

__all__ = ["problems_of", "problems_of_set"]


def problems_of(rule: Rule) -> Sequence[Problem]:
    """Everything that is wrong with the rule; empty when it can be stored."""
    raise NotImplementedError


def problems_of_set(rules: RuleSet) -> Sequence[Problem]:
    """Everything that is wrong with a server's rules together, each by itself included."""
    raise NotImplementedError
