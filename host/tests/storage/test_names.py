"""Which plugin a table belongs to."""

from __future__ import annotations

from chandelier.storage.names import owners, table_prefix, version_table


def test_tables_are_grouped_by_the_plugin_that_has_a_version_table() -> None:
    tables = [version_table("moderation"), "moderation_cases", "moderation_rules", "somebody_elses"]

    assert owners(tables) == {
        "moderation": [version_table("moderation"), "moderation_cases", "moderation_rules"]
    }


def test_the_longest_prefix_wins_when_one_plugins_name_starts_with_anothers() -> None:
    tables = [version_table("red"), version_table("red_eye"), "red_votes", "red_eye_watches"]

    found = owners(tables)

    assert found["red"] == [version_table("red"), "red_votes"]
    assert found["red_eye"] == [version_table("red_eye"), "red_eye_watches"]


def test_version_tables_belong_to_the_plugin_they_are_about_and_not_to_the_host() -> None:
    assert version_table("moderation").startswith(table_prefix("chandelier"))

    found = owners([version_table("chandelier"), version_table("moderation"), "chandelier_timers"])

    assert found["chandelier"] == [version_table("chandelier"), "chandelier_timers"]
