"""Auto-moderation: what people write is judged before anybody sees it, and rules do what they say.

Source: https://discord.com/developers/docs/resources/auto-moderation
"""

from __future__ import annotations

from typing import Any

import hikari
import pytest
from hikari.events import auto_mod_events

import loopcord
from loopcord.audit import Event
from loopcord.automod import Trigger, Wordsets, compiled, find
from loopcord.errors import WorldError

CONFIGURATION, EXECUTION = 1 << 20, 1 << 21
MESSAGES, CONTENT = 1 << 9, 1 << 15
BLOCK = {"type": 1}


@pytest.fixture
def market(discord: loopcord.LocalDiscord) -> loopcord.Guild:
    guild = discord.create_guild("Market", owner="olga")
    guild.create_text_channel("general")
    guild.create_text_channel("mod-log")
    guild.add_member("alice")
    return guild


def member(guild: loopcord.Guild, name: str) -> loopcord.Member:
    return next(each for each in guild.members if each.name == name)


def keywords(*words: str, **more: Any) -> dict[str, Any]:
    return {"trigger_type": 1, "trigger_metadata": {"keyword_filter": list(words), **more}}


# ------------------------------------------------------------------ what triggers a rule


@pytest.mark.parametrize(
    ("keyword", "text", "hit"),
    [
        # https://discord.com/developers/docs/resources/auto-moderation#auto-moderation-rule-object-keyword-matching-strategies
        ("cat*", "a CAttLE market", "CAtt"[:3]),
        ("the mat*", "in the matrix", "the mat"),
        ("*cat", "a copyCat here", "Cat"),
        ("*the mat", "brea the mat", "the mat"),
        ("*cat*", "loCATion", "CAT"),
        ("cat", "my cat sleeps", "cat"),
        ("the mat", "on the mat", "the mat"),
        ("cat", "catch", None),
        ("cat", "wildcat", None),
        ("cat*", "wildcat", None),
        ("*cat", "catch", None),
        ("i like c++", "yes, i like c++ a lot", "i like c++"),
        ("трёп", "ТРЁП сплошной", "ТРЁП"),
    ],
)
def test_keywords(keyword: str, text: str, hit: str | None) -> None:
    match = find(Trigger.KEYWORD, {"keyword_filter": [keyword], "regex_patterns": []}, text, Wordsets())

    assert (match.content if match else None) == hit
    assert match is None or match.keyword == keyword


@pytest.mark.parametrize(
    ("pattern", "text", "hit"),
    [
        ("(b|c)at", "a bat", "bat"),
        (r"^(?:[0-9]{1,3}\.){3}[0-9]{1,3}$", "127.0.0.1", "127.0.0.1"),
        ("(?i)spam+", "SPAMMM", "SPAMMM"),
        ("(?<word>free) nitro", "free nitro", "free nitro"),
        ("(b|c)at", "dog", None),
    ],
)
def test_regular_expressions(pattern: str, text: str, hit: str | None) -> None:
    match = find(Trigger.KEYWORD, {"keyword_filter": [], "regex_patterns": [pattern]}, text, Wordsets())

    assert (match.content if match else None) == hit


@pytest.mark.parametrize("pattern", ["(?=a)b", "(?<!a)b", r"(a)\1", "(?>a)", "(", "[z-a]"])
def test_patterns_that_rust_does_not_take(pattern: str) -> None:
    """https://docs.rs/regex/latest/regex/#syntax"""
    with pytest.raises(ValueError):
        compiled(pattern)


def test_a_pattern_that_only_rust_takes_is_not_faked() -> None:
    with pytest.raises(NotImplementedError):
        compiled(r"\p{Greek}")


def test_the_allow_list_covers_a_keyword() -> None:
    rule = {"keyword_filter": ["*cat*"], "regex_patterns": [], "allow_list": ["education", "copycat*"]}

    assert find(Trigger.KEYWORD, rule, "higher education", Wordsets()) is None
    assert find(Trigger.KEYWORD, rule, "copycats", Wordsets()) is None
    match = find(Trigger.KEYWORD, rule, "education for a cat", Wordsets())
    assert match is not None
    assert match.content == "cat"


