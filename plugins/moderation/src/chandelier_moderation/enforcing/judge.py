"""Whom and where a rule is about: scope, conditions and exemptions, asked only about what was hit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import attrs
import hikari

import chandelier
from chandelier_moderation.automod.content import Content
from chandelier_moderation.automod.engine import Hit
from chandelier_moderation.automod.rules import Author, Place
from chandelier_moderation.automod.triggers import Invites
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.enforcing.invites import InviteBook

__all__ = ["Found", "Judge", "Writing"]


@attrs.frozen
class Found:
    """A rule that something hits, and the messages before it that are part of it."""

    hit: Hit
    more: tuple[tuple[int, int], ...] = ()
    """Channel and message."""
    where: str | None = None
    """What exactly was hit where that is not the hit's part: ``username`` or ``join``."""


@attrs.frozen(kw_only=True)
class Writing:
    """Something that somebody wrote: a message, or a name."""

    guild_id: int
    user_id: int
    content: Content
    channel_id: int | None = None
    message_id: int | None = None
    member: hikari.Member | None = None
    """None: not known; it is asked for."""
    bot: bool = False
    webhook: bool = False
    edited: bool = False


class Judge:
    """Keeps of what was hit that which a rule is really about."""

    def __init__(self, ctx: chandelier.PluginContext[ModerationConfig]) -> None:
        self._ctx = ctx
        self._invites = InviteBook(ctx)

    async def kept(self, writing: Writing, found: Sequence[Found]) -> list[Found]:
        """Those hits whose scope, conditions and exemptions hold."""
        place = await self._place(writing)
        found = [one for one in found if one.hit.rule.scope.covers_place(place)]
        found = [
            one for one in found if one.hit.rule.scope.covers_kind(bot=writing.bot, webhook=writing.webhook)
        ]
        if not found:
            return []
        author = await self._author(writing, found)
        kept: list[Found] = []
        for one in found:
            rule = one.hit.rule
            if not rule.scope.covers(place, author):
                continue
            if not rule.conditions.met(author, edited=writing.edited):
                continue
            if isinstance(rule.trigger, Invites):
                foreign = await self._invites.foreign(writing.guild_id, rule.trigger, one.hit.found)
                if len(foreign) < max(1, rule.at_least):
                    continue
                one = attrs.evolve(one, hit=attrs.evolve(one.hit, found=foreign))
            kept.append(one)
        return kept

    async def _place(self, writing: Writing) -> Place:
        if writing.channel_id is None:
            return Place(channel=0)
        known = self.known_place(writing.channel_id)
        if known is not None:
            return known
        try:
            channel = await self._ctx.rest.fetch_channel(writing.channel_id)
        except (hikari.NotFoundError, hikari.ForbiddenError):
            return Place(channel=writing.channel_id)
        return self._place_of(channel)

    def known_place(self, channel_id: int) -> Place | None:
        """Where a channel or thread is, without asking Discord; None when that is not known."""
        cache = self._ctx.cache
        channel = cache.get_guild_channel(channel_id) or cache.get_thread(channel_id)
        return None if channel is None else self._place_of(channel)

    def _place_of(self, channel: hikari.PartialChannel) -> Place:
        parent = getattr(channel, "parent_id", None)
        if isinstance(channel, hikari.GuildThreadChannel):
            above = self._ctx.cache.get_guild_channel(channel.parent_id)
            category = None if above is None else getattr(above, "parent_id", None)
            return Place(
                channel=int(channel.id),
                parent=int(channel.parent_id),
                category=None if category is None else int(category),
            )
        return Place(channel=int(channel.id), category=None if parent is None else int(parent))

    async def _author(self, writing: Writing, found: Iterable[Found]) -> Author:
        now = self._ctx.now()
        age = now - hikari.Snowflake(writing.user_id).created_at
        if writing.webhook:
            return Author(webhook=True)
        member = writing.member
        if member is None:
            try:
                member = await self._ctx.rest.fetch_member(writing.guild_id, writing.user_id)
            except hikari.NotFoundError:
                # Gone: nobody's permissions excuse what is still there.
                return Author(bot=writing.bot, account_age=age)
        exempting = any(one.hit.rule.scope.staff == "exempt" for one in found)
        joined: datetime | None = member.joined_at or None
        return Author(
            roles=[int(role) for role in member.role_ids if role != writing.guild_id],
            bot=writing.bot,
            staff=exempting and await self._exempt(writing, member),
            account_age=age,
            member_for=None if joined is None else now - joined,
        )

    async def _exempt(self, writing: Writing, member: hikari.Member) -> bool:
        config = await self._ctx.config_for(writing.guild_id)
        if writing.channel_id is None:
            guild = self._ctx.cache.get_guild(writing.guild_id) or await self._ctx.rest.fetch_guild(
                writing.guild_id
            )
            roles = guild.get_roles() if isinstance(guild, hikari.GatewayGuild) else guild.roles
            person = chandelier.Person(
                guild_id=writing.guild_id,
                user_id=int(member.id),
                role_ids=member.role_ids,
                permissions=chandelier.permissions_of(member, roles=roles, owner_id=guild.owner_id),
            )
        else:
            person = await chandelier.person_in_channel(self._ctx, member, writing.channel_id)
        # An exempt role stands for the permission; what the server's own rules deny, it does not give.
        listed = not set(config.exempt_roles).isdisjoint(member.role_ids)
        return await self._ctx.access.allows(person, "exempt", hikari.Permissions.NONE if listed else None)
