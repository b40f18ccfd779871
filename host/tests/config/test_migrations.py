"""Steps up and down: in order, each the inverse of the other, on documents and on plain values alike."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chandelier.config.deployment import Deployment
from chandelier.config.migrations import ConfigMigration, change_value, migrated, plan, rename_key
from chandelier.config.problems import ConfigError
from chandelier.config.schema import schema, setting
from chandelier.errors import PluginError

Deploy = Callable[..., Deployment]
Values = MutableMapping[str, Any]


@schema
class Limits:
    warnings: int = setting(3, help="Before a timeout.")


@schema(version=1)
class First:
    words: tuple[str, ...] = setting((), help="Unwanted words.")
    pause: int = setting(1, help="Minutes between checks.")


@schema(version=3)
class Third:
    keywords: tuple[str, ...] = setting((), help="Unwanted words.")
    interval: int = setting(60, help="Seconds between checks.")
    limits: Limits = setting(factory=Limits, help="When to act.")


def to_2(section: Values) -> None:
    rename_key(section, "words", "keywords")
    if "limits" in section:
        rename_key(section["limits"], "warns", "warnings")


def from_2(section: Values) -> None:
    rename_key(section, "keywords", "words")
    if "limits" in section:
        rename_key(section["limits"], "warnings", "warns")


def to_3(section: Values) -> None:
    rename_key(section, "pause", "interval")
    change_value(section, "interval", lambda minutes: minutes * 60)


def from_3(section: Values) -> None:
    change_value(section, "interval", lambda seconds: seconds // 60)
    rename_key(section, "interval", "pause")


# The order in which a plugin lists them does not matter.
MIGRATIONS = (ConfigMigration(3, to_3, from_3), ConfigMigration(2, to_2, from_2))
PLUGINS = {"moderation": (Third, MIGRATIONS)}


class TestPlan:
    def test_up_and_down_are_mirror_images(self) -> None:
        up = [(stride.before, stride.after, stride.step) for stride in plan(1, 3, MIGRATIONS)]
        down = [(stride.before, stride.after, stride.step) for stride in plan(3, 1, MIGRATIONS)]

        assert up == [(1, 2, to_2), (2, 3, to_3)]
        assert down == [(3, 2, from_3), (2, 1, from_2)]
        assert plan(2, 2, MIGRATIONS) == ()

    def test_a_missing_step_is_named(self) -> None:
        with pytest.raises(PluginError, match="no config migration to version 2, needed between 1 and 3"):
            plan(1, 3, MIGRATIONS[:1])

    def test_two_steps_to_one_version_are_refused(self) -> None:
        with pytest.raises(PluginError, match="two config migrations to version 2"):
            plan(1, 2, [*MIGRATIONS, MIGRATIONS[1]])

    def test_nothing_leads_to_version_one(self) -> None:
        with pytest.raises(ValueError, match="version 2 or later"):
            ConfigMigration(1, to_2, from_2)


class TestPlainValues:
    def test_a_guild_s_settings_go_up_and_down(self) -> None:
        stored = {"pause": 5, "words": ["spam"]}

        newer = migrated(stored, current=1, target=3, migrations=MIGRATIONS)

        assert newer == {"interval": 300, "keywords": ["spam"]}
        assert migrated(newer, current=3, target=1, migrations=MIGRATIONS) == stored
        assert stored == {"pause": 5, "words": ["spam"]}

    def test_a_step_that_fails_is_named_and_the_values_stay(self) -> None:
        stored = {"pause": "soon", "limits": {"warns": 1}}

        with pytest.raises(PluginError, match="from version 2 to 3 failed: TypeError"):
            migrated(stored, current=1, target=3, migrations=(MIGRATIONS[1], broken_step()))

        assert stored == {"pause": "soon", "limits": {"warns": 1}}

    def test_a_rename_onto_a_key_that_is_set_is_refused(self) -> None:
        with pytest.raises(KeyError, match="words cannot become keywords: that is set too"):
            rename_key({"words": [], "keywords": []}, "words", "keywords")

    def test_a_rename_keeps_the_order(self) -> None:
        section = {"a": 1, "b": 2, "c": 3}

        rename_key(section, "b", "new")

        assert list(section.items()) == [("a", 1), ("new", 2), ("c", 3)]


def broken_step() -> ConfigMigration:
    def fail(section: Values) -> None:
        rename_key(section, "pause", "interval")
        raise TypeError("cannot multiply soon")

    return ConfigMigration(3, fail, from_3)


DOCUMENT = """\
# My bot. Do not touch!
[chandelier]
log_level = "DEBUG"   # while testing

