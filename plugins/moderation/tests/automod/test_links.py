"""Links and invitations, in every shape that has slipped past a filter."""

from __future__ import annotations

import pytest

from chandelier_moderation.automod.actions import Delete
from chandelier_moderation.automod.content import content_of
from chandelier_moderation.automod.domains import domain_of_line, domains_of, is_public_suffix, registrable
from chandelier_moderation.automod.engine import Engine
from chandelier_moderation.automod.rules import Rule
from chandelier_moderation.automod.triggers import Invites, Links, ScamLinks


def found(trigger, text, lists=None):
    engine = Engine([Rule(name="x", trigger=trigger, actions=(Delete(),))], lists)
    return [what for hit in engine.match(content_of({"content": text})) for what in hit.found]


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.com",
        "HTTPS://EVIL.COM/x",
        "http://www.evil.com:8080/x?y#z",
        "<https://evil.com>",
        "https://sub.deep.evil.com./",
        "https://user:password@evil.com",
        "https://discord.com@evil.com/login",
        "https:\\\\evil.com\\x",
        "https:/evil.com",
        "https://evil%2Ecom",
        "https://%65vil.com",
        "https://ev%2569l.com",
        "https://evil\u3002com",
        "https://evil\uff0ecom",
        "[a page](https://evil.com/x)",
        "[https://fine.example](https://evil.com)",
        "[x](<https://evil.com>)",
        "||https://evil.com||",
        "**https://evil.com**",
        "look (https://evil.com).",
        "https://ev\u200bil.com",
        "https://еvil.com",  # Cyrillic
        "evil.com is a site",
        "hxxp://evil.com",
        "🎁https://evil.com🎁",
        "https://ｅvil.com",
    ],
)
def test_a_denied_domain_is_found_in_every_shape(text):
    """GearBot #190, discord-api-docs #6625: percent-encoding; GIRRewrite PR #44: Markdown links."""
    assert found(ScamLinks(domains=("evil.com",)), text) == ["evil.com"]


def test_domains_are_matched_by_label_and_never_by_part():
    deny = Links(deny=("evil.com", "*.pages.dev"))

    assert found(deny, "https://evil.com.") == ["evil.com"]
    assert found(deny, "https://a.b.evil.com") == ["evil.com"]
    assert found(deny, "https://x.pages.dev") == ["*.pages.dev"]
    assert not found(deny, "https://notevil.com https://evil.com.example.org https://evil.community")
    assert not found(deny, "https://pages.dev https://example.org/evil.com")
    assert found(deny, "go to evil.com now") == ["evil.com"]


def test_an_allow_list_allows_nothing_that_only_looks_like_it():
    only = Links(allow=("discord.com", "example.org"))

    assert not found(only, "https://discord.com/channels/1 http://www.example.org, and node.js or readme.md")
    assert found(only, "https://discord.com.evil.net") == ["discord.com.evil.net"]
    assert found(only, "https://dіscord.com") == ["xn--dscord-pvf.com"]
    assert found(only, "https://example.org@evil.net") == ["evil.net"]
    assert found(only, "[https://discord.com](https://evil.net)") == ["evil.net"]
    assert found(only, "https://discord.com https://a.example https://a.example") == ["a.example"]


def test_a_list_of_scam_domains_is_used_by_its_address():
    scam = ScamLinks(lists=("https://lists.example/a", "missing"), allow=("good.evil.com",))
    lists = {"https://lists.example/a": domains_of("# c\nevil.com\n||not a domain\n0.0.0.0 worse.com\n")}

    assert found(scam, "https://x.evil.com and https://worse.com", lists) == ["evil.com", "worse.com"]
    assert not found(scam, "https://good.evil.com", lists)
    assert not found(scam, "https://x.evil.com")


@pytest.mark.parametrize(
    "text",
    [
        "discord.gg/AbC-1",
        "https://discord.gg/AbC-1",
        "HTTPS://DISCORD.GG/AbC-1",
        "https://www.discord.gg/AbC-1?event=1",
        "discord.com/invite/AbC-1",
        "https://discordapp.com/invite/AbC-1",
        "discordapp.com/invite\\AbC-1",
        "discord.com\\invite\\AbC-1",
        "https://canary.discord.com/invite/AbC-1",
        "discord.gg//AbC-1",
        "discord.gg/invite/AbC-1",
        "discord.gg/#/AbC-1",
        "discord . gg / AbC-1",
        "discord dot gg/AbC-1",
        "discord(dot)gg/AbC-1",
        "discord,gg/AbC-1",
        "https://discord%2Egg/AbC-1",
        "https://discord.gg%2FAbC-1",
        "https://discord.com/invite%5CAbC-1",
        "discord.gg/%41bC-1",
        "[join](https://discord.gg/AbC-1)",
        "dis**cord**.gg/AbC-1",
        "||discord.gg/AbC-1||",
        "`discord.gg/AbC-1`",
        "d\u200biscord.gg/AbC-1",
        "dіscord.gg/AbC-1",
        "ｄｉｓｃｏｒｄ．ｇｇ／AbC-1",
        "discord.com/template/AbC-1",
        "discord.new/AbC-1",
        ".gg/AbC-1 come",
        "<https://discord.gg/AbC-1>",
    ],
)
def test_an_invitation_is_found_in_every_shape_and_keeps_its_case(text):
    """python-discord #2547, x26-Cogs #103."""
    assert found(Invites(), text) == ["AbC-1"]
    assert not found(Invites(allow_codes=("AbC-1",)), text)


@pytest.mark.parametrize(
    "text",
    [
        "discord.com/channels/1/2/3",
        "https://discord.com/developers/docs",
        "https://discord.py/x",
        "gg/wp everyone",
        "discord is good. gg!",
        "https://bigg.gg.example/x",
        "my invite is discord",
    ],
)
def test_what_is_no_invitation_is_none(text):
    assert not found(Invites(), text)


def test_every_invitation_of_a_message_is_told():
    """Test every candidate: one that is allowed hides no other."""
    text = "discord.gg/mine and [this](https://discord.gg/theirs) https://discord.com/invite/third"

    assert found(Invites(allow_codes=("mine",)), text) == ["theirs", "third"]


@pytest.mark.parametrize(
    ("line", "domain"),
    [
        ("Example.ORG", "example.org"),
        ("https://www.example.org/path?x", "example.org"),
        ("user@example.org", "example.org"),
        ("*.example.org", "*.example.org"),
        ("0.0.0.0 example.org  # why", "example.org"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("example.org.", "example.org"),
        ("# example.org", None),
        ("! example.org", None),
        ("not a domain", None),
        ("exa mple.org", None),
        ("-bad-.org", None),
        ("", None),
        ("x" * 300, None),
    ],
)
def test_a_line_names_a_domain_or_none(line, domain):
    assert domain_of_line(line) == domain


def test_a_list_may_be_json_too():
    assert domains_of('{"domains": ["evil.com", "worse.com"]}') == {"evil.com", "worse.com"}


def test_public_suffixes_are_known():
    assert is_public_suffix("com")
    assert is_public_suffix("co.uk")
    assert not is_public_suffix("github.io")  # it is someone's, who lets others have names below it
    assert registrable("a.b.example.co.uk") == "example.co.uk"
    assert registrable("x.github.io") == "x.github.io"
    assert registrable("readme.nosuchending") is None
