"""Everything that this plugin says to people is there in Italian, too."""

from __future__ import annotations

from chandelier.tools.locales import complaints


def test_nothing_is_missing_in_italian() -> None:
    assert complaints("chandelier_reactions", "it") == []
