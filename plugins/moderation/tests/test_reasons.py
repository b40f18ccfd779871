"""What automod writes as a reason says what was counted, to everybody in their language."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chandelier.languages import Languages
from chandelier_moderation.automod import triggers as t
from chandelier_moderation.automod.rules import Rule
from chandelier_moderation.enforcing.drafting import reason_for
from chandelier_moderation.reasons import reason_of
from chandelier_moderation.tables import Case


@pytest.mark.parametrize(
    ("trigger", "found", "english", "italian"),
    [
        (t.Rate(most=3, within=timedelta(seconds=10)), "4", "4 messages in 10s", "4 messaggi in 10s"),
        (t.Capitals(), "85 %", "85 % capitals", "85 % maiuscole"),
        (t.NewAccount(younger=timedelta(days=7)), "3 d", "the account is 3 d old", "l'account ha 3 d"),
        (t.Links(deny=("a.example",)), "a.example", "a.example", "a.example"),
    ],
)
def test_a_number_says_what_it_counts(trigger: t.Trigger, found: str, english: str, italian: str) -> None:
    rule = Rule(name="strict", trigger=trigger)
    case = Case(action="warn", rule="strict", reason=reason_for(rule, [found]))

    assert reason_of(case) == f"Rule “strict”: {english}"
    assert Languages().into("it", reason_of(case)) == f"Regola «strict»: {italian}"