def test_unique_mentions_are_counted() -> None:
    rule = {"mention_total_limit": 2}

    assert find(Trigger.MENTION_SPAM, rule, "<@1> <@!1> <@1> <@&2>", Wordsets()) is None
    assert find(Trigger.MENTION_SPAM, rule, "<@1> <@2> <@&2>", Wordsets()) is not None


async def test_what_discord_keeps_to_itself_is_arranged(market: loopcord.Guild) -> None:
    general, alice = market.channel("general"), member(market, "alice")
    market.create_automod_rule("Words", trigger_type=4, trigger_metadata={"presets": [1]}, actions=[BLOCK])
    market.create_automod_rule("Spam", trigger_type=3, actions=[BLOCK])
    market.discord.wordsets.presets[1].append("darn")
    market.discord.wordsets.spam.append("cheap watches")

    for text in ("darn it", "buy CHEAP watches now"):
        with pytest.raises(loopcord.ActError, match="200000"):
            await alice.send(general, text)
    await alice.send(general, "darned socks")

    assert [message.content for message in general.messages] == ["darned socks"]


# ------------------------------------------------------------------ blocking


async def test_a_blocked_message_is_refused_and_nobody_sees_it(market: loopcord.Guild, listen) -> None:
    """https://discord.com/developers/docs/resources/auto-moderation#auto-moderation-action-object-action-types"""
    general, alice = market.channel("general"), member(market, "alice")
    action = {"type": 1, "metadata": {"custom_message": "No cats in here, please."}}
    market.create_automod_rule("No cats", **keywords("cat"), actions=[action])
    listener = await listen()

    with pytest.raises(loopcord.ActError, match="No cats in here, please") as refusal:
        await alice.send(general, "my cat")
    await alice.send(general, "my dog")

    assert refusal.value.code == 200_000
    assert [message.content for message in general.messages] == ["my dog"]
    assert [event["content"] for event in listener.of("MESSAGE_CREATE")] == ["my dog"]
    [entry] = market.audit_log
    assert (entry["action_type"], entry["target_id"]) == (Event.AUTO_MODERATION_BLOCK_MESSAGE, alice.id)
    assert entry["options"] == {
        "auto_moderation_rule_name": "No cats",
        "auto_moderation_rule_trigger_type": "1",
        "channel_id": str(general.id),
    }


async def test_edits_are_judged_too(market: loopcord.Guild, listen) -> None:
    """MESSAGE_SEND: "when a member sends or edits a message in the guild"."""
    general, alice = market.channel("general"), member(market, "alice")
    market.create_automod_rule("No cats", **keywords("cat"), actions=[BLOCK])
    listener = await listen()
    message = await alice.send(general, "my dog")

    with pytest.raises(loopcord.ActError, match="200000"):
        await alice.edit(message, "my cat")

    assert message.content == "my dog"
    assert listener.of("MESSAGE_UPDATE") == []


async def test_who_and_what_is_exempt(market: loopcord.Guild, api) -> None:
    general, log, alice = market.channel("general"), market.channel("mod-log"), member(market, "alice")
    trusted = market.create_role("Trusted")
    managers = market.create_role("Managers", permissions=["manage_guild"])
    market.create_automod_rule(
        "No cats", **keywords("cat"), actions=[BLOCK], exempt_roles=[trusted], exempt_channels=[log]
    )
    friend = market.add_member("friend", roles=[trusted])
    manager = market.add_member("manager", roles=[managers])
    robot = market.add_member("robot", bot=True)
    thread = (await api("POST", f"/channels/{log.id}/threads", {"name": "aside", "type": 11})).body

    for person in (friend, manager, market.owner, robot):
        await person.send(general, f"cat of {person.name}")
    await alice.send(log, "cat in the log")
    answer = await api("POST", f"/channels/{general.id}/messages", {"content": "cat of the bot"})
    general.post(alice, "cat, arranged")
    aside = loopcord.Channel(market.discord, market.discord.backend.get_channel(int(thread["id"])))
    await alice.send(aside, "cat in its thread")
    with pytest.raises(loopcord.ActError):
        await alice.send(general, "cat of alice")

    assert answer.status == 200
    assert len(general.messages) == 6
    assert [message.content for message in log.messages if message.content != "aside"] == ["cat in the log"]


