"""Rules in Discord's own AutoMod: what goes there, what cannot and why, what follows a blocked message."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chandelier_moderation.automod.actions import Alert, Delete, Warn
from chandelier_moderation.automod.rules import Conditions, Ids, Rule, Scope
from chandelier_moderation.automod.triggers import Expressions, Invites, Links, Mentions, Words
from chandelier_moderation.native.translation import KEYWORD, MENTION_SPAM, MOST, translate
from loopcord import ActError

BLOCK = (Delete(),)


def translated(*rules, **more):
    return translate(rules, exempt_roles=(), log_channel=None, **more)


def why(rule, **more):
    made = translated(rule, **more)
    assert made.rules == ()
    return made.left[0].why


def names_of(market):
    return {rule.name for rule in market.guild.model.auto_mod_rules.values()}


def test_what_discord_can_hold_of_each_trigger():
    found = translated(
        Rule(name="words", trigger=Words(words=("free nitro", "x" * 61, "*loose")), actions=BLOCK),
        Rule(name="starts", trigger=Words(words=("scam",), match="prefix", allow=("scampi",)), actions=BLOCK),
        Rule(name="inside", trigger=Words(words=("scam",), match="anywhere"), actions=(Delete(), Warn())),
        Rule(name="regex", trigger=Expressions(expressions=("a+b", r"\Qa+b\E")), actions=BLOCK),
        Rule(name="links", trigger=Links(deny=("scam.example", "*.evil.example")), actions=BLOCK),
        Rule(name="mentions", trigger=Mentions(most=4), actions=(Delete(), Alert(channel=5))),
    )

    made = {rule.name: rule for rule in found.rules}
    assert made["words"].keywords == ("free nitro",)
    assert (made["starts"].keywords, made["starts"].allow) == (("scam*",), ("*scampi*",))
    assert made["inside"].keywords == ("*scam*",)
    assert made["regex"].patterns == ("(?i)a+b",)
    assert made["links"].patterns == (r"(?i)//([a-z0-9-]+\.)*(scam\.example)([/?#:\s]|$)",)
    assert (made["mentions"].trigger, made["mentions"].mentions, made["mentions"].alert) == (
        MENTION_SPAM,
        4,
        5,
    )
    assert {left.rule: left.why for left in found.left} == {
        "words": "2 of its 3 entries do not fit into Discord's AutoMod",
        "regex": "1 of its 2 entries do not fit into Discord's AutoMod",
        "links": "1 of its 2 entries do not fit into Discord's AutoMod",
    }


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (Rule(name="r", trigger=Invites(), actions=BLOCK), "knows no such trigger"),
        (Rule(name="r", trigger=Words(words=("a",)), actions=(Warn(),)), "it deletes nothing"),
        (Rule(name="r", trigger=Words(words=("a",)), actions=BLOCK, parts=("embed",)), "does not look at"),
        (Rule(name="r", trigger=Words(words=("a",)), actions=BLOCK, at_least=2), "cannot count"),
        (
            Rule(
                name="r",
                trigger=Words(words=("a",)),
                actions=BLOCK,
                conditions=Conditions(account_younger=timedelta(days=1)),
            ),
            "knows no conditions",
        ),
        (
            Rule(name="r", trigger=Words(words=("a",)), actions=BLOCK, scope=Scope(channels=Ids(only=(1,)))),
            "not hold in some only",
        ),
        (
            Rule(
                name="r",
                trigger=Words(words=("a",)),
                actions=BLOCK,
                scope=Scope(roles=Ids(exempt=tuple(range(21)))),
            ),
            "at most 20 roles",
        ),
        (Rule(name="r", trigger=Links(), actions=BLOCK), "which links are allowed"),
        (Rule(name="r", trigger=Mentions(most=51), actions=BLOCK), "at most 50 mentions"),
    ],
)
def test_what_discord_cannot_hold_says_why(rule, reason):
    assert reason in why(rule)


def test_what_is_switched_off_or_tried_out_is_passed_over_and_quotas_go_to_the_gravest():
    off = Rule(name="off", trigger=Words(words=("a",)), actions=BLOCK, enabled=False)
    dry = Rule(name="dry", trigger=Words(words=("a",)), actions=BLOCK, dry_run=True)
    many = Rule(name="many", trigger=Words(words=tuple(f"w{n}" for n in range(6_500))), actions=BLOCK)
    grave = Rule(name="grave", trigger=Words(words=("b",)), actions=BLOCK, severity="critical")
    low = Rule(name="low", trigger=Words(words=("c",)), actions=BLOCK, severity="low")

    found = translated(off, dry, low, many, grave)

    assert [rule.name for rule in found.rules] == [
        "grave",
        "many",
        "many (2)",
        "many (3)",
        "many (4)",
        "many (5)",
    ]
    assert len(found.rules[1].keywords) == 1_000
    assert {left.rule: left.why for left in found.left} == {
        "many": "the rest of it found no room: Discord takes 6 rules of this kind",
        "low": "there is no room: Discord takes 6 rules of this kind",
    }
    assert translated(grave, free={**MOST, KEYWORD: 0}).rules == ()


async def test_a_rule_is_made_once_however_many_ask_for_it_at_once(discord, start_host, market):
    await start_host("moderation", config=market.config())
    owner = market.guild.owner
    add = {"trigger": "words", "what": "scam", "actions": "delete"}
    await owner.slash(market.general, "automod rule add", name="nitro", **add)

    asked = [owner.start_slash(market.general, "automod sync", state="on") for _ in range(3)]
    await discord.settle()
    await discord.until(lambda: all(reply.text for reply in asked))

    assert [rule.name for rule in market.guild.model.auto_mod_rules.values()] == ["nitro"]


async def test_a_synced_rule_blocks_and_what_else_it_does_follows(discord, start_host, market):
    host = await start_host("moderation", config=market.config())
    owner = market.guild.owner
    market.guild.create_automod_rule(
        "own", trigger_type=1, trigger_metadata={"keyword_filter": ["pest"]}, actions=[{"type": 1}]
    )
    add = {"trigger": "words", "what": "free nitro, scam"}
    await owner.slash(market.general, "automod rule add", name="nitro", actions="delete, warn", **add)
    await owner.slash(
        market.general, "automod rule add", name="caps", trigger="capitals", what="70", actions="delete"
    )

    shown = await owner.slash(market.general, "automod sync")
    assert "Could be in Discord's AutoMod" in shown.text
    assert len(market.guild.model.auto_mod_rules) == 1
    account = await owner.slash(market.general, "automod sync", state="on")

    assert "Rules made there: 1" in account.text
    assert "• nitro" in account.text
    assert "caps: Discord's AutoMod knows no such trigger" in account.text
    [rule] = [rule for rule in market.guild.model.auto_mod_rules.values() if rule.name == "nitro"]
    assert market.mods.id in rule.exempt_roles  # who may manage messages
    with pytest.raises(ActError, match="blocks it") as blocked:
        await market.alice.send(market.general, "get free nitro here")
    assert blocked.value.code == 200_000
    assert await discord.until(lambda: market.alice.dms and market.log.messages)
    assert "warned" in market.alice.dms[-1].text
    assert "nitro" in market.log.last.text
    # What Discord does not find, the bot does.
    message = await market.alice.send(market.general, "get (free nitro)!")
    assert message.deleted
    # The server's own rules stay theirs.
    before = len(market.log.messages)
    with pytest.raises(ActError):
        await market.alice.send(market.general, "pest")
    assert len(market.log.messages) == before

    # Rules change: Discord's follow, also after a restart.
    await start_host.restart(host)
    await owner.slash(market.general, "automod rule delete", name="nitro")
    await owner.slash(market.general, "automod rule add", name="other", actions="delete", **add)
    assert await discord.until(lambda: names_of(market) == {"own", "other"})
    with pytest.raises(ActError, match="other"):
        await market.alice.send(market.general, "scam")
    assert await discord.until(lambda: "Message removed" in market.log.last.text)
    assert market.alice.mention in market.log.last.text
    # Switched off, only the server's own are left.
    off = await owner.slash(market.general, "automod sync", state="off")
    assert "is off" in off.text
    assert names_of(market) == {"own"}


async def test_without_the_permission_or_room_it_says_so(discord, start_host, market):
    await start_host("moderation", config=market.config(words=["scam"]))
    owner = market.guild.owner
    for number in range(6):
        market.guild.create_automod_rule(
            f"own-{number}", trigger_type=1, trigger_metadata={"keyword_filter": ["x"]}, actions=[{"type": 1}]
        )

    full = await owner.slash(market.general, "automod sync", state="on")
    market.guild.set_bot_permissions(["view_channel", "send_messages", "embed_links"])
    denied = await owner.slash(market.general, "automod sync")

    assert "words: there is no room" in full.text
    assert "I need Manage Server" in denied.text
