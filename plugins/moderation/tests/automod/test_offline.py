"""`chandelier moderation match`: what an operator tries rules with, without a bot."""

from __future__ import annotations

import json

import click
import pytest
from click.testing import CliRunner

from chandelier_moderation.automod.offline import add_commands

RULES = """
format = 1

[[rule]]
name = "badgers"
severity = "high"
trigger = {kind = "words", words = ["badger"]}
actions = [{do = "delete"}, {do = "warn"}]

[[rule]]
name = "bad places"
trigger = {kind = "scam_links", lists = ["bad.txt", "https://example.org/list.txt"]}
actions = [{do = "delete"}]

[[rule]]
name = "flood"
trigger = {kind = "rate"}
actions = [{do = "delete"}]
"""


@pytest.fixture
def type_in(tmp_path):
    (tmp_path / "rules.toml").write_text(RULES)
    (tmp_path / "bad.txt").write_text("# known\nevil.example\n0.0.0.0 worse.example\n")
    group = click.Group()
    add_commands(group)

    def run(*arguments, text="", rules=tmp_path / "rules.toml"):
        result = CliRunner().invoke(
            group, ["moderation", "match", "--rules", str(rules), *arguments], input=text
        )
        return result, [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]

    return run


def test_every_message_gets_a_line_with_what_hit_it(type_in):
    message = {"id": "7", "content": "", "embeds": [{"title": "B4DG3R!"}]}
    result, lines = type_in(
        text=f"hello\nb*dger at https://www.worse.example/x\n\n{json.dumps(message)}\n{{not json\n"
    )

    assert result.exit_code == 0
    assert [line["line"] for line in lines] == [1, 2, 4, 5]
    assert lines[0]["hits"] == []
    assert [(hit["rule"], hit["found"]) for hit in lines[1]["hits"]] == [
        ("badgers", ["badger"]), ("bad places", ["worse.example"]),
    ]  # fmt: skip
    assert lines[1]["hits"][0]["actions"] == ["delete", "warn"]
    assert lines[1]["hits"][0]["severity"] == "high"
    assert lines[2]["id"] == "7"
    assert lines[2]["hits"][0]["part"] == "embed"
    assert all(line["microseconds"] > 0 for line in lines)
    assert "'flood' (rate) needs a running bot" in result.stderr
    assert "https://example.org/list.txt is not read" in result.stderr


def test_only_hits_and_broken_json_are_told(type_in):
    result, lines = type_in(
        "--only-hits", "--json", text='{"content": "hi"}\nnonsense\n[1]\n{"content": "badger"}\n'
    )

    assert result.exit_code == 0
    assert [(line["line"], bool(line["hits"]), "error" in line) for line in lines] == [
        (2, False, True), (3, False, True), (4, True, False),
    ]  # fmt: skip


def test_a_file_that_cannot_be_used_is_told_with_all_that_is_wrong(type_in, tmp_path):
    broken = tmp_path / "broken.toml"
    broken.write_text('[[rule]]\nname = "x"\ntrigger = {kind = "wrds"}\n[[rule]]\nname = ""\n')
    result, lines = type_in(rules=broken)

    assert result.exit_code == 1
    assert not lines
    assert "line 3, rule #1.trigger: 'wrds' is unknown; did you mean 'words'?" in result.stderr
    assert "line 4, rule #2.trigger: is missing" in result.stderr

    assert "cannot be read" in type_in(rules=tmp_path / "none.toml")[0].stderr


def test_a_preset_can_be_tried_by_its_name(type_in):
    _, lines = type_in("--only-hits", rules="invites", text="hi\njoin discord.gg/AbCd\n")

    assert [line["hits"][0]["found"] for line in lines] == [["AbCd"]]