async def test_a_disabled_rule_does_nothing(market: loopcord.Guild) -> None:
    market.create_automod_rule("No cats", **keywords("cat"), actions=[BLOCK], enabled=False)

    await member(market, "alice").send(market.channel("general"), "cat")

    assert market.channel("general").last.content == "cat"


# ------------------------------------------------------------------ alerts and timeouts


async def test_an_alert_is_a_message_of_type_24(market: loopcord.Guild, listen) -> None:
    general, log, alice = market.channel("general"), market.channel("mod-log"), member(market, "alice")
    rule = market.create_automod_rule(
        "No cats",
        **keywords("*cat*"),
        actions=[BLOCK, {"type": 2, "metadata": {"channel_id": log.id}}],
    )
    listener = await listen()

    with pytest.raises(loopcord.ActError):
        await alice.send(general, "education")

    [alert] = log.messages
    [embed] = alert.embeds
    fields = {field["name"]: field["value"] for field in embed["fields"]}
    assert (alert.model.type, alert.author_id, alert.content) == (24, alice.id, "")
    assert (embed["type"], embed["description"]) == ("auto_moderation_message", "education")
    assert fields == {
        "rule_name": "No cats",
        "channel_id": str(general.id),
        "decision_id": fields["decision_id"],
        "keyword": "*cat*",
        "keyword_matched_content": "cat",
        "decision_outcome": "blocked",
    }
    [posted] = listener.of("MESSAGE_CREATE")
    assert (posted["id"], posted["type"]) == (str(alert.id), 24)
    blocked, alerted = listener.of("AUTO_MODERATION_ACTION_EXECUTION")
    assert blocked == {
        "guild_id": str(market.id),
        "action": {"type": 1, "metadata": {}},
        "rule_id": str(rule),
        "rule_trigger_type": 1,
        "user_id": str(alice.id),
        "channel_id": str(general.id),
        "content": "education",
        "matched_keyword": "*cat*",
        "matched_content": "cat",
    }
    assert alerted["action"] == {"type": 2, "metadata": {"channel_id": str(log.id)}}
    assert alerted["alert_system_message_id"] == str(alert.id)


async def test_an_alert_has_nowhere_to_go_when_its_channel_is_gone(market: loopcord.Guild, listen) -> None:
    general, log, alice = market.channel("general"), market.channel("mod-log"), member(market, "alice")
    alert = {"type": 2, "metadata": {"channel_id": log.id}}
    market.create_automod_rule("Cats", **keywords("cat"), actions=[alert])
    log.delete()
    listener = await listen()

    await alice.send(general, "my cat")

    assert general.last.content == "my cat"
    assert listener.of("AUTO_MODERATION_ACTION_EXECUTION") == []
    assert market.audit_log == []


async def test_a_message_that_is_only_flagged_is_there(market: loopcord.Guild, listen) -> None:
    general, log, alice = market.channel("general"), market.channel("mod-log"), member(market, "alice")
    market.create_automod_rule(
        "Cats", **keywords("cat"), actions=[{"type": 2, "metadata": {"channel_id": str(log.id)}}]
    )
    listener = await listen()

    message = await alice.send(general, "my cat")

    fields = {field["name"]: field["value"] for field in log.last.embeds[0]["fields"]}
    assert (fields["flagged_message_id"], fields["decision_outcome"]) == (str(message.id), "flagged")
    [event] = listener.of("AUTO_MODERATION_ACTION_EXECUTION")
    assert event["message_id"] == str(message.id)
    assert market.audit_log[0]["action_type"] == Event.AUTO_MODERATION_FLAG_TO_CHANNEL