[plugins.moderation]  # the strict one
version = 1  # written by hand
# these are bad
"words" = [
    "spam",   # really
    "scam",
]  # more to come
pause   =   5 # minutes

    [plugins.moderation.limits]
    warns = 2   # then out

[plugins.other]
words = ["not ours"]
"""


class TestDocuments:
    def test_comments_order_and_formatting_survive_an_upgrade(self, deploy: Deploy) -> None:
        deployment = deploy(DOCUMENT)

        changes = deployment.migrate(PLUGINS)

        assert [str(change) for change in changes] == [
            "config.toml: [plugins.moderation] upgraded from version 1 to 3"
        ]
        expected = DOCUMENT.replace("version = 1", "version = 3").replace('"words"', '"keywords"')
        expected = expected.replace("pause   =   5", "interval   =   300").replace("warns", "warnings")
        assert deployment.path.read_text() == expected

    def test_the_upgraded_section_is_what_the_plugin_reads(self, deploy: Deploy) -> None:
        deployment = deploy(DOCUMENT)

        deployment.migrate(PLUGINS)

        assert deployment.section("moderation", Third) == Third(
            keywords=("spam", "scam"), interval=300, limits=Limits(warnings=2)
        )

    def test_a_step_that_fails_leaves_file_and_deployment_as_they_were(self, deploy: Deploy) -> None:
        deployment = deploy(DOCUMENT)

        with pytest.raises(
            PluginError, match="plugin moderation: the config migration from version 2 to 3 failed"
        ):
            deployment.migrate({"moderation": (Third, (MIGRATIONS[1], broken_step()))})

        assert deployment.path.read_text() == deployment.file.text == DOCUMENT
        assert deployment.backups.all() == ()

    def test_a_step_that_is_not_the_same_on_plain_data_is_not_believed(self, deploy: Deploy) -> None:
        def by_type(section: Values) -> None:
            section["pause"] = 1 if isinstance(section, dict) and type(section) is dict else 2

        deployment = deploy(DOCUMENT)

        with pytest.raises(
            PluginError, match=r"cannot be written into config\.toml without changing something"
        ):
            deployment.migrate({"moderation": (Third, (ConfigMigration(2, by_type, from_2), MIGRATIONS[0]))})

        assert deployment.path.read_text() == DOCUMENT


# Properties: a document in any style goes up and comes back, byte for byte.

NAMES = st.sampled_from(["words", "pause", "other_key", "limits"])
COMMENTS = st.sampled_from(["", " # note", "   # words = [x]", "\t#"])
SPACES = st.sampled_from([" ", "", "  ", "\t"])
WORDS = st.lists(
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=5), max_size=3
)
BETWEEN = st.lists(
    st.sampled_from(["", "# a comment", "    # words = 1", '# [plugins.moderation] "']), max_size=2
)


@st.composite
def lines_of_section(draw: st.DrawFn) -> list[str]:
    """The keys of a section at version 1, in any order and formatting, each at most once."""
    lines: list[str] = []
    keys = [("version", "1")]
    for name in draw(st.lists(NAMES, unique=True)):
        if name == "limits":
            keys.append(("limits.warns", str(draw(st.integers(1, 9)))))
        elif name == "words":
            words = [tomlkit.string(word).as_string() for word in draw(WORDS)]
            joint = draw(st.sampled_from([", ", ",\n  ", ", # note\n"]))
            end = "\n" if "#" in joint or "\n" in joint else ""
            keys.append(("words", f"[{end}{joint.join(words)}{end}]"))
        else:
            keys.append((name, str(draw(st.integers(-999, 999)))))
    for key, value in draw(st.permutations(keys)):
        quoted = f'"{key}"' if "." not in key and draw(st.booleans()) else key
        lines.extend(draw(BETWEEN))
        indent = draw(st.sampled_from(["", "  "]))
        lines.append(f"{indent}{quoted}{draw(SPACES)}={draw(SPACES)}{value}{draw(COMMENTS)}")
    return lines


@st.composite
def documents(draw: st.DrawFn) -> str:
    before = draw(
        st.sampled_from(["", "# top\n\n", '[chandelier]\nlog_level = "INFO" # x\n\n', "[plugins.a]\nx = 1\n"])
    )
    header = draw(
        st.sampled_from(["[plugins.moderation]", "[plugins.moderation] # mine", "[ plugins . moderation ]"])
    )
    section = "\n".join([header, *draw(lines_of_section())]) + "\n"
    limits = "\n[plugins.moderation.limits]\n  warns =  3 # x\n" if "limits" not in section else ""
    other = draw(
        st.sampled_from(
            ["", '\n[plugins.other]\nwords = "w" # not ours\n', "[chandelier.x]\n[zebra]\npause=1\n"]
        )
    )
    tail = draw(st.permutations([limits, other]))
    return before + section + "".join(tail) + draw(st.sampled_from(["", "# end", "\n\n# end\n"]))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(documents())
def test_upgrade_then_downgrade_is_the_identity_on_documents(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(text.encode())
    deployment = Deployment.read(path, {})
    original = tomllib.loads(text)

    deployment.migrate(PLUGINS)

    upgraded = tomllib.loads(deployment.file.text)
    assert upgraded["plugins"]["moderation"]["version"] == 3
    assert {**upgraded["plugins"], "moderation": None} == {**original["plugins"], "moderation": None}

    deployment.migrate({"moderation": (Third, MIGRATIONS)}, targets={"moderation": 1})

    assert path.read_bytes().decode() == text


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "words": WORDS,
            "pause": st.integers(-999, 999),
            "limits": st.dictionaries(st.sampled_from(["warns", "hours"]), st.integers()),
            "other": st.text(max_size=3),
        },
    ),
    st.integers(1, 3),
)
def test_downgrade_undoes_upgrade_on_the_settings_of_guilds(stored: dict[str, Any], target: int) -> None:
    before = copy.deepcopy(stored)

    there = migrated(stored, current=1, target=target, migrations=MIGRATIONS)
    back = migrated(there, current=target, target=1, migrations=MIGRATIONS)

    assert back == before == stored
    assert list(back) == list(before)


class TestNewerVersions:
    def test_a_newer_section_is_refused_with_the_backup_that_undoes_it(self, deploy: Deploy) -> None:
        deployment = deploy(DOCUMENT)
        deployment.migrate(PLUGINS)
        (backup,) = deployment.backups.all()

        _, problems, _ = deployment.check({"moderation": First})

        (problem,) = problems
        assert str(problem).startswith(
            "config.toml:6: [plugins.moderation].version: version 3 of this section was written by a newer "
            "plugin moderation than the installed one, which reads up to version 1"
        )
        assert str(backup) in str(problem)
        with pytest.raises(ConfigError):
            deployment.section("moderation", First)

    def test_without_such_a_backup_that_is_said(self, deploy: Deploy) -> None:
        deployment = deploy("[plugins.moderation]\nversion = 9\n")

        with pytest.raises(ConfigError, match=r"a backup of your own \(none in .* is old enough\)"):
            deployment.migrate(PLUGINS)

    @pytest.mark.parametrize("version", ['"2"', "true", "0", "-1", "1.0"])
    def test_what_is_not_a_version_is_refused(self, deploy: Deploy, version: str) -> None:
        deployment = deploy(f"[plugins.moderation]\nversion = {version}\n")

        with pytest.raises(
            ConfigError, match=r"\[plugins.moderation\].version: \S+ is not a version, allowed: 1 to 3"
        ):
            deployment.migrate(PLUGINS)

    def test_an_older_section_is_not_read_before_it_is_migrated(self, deploy: Deploy) -> None:
        deployment = deploy(DOCUMENT)

        with pytest.raises(
            ConfigError, match="1 is older than the installed plugin moderation, which reads 3"
        ):
            deployment.section("moderation", Third)


def test_a_rename_in_something_else_than_a_section_is_refused() -> None:
    from types import MappingProxyType

    with pytest.raises(TypeError, match="a dict or a table of tomlkit, not mappingproxy"):
        rename_key(MappingProxyType({"words": []}), "words", "keywords")
