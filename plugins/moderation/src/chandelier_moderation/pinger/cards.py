"""How a ping is reported, and how `/pinger show` looks."""

from __future__ import annotations

from collections.abc import Iterable

import attrs
import hikari

import chandelier
from chandelier_moderation.cards import quoted
from chandelier_moderation.config import ModerationConfig

__all__ = ["Ping", "link_to", "ping_card", "settings_card"]

_ = chandelier.Messages("chandelier_moderation")

EXCERPT = 500
"""Characters; five reports of this length fit one message.
https://discord.com/developers/docs/resources/message#embed-object-embed-limits"""

_RED = hikari.Color(0xE5484D)
_AMBER = hikari.Color(0xF5A623)
_GREY = hikari.Color(0x8B8D98)


@attrs.frozen(kw_only=True)
class Ping:
    """A ping to report."""

    guild_id: int
    channel_id: int
    message_id: int
    kinds: tuple[str, ...]
    """Of ``everyone`` and ``here``."""
    role_ids: tuple[int, ...]
    silent: bool
    """Whether it was sent with @silent: it is seen, but rings nowhere."""
    author_id: int | None
    """None when the message was gone before it could be read."""
    text: str


def link_to(ping: Ping) -> str:
    """The message's address."""
    return f"https://discord.com/channels/{ping.guild_id}/{ping.channel_id}/{ping.message_id}"


def ping_card(ping: Ping) -> hikari.Embed:
    """What was pinged, where, by whom, and how it reads."""
    embed = hikari.Embed(
        title=_("Ping: {what}", what=_titles(ping)),
        description=quoted(ping.text, EXCERPT) if ping.text.strip() else None,
        colour=_RED if "everyone" in ping.kinds else _AMBER,
        timestamp=hikari.Snowflake(ping.message_id).created_at,
    )
    if ping.role_ids:
        embed.add_field(_("Roles"), _roles(ping.role_ids), inline=True)
    embed.add_field(_("Channel"), f"<#{ping.channel_id}>", inline=True)
    if ping.author_id is None:
        embed.add_field(_("By"), _("unknown: the message is gone"), inline=True)
    else:
        embed.add_field(_("By"), f"<@{ping.author_id}> · `{ping.author_id}`", inline=True)
    if ping.silent:
        embed.add_field(_("Silent"), _("sent with @silent"), inline=True)
    return embed


def settings_card(config: ModerationConfig) -> hikari.Embed:
    """The settings in force."""
    channel = config.pinger_channel
    embed = hikari.Embed(
        title=_("Pinger"),
        description=_("Off. `/pinger set` with a channel switches it on.")
        if channel is None
        else _("Reports go to {channel}.", channel=f"<#{channel}>"),
        colour=_GREY if channel is None else _AMBER,
    )
    for name, wanted in (
        ("@everyone", config.pinger_everyone),
        ("@here", config.pinger_here),
        (_("Roles"), config.pinger_roles),
        (_("By bots and webhooks"), config.pinger_bots),
    ):
        embed.add_field(name, _("reported") if wanted else _("not reported"), inline=True)
    embed.add_field(_("Roles that may ping"), _roles(config.pinger_allowed))
    embed.add_field(_("Roles that anybody may ping"), _roles(config.pinger_excluded_roles))
    channels = " ".join(f"<#{channel_id}>" for channel_id in config.pinger_excluded_channels)
    embed.add_field(_("Channels and categories left out"), channels or _("none"))
    return embed


def _roles(role_ids: Iterable[int]) -> str:
    return " ".join(f"<@&{role_id}>" for role_id in list(role_ids)[:40]) or _("none")


def _titles(ping: Ping) -> str:
    names: list[str] = [f"@{kind}" for kind in ping.kinds]
    if ping.role_ids:
        names.append(_.count("a role", "{n} roles", len(ping.role_ids)))
    return _.join(", ", names)