async def test_a_timeout_keeps_them_quiet_until_it_ends(market: loopcord.Guild, listen) -> None:
    general, alice = market.channel("general"), member(market, "alice")
    timeout = {"type": 3, "metadata": {"duration_seconds": 60}}
    market.create_automod_rule("No cats", **keywords("cat"), actions=[BLOCK, timeout])
    listener = await listen()

    with pytest.raises(loopcord.ActError, match="200000"):
        await alice.send(general, "cat")
    with pytest.raises(loopcord.ActError, match="50013"):
        await alice.send(general, "sorry")
    await market.discord.advance(61)
    await alice.send(general, "sorry")

    assert general.last.content == "sorry"
    [update] = listener.of("GUILD_MEMBER_UPDATE")
    assert update["communication_disabled_until"] == "2026-01-01T00:01:00+00:00"
    assert [entry["action_type"] for entry in market.audit_log] == [145, 143], "no MEMBER_UPDATE besides"


async def test_content_is_for_those_with_the_intent(market: loopcord.Guild, listen) -> None:
    """https://discord.com/developers/docs/events/gateway-events#auto-moderation-action-execution"""
    general, alice = market.channel("general"), member(market, "alice")
    market.create_automod_rule("No cats", **keywords("cat"), actions=[BLOCK])
    seeing, blind = await listen(EXECUTION | CONTENT), await listen(EXECUTION)
    deaf = await listen(MESSAGES | CONTENT)

    with pytest.raises(loopcord.ActError):
        await alice.send(general, "my cat")

    [seen], [hidden] = (each.of("AUTO_MODERATION_ACTION_EXECUTION") for each in (seeing, blind))
    assert (seen["content"], seen["matched_content"], seen["matched_keyword"]) == ("my cat", "cat", "cat")
    assert (hidden["content"], hidden["matched_content"], hidden["matched_keyword"]) == ("", "", "cat")
    assert deaf.of("AUTO_MODERATION_ACTION_EXECUTION") == []


async def test_events_need_manage_server(market: loopcord.Guild, listen) -> None:
    """https://discord.com/developers/docs/events/gateway-events#auto-moderation"""
    alice = member(market, "alice")
    listener = await listen()
    market.set_bot_permissions(["view_channel", "view_audit_log"])

    market.create_automod_rule("No cats", **keywords("cat"), actions=[BLOCK])
    with pytest.raises(loopcord.ActError):
        await alice.send(market.channel("general"), "cat")

    assert [name for name, _ in listener.heard if name.startswith("AUTO_MODERATION")] == []


# ------------------------------------------------------------------ profiles


async def test_a_forbidden_name_is_quarantined(market: loopcord.Guild, listen) -> None:
    general, log = market.channel("general"), market.channel("mod-log")
    market.create_automod_rule(
        "Names",
        trigger_type=6,
        trigger_metadata={"keyword_filter": ["*admin*"]},
        actions=[{"type": 4}, {"type": 2, "metadata": {"channel_id": log.id}}],
    )
    listener = await listen()

    impostor = await market.join("real_admin")

    assert impostor.quarantined
    assert impostor.permissions_in(general) == ["view_channel", "read_message_history"]
    with pytest.raises(loopcord.ActError, match="50013"):
        await impostor.send(general, "trust me")
    assert log.last.embeds[0]["description"] == "real_admin"
    [update] = listener.of("GUILD_MEMBER_UPDATE")
    assert update["flags"] == 1 << 7
    event = listener.of("AUTO_MODERATION_ACTION_EXECUTION")[0]
    assert (event["action"]["type"], event["rule_trigger_type"]) == (4, 6)
    assert "channel_id" not in event
    assert market.audit_log[-1]["action_type"] == Event.AUTO_MODERATION_QUARANTINE_USER


