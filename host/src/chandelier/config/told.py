"""What is wrong with a setting, in words for the person who typed it: every problem, and what would fit.

However much was typed, it is the echo that is cut, never the advice.
"""

from __future__ import annotations

from collections.abc import Sequence

from chandelier.config.problems import Problem
from chandelier.languages import Message, Messages

__all__ = ["MOST_TOLD", "cut", "told"]

_ = Messages(__package__)

MOST_TOLD = 5
"""Problems that are told one by one; of more, only the number: the first ones show what is wrong."""
_LONGEST = 150
"""Characters of each part of a problem: five of them fit a message of 2000."""


def told(problems: Sequence[Problem]) -> Message:
    """Every problem in a line of its own, the first of them in full."""
    lines = [_one(problem) for problem in problems[:MOST_TOLD]]
    rest = len(problems) - len(lines)
    if rest:
        lines.append(_.count("… and one more of this kind.", "… and {n} more of this kind.", rest))
    whole = lines[0]
    for line in lines[1:]:
        whole = _("{above}\n{below}", above=whole, below=line)
    return whole


def cut(text: str, longest: int = 60) -> str:
    """A text that somebody typed, short enough to be repeated to them."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _one(problem: Problem) -> Message:
    where, what = cut(problem.path, 50), _cut_message(problem.message)
    if problem.allowed is None:
        return _("**{setting}**: {problem}.", setting=where, problem=what)
    return _(
        "**{setting}**: {problem}. Allowed: {allowed}.",
        setting=where,
        problem=what,
        allowed=_cut_message(problem.allowed),
    )


def _cut_message(text: str) -> str:
    """The same, unless it is longer than anything that the host itself would say."""
    return text if len(text) <= _LONGEST else cut(text, _LONGEST)
