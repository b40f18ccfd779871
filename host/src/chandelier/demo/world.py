"""The demo's server: its channels, roles and people, and what was said before the curtain rose."""

from __future__ import annotations

import attrs

from loopcord import Channel, Guild, LocalDiscord, Member, Role

__all__ = ["Market", "build"]

_MOD = [
    "kick_members",
    "ban_members",
    "moderate_members",
    "manage_messages",
    "manage_channels",
    "manage_nicknames",
    "manage_roles",
    "manage_guild",
    "view_audit_log",
]


@attrs.frozen(kw_only=True)
class Market:
    """The demo's guild and those in it."""

    guild: Guild
    mods: Role
    welcome: Channel
    general: Channel
    deals: Channel
    monitor: Channel
    forwarded: Channel
    mod_log: Channel
    mod: Member
    alice: Member
    bob: Member
    carol: Member
    monitor_bot: Member

    @property
    def people(self) -> list[Member]:
        """Those whom a visitor of the page may act as, the moderator first, the owner last."""
        return [self.mod, self.alice, self.bob, self.carol, self.guild.owner]


def build(discord: LocalDiscord) -> Market:
    """Arrange the server before the bot connects."""
    guild = discord.create_guild("Market of Lights", owner="olivia")
    start = guild.create_category("Start here")
    shopping = guild.create_category("Shopping")
    staff = guild.create_category("Staff")
    regulars = guild.create_role("Regulars", color=0x3BA55D, hoist=True)
    bots = guild.create_role("Bots", color=0x5865F2, hoist=True, above=regulars)
    mods = guild.create_role("Mods", _MOD, color=0xE67E22, hoist=True, mentionable=True, above=bots)
    guild.move_role(guild.bot_role, above=mods)

    market = Market(
        guild=guild,
        mods=mods,
        welcome=guild.create_text_channel("welcome", category=start, topic="What to try first"),
        general=guild.create_text_channel("general", category=start, topic="Talk about anything"),
        deals=guild.create_text_channel("deals", category=shopping, topic="React with ➡️ to pass a deal on"),
        monitor=guild.create_text_channel("monitor", category=shopping, topic="Finds, as they appear"),
        forwarded=guild.create_text_channel("forwarded", category=shopping, topic="The best of #deals"),
        mod_log=guild.create_text_channel("mod-log", category=staff, topic="What moderators did and why"),
        mod=guild.add_member("mod", roles=[mods], nick="Mod"),
        alice=guild.add_member("alice", roles=[regulars]),
        bob=guild.add_member("bob", roles=[regulars]),
        carol=guild.add_member("carol"),
        monitor_bot=guild.add_member("lvr-monitor", roles=[bots], bot=True),
    )
    market.mod_log.set_overwrite(guild.everyone, deny=["view_channel"])
    for seer in (mods, guild.bot_role):
        market.mod_log.set_overwrite(seer, allow=["view_channel", "send_messages", "embed_links"])
    _talk(market)
    return market


def _talk(market: Market) -> None:
    """Conversations that are already there when one arrives."""
    market.welcome.post(market.mod, "Welcome to the Market of Lights! Be kind, and mind the candles. 🕯️")
    market.general.post(market.alice, "Good morning! Has anybody seen the new brass lamp?")
    market.general.post(market.bob, "In the shop, yes. I am waiting for the price to come down.")
    market.general.post(market.carol, "Same here. Somebody should keep an eye on it…")
    market.deals.post(market.alice, "Beeswax candles, twelve for 18 €, and they smell of honey 🐝")
    market.deals.post(market.bob, "The spare crystals are back: 6.50 € each")