async def test_who_comes_back_is_judged_anew(market: loopcord.Guild, api) -> None:
    rule = market.create_automod_rule(
        "Names", trigger_type=6, trigger_metadata={"keyword_filter": ["*admin*"]}, actions=[{"type": 4}]
    )
    impostor = await market.join("real_admin")
    await impostor.leave()
    await api("DELETE", f"/guilds/{market.id}/auto-moderation/rules/{rule}")

    await impostor.rejoin()

    assert not impostor.quarantined


async def test_a_forbidden_nickname_is_not_taken(market: loopcord.Guild) -> None:
    alice = member(market, "alice")
    market.create_automod_rule(
        "Names",
        trigger_type=6,
        trigger_metadata={"keyword_filter": ["*admin*"]},
        actions=[{"type": 4}],
    )

    with pytest.raises(loopcord.ActError, match="blocked by the rule 'Names'"):
        await alice.rename("superadmin")
    await alice.rename("Al")

    assert alice.nick == "Al"
    assert not alice.quarantined


# ------------------------------------------------------------------ making rules

RULE: dict[str, Any] = {"name": "No cats", "event_type": 1, **keywords("cat"), "actions": [BLOCK]}


async def test_a_rule_comes_back_whole(market: loopcord.Guild, api, listen) -> None:
    path = f"/guilds/{market.id}/auto-moderation/rules"
    listener = await listen(CONFIGURATION)

    made = await api("POST", path, RULE)
    edited = await api("PATCH", f"{path}/{made.body['id']}", {"enabled": True, "name": "Cats"})
    listed = await api("GET", path)
    await api("DELETE", f"{path}/{made.body['id']}")
    await market.discord.settle()

    assert made.body == {
        "id": made.body["id"],
        "guild_id": str(market.id),
        "name": "No cats",
        "creator_id": str(market.discord.bot.id),
        "event_type": 1,
        "trigger_type": 1,
        "trigger_metadata": {"keyword_filter": ["cat"], "regex_patterns": [], "allow_list": []},
        "actions": [{"type": 1, "metadata": {}}],
        "enabled": False,
        "exempt_roles": [],
        "exempt_channels": [],
    }
    assert edited.body == {**made.body, "enabled": True, "name": "Cats"} == listed.body[0]
    assert [name for name, _ in listener.heard if name.startswith("AUTO")] == [
        "AUTO_MODERATION_RULE_CREATE",
        "AUTO_MODERATION_RULE_UPDATE",
        "AUTO_MODERATION_RULE_DELETE",
    ]


@pytest.mark.parametrize(("trigger", "most"), [(1, 6), (3, 1), (4, 1), (5, 1), (6, 1)])
async def test_so_many_rules_of_a_kind(market: loopcord.Guild, api, trigger: int, most: int) -> None:
    """https://discord.com/developers/docs/resources/auto-moderation#auto-moderation-rule-object-trigger-types"""
    action = {"type": 4} if trigger == 6 else BLOCK
    body = {"name": "r", "event_type": 2 if trigger == 6 else 1, "trigger_type": trigger, "actions": [action]}
    path = f"/guilds/{market.id}/auto-moderation/rules"

    answers = [await api("POST", path, body) for _ in range(most + 1)]

    assert [answer.status for answer in answers] == [200] * most + [400]
    [error] = answers[-1].body["errors"]["_errors"]
    assert error == {
        "code": "AUTO_MODERATION_MAX_RULES_OF_TYPE_EXCEEDED",
        "message": f"Maximum number of rules with trigger type {trigger} is {most}",
    }


def _with(**changes: Any) -> dict[str, Any]:
    return {**RULE, **changes}


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (_with(name="x" * 101), "name"),
        (_with(trigger_type=2), "trigger_type"),
        (_with(event_type=2), "event_type"),
        (_with(actions=[]), "actions"),
        (_with(actions=[{"type": 4}]), "actions.0.type"),
        (
            _with(actions=[BLOCK, {"type": 3, "metadata": {"duration_seconds": 2_419_201}}]),
            "actions.1.metadata",
        ),
        (_with(actions=[{"type": 1, "metadata": {"custom_message": "x" * 151}}]), "actions.0.metadata"),
        (_with(actions=[{"type": 2, "metadata": {"channel_id": "1"}}]), "actions.0.metadata.channel_id"),
        (_with(**keywords("x" * 61)), "trigger_metadata.keyword_filter.0"),
        (_with(**keywords(*map(str, range(1001)))), "trigger_metadata.keyword_filter"),
        (_with(**keywords(regex_patterns=["a" * 261])), "trigger_metadata.regex_patterns.0"),
        (_with(**keywords(regex_patterns=["(?=a)"])), "trigger_metadata.regex_patterns.0"),
        (_with(**keywords(allow_list=["a"] * 101)), "trigger_metadata.allow_list"),
        (_with(trigger_type=5, trigger_metadata={"mention_total_limit": 51}), "trigger_metadata"),
        (_with(trigger_type=4, trigger_metadata={"presets": [4]}), "trigger_metadata.presets.0"),
        (_with(exempt_roles=[str(n) for n in range(21)]), "exempt_roles"),
        (_with(exempt_channels=[str(n) for n in range(51)]), "exempt_channels"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_limits_of_a_rule(market: loopcord.Guild, api, body: dict[str, Any], path: str) -> None:
    """https://discord.com/developers/docs/resources/auto-moderation#auto-moderation-rule-object-trigger-metadata-field-limits"""
    answer = await api("POST", f"/guilds/{market.id}/auto-moderation/rules", body)

    assert (answer.status, answer.code) == (400, 50035)
    node = answer.body["errors"]
    for part in path.split("."):
        node = node[part]
    assert market.model.auto_mod_rules == {}


async def test_rules_need_permissions(market: loopcord.Guild, api) -> None:
    """https://discord.com/developers/docs/resources/auto-moderation#auto-moderation-permission-requirements"""
    path = f"/guilds/{market.id}/auto-moderation/rules"
    timeout = _with(actions=[{"type": 3, "metadata": {"duration_seconds": 60}}])

    market.set_bot_permissions(["manage_guild"])
    with_timeout, without = await api("POST", path, timeout), await api("POST", path, RULE)
    market.set_bot_permissions(["moderate_members"])
    listing = await api("GET", path)

    assert (with_timeout.status, with_timeout.code) == (403, 50013)
    assert without.status == 200
    assert (listing.status, listing.code) == (403, 50013)


def test_a_rule_that_cannot_be_is_not_arranged(market: loopcord.Guild) -> None:
    with pytest.raises(WorldError, match="actions"):
        market.create_automod_rule("No cats", **keywords("cat"), actions=[])


async def test_hikari_makes_a_rule_and_sees_it_at_work(market: loopcord.Guild, boot) -> None:
    general, log, alice = market.channel("general"), market.channel("mod-log"), member(market, "alice")
    bot = await boot(watch=(auto_mod_events.AutoModActionExecutionEvent,))
    builders = hikari.impl.special_endpoints
    rest = bot.app.rest

    rule = await rest.create_auto_mod_rule(
        market.id,
        name="No cats",
        event_type=1,
        trigger=builders.AutoModKeywordTriggerBuilder(keyword_filter=["cat"]),
        actions=[
            builders.AutoModBlockMessageActionBuilder(custom_message=None),
            builders.AutoModSendAlertMessageActionBuilder(channel_id=log.id),
        ],
        enabled=True,
        reason="allergy",
    )
    with pytest.raises(loopcord.ActError, match="200000"):
        await alice.send(general, "cat")

    assert [each.id for each in await rest.fetch_auto_mod_rules(market.id)] == [rule.id]
    blocked, alerted = bot.of(auto_mod_events.AutoModActionExecutionEvent)
    assert (blocked.rule_id, blocked.user_id, blocked.content) == (rule.id, alice.id, "cat")
    assert alerted.alert_system_message_id == log.last.id
    assert market.audit_log[-1]["reason"] == "allergy"
