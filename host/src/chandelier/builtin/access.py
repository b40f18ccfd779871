"""`/access`: a server's own rules for who may do what with the bot, and why somebody may or may not."""

from __future__ import annotations

from typing import Literal

import hikari
import lightbulb

from chandelier.app import Host
from chandelier.builtin.access_words import admin_hint, explain
from chandelier.builtin.pages import pager
from chandelier.config.problems import nearest
from chandelier.errors import InvalidRequest, NotAllowed
from chandelier.languages import Messages
from chandelier.routing.components import ComponentPress
from chandelier.routing.loader import Loader
from chandelier.services.access import Person, Standing, permissions_of, standing_of
from chandelier.services.access_changes import CAPABILITY, Change, Changer, check_change
from chandelier.services.access_rules import Rule, Subject, deciding
from chandelier.services.capabilities import Known

__all__ = ["loader"]

_ = Messages(__package__)
loader = Loader()
group = lightbulb.Group(
    "access",
    "Who may do what with the bot on this server",
    default_member_permissions=hikari.Permissions.MANAGE_GUILD,
    contexts=[hikari.ApplicationContextType.GUILD],
)
PAGE = 10
"""Rules on a page."""
Target = hikari.Role | hikari.User


async def suggest_capabilities(ctx: lightbulb.AutocompleteContext[str]) -> None:
    """Capabilities whose name or description has what was typed."""
    host = await ctx.client.di.default_container.get(Host)  # pyright: ignore[reportOptionalMemberAccess]
    typed = str(ctx.focused.value or "").lower()
    found: list[tuple[str, str]] = []
    for known in host.capabilities.all().values():
        words = host.languages.into(ctx.interaction.locale, known.description)
        label = f"{known.name}: {words}" if words else known.name
        if typed in label.lower():
            found.append((label[:100], known.name))  # 100 characters is what Discord takes
    await ctx.respond(found[:25])


@group.register
class AllowAccess(lightbulb.SlashCommand, name="allow", description="Let a role or a member do something"):
    """Makes an allowing rule."""

    capability = "access"
    examples = ("/access allow capability:moderation.warn who:@Helpers",)
    what = lightbulb.string("capability", "What they may do", autocomplete=suggest_capabilities)
    who = lightbulb.mentionable("who", "A role or a member")

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, host: Host) -> None:
        """Check, change, and say what else it takes."""
        await _change(ctx, host, "allow", self.what, _target(ctx, self.who))


@group.register
class DenyAccess(lightbulb.SlashCommand, name="deny", description="Keep a role or a member from something"):
    """Makes a denying rule, which wins over every allowing one."""

    capability = "access"
    examples = ("/access deny capability:redeye.watch who:@alice",)
    what = lightbulb.string("capability", "What they may not do", autocomplete=suggest_capabilities)
    who = lightbulb.mentionable("who", "A role or a member")

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, host: Host) -> None:
        """Check and change."""
        await _change(ctx, host, "deny", self.what, _target(ctx, self.who))


@group.register
class RemoveAccess(
    lightbulb.SlashCommand, name="remove", description="Take a rule away: Discord's permissions decide again"
):
    """Takes a rule away."""

    capability = "access"
    examples = ("/access remove capability:moderation.warn who:@Helpers",)
    what = lightbulb.string("capability", "Of which rule", autocomplete=suggest_capabilities)
    who = lightbulb.mentionable("who", "A role or a member")

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, host: Host) -> None:
        """Check and change."""
        await _change(ctx, host, "remove", self.what, _target(ctx, self.who))


@group.register
class ListAccess(lightbulb.SlashCommand, name="list", description="The rules of this server"):
    """All rules, or those about one role or member."""

    capability = "access"
    examples = ("/access list", "/access list who:@Helpers")
    who = lightbulb.mentionable("who", "Only the rules about them", default=None)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, host: Host) -> None:
        """Show the first page."""
        assert ctx.guild_id is not None
        about = int(self.who or 0)
        embed, buttons = await _page(host, int(ctx.guild_id), ctx.interaction.locale, 0, about)
        await ctx.respond(embed=embed, components=buttons, flags=hikari.MessageFlag.EPHEMERAL)


@group.register
class WhyAccess(
    lightbulb.SlashCommand, name="why", description="Why somebody may do something, or why they may not"
):
    """Explains a decision step by step."""

    capability = "access"
    examples = ("/access why member:@bob capability:moderation.warn",)
    member = lightbulb.user("member", "Who")
    what = lightbulb.string("capability", "What", autocomplete=suggest_capabilities)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, host: Host) -> None:
        """Show what was looked at, in order, and what decided."""
        assert ctx.guild_id is not None
        known = _known(host, self.what)
        who, locale = self.member, ctx.interaction.locale
        if not isinstance(who, hikari.InteractionMember):
            raise InvalidRequest(_("{name} is not a member of this server.", name=who.username))
        guild = await host.bot.rest.fetch_guild(ctx.guild_id)
        person = Person(
            guild_id=int(ctx.guild_id),
            user_id=int(who.id),
            role_ids=tuple(int(role) for role in who.role_ids),
            permissions=who.permissions,
        )
        rules = deciding(await host.rules.of(person.guild_id), person, known.name)
        lines = explain(
            person, known, rules, bot_owner=person.user_id in host.owners, guild_owner_id=int(guild.owner_id)
        )
        embed = hikari.Embed(
            title=host.languages.into(locale, _("Why {capability}", capability=known.name)),
            description="\n".join([f"<@{person.user_id}>", *(host.languages.into(locale, x) for x in lines)]),
        )
        await ctx.respond(embed=embed, flags=hikari.MessageFlag.EPHEMERAL, user_mentions=False)


loader.command(group)


@loader.component("access-list", capability="access")
async def turn_page(press: ComponentPress, host: Host) -> None:
    """Show another page of the rules in the same message."""
    page, _sep, about = press.payload.partition("-")
    embed, buttons = await _page(
        host, int(press.guild_id or 0), press.interaction.locale, int(page), int(about)
    )
    await press.respond(
        embed=embed,
        components=buttons,
        edit=True,
        mentions_everyone=False,
        user_mentions=False,
        role_mentions=False,
    )


@loader.listener(hikari.RoleDeleteEvent)
async def role_deleted(event: hikari.RoleDeleteEvent, host: Host) -> None:
    """A role is gone, and so are its rules."""
    await host.rules.forget(int(event.guild_id), [Subject("role", int(event.role_id))])


@loader.listener(hikari.MemberDeleteEvent)
async def member_left(event: hikari.MemberDeleteEvent, host: Host) -> None:
    """Who comes back gets nothing back that was theirs; told only if a plugin asks for the members intent."""
    await host.rules.forget(int(event.guild_id), [Subject("member", int(event.user_id))])


# ---- changing


def _target(ctx: lightbulb.Context, chosen: hikari.Snowflake) -> Target:
    """The role, member or user behind an id that was chosen."""
    resolved = ctx.interaction.resolved
    assert resolved is not None
    found = resolved.roles.get(chosen) or resolved.members.get(chosen)
    return found if found is not None else resolved.users[chosen]


async def _change(
    ctx: lightbulb.Context, host: Host, verb: Literal["allow", "deny", "remove"], name: str, who: Target
) -> None:
    assert ctx.guild_id is not None and ctx.member is not None
    guild_id = int(ctx.guild_id)
    await ctx.defer(ephemeral=True)
    guild = await host.bot.rest.fetch_guild(guild_id)
    subject = Subject("role" if isinstance(who, hikari.Role) else "member", int(who.id))
    changer = _changer(host, ctx.member, guild)
    core = host.lifecycle.records["core"].context.access
    await core.require_person(changer.person, CAPABILITY)  # by what holds in the whole server
    async with host.database.transaction() as session:
        rules = await host.rules.read(guild_id, session)  # as they are now, not as another process left them
        before = next((r for r in rules if r.capability == name and r.subject == subject), None)
        known = _known(host, name, rule=before)
        if verb == "remove" and before is None:
            raise InvalidRequest(_("There is no such rule. `/access list` shows those there are."))
        mine = deciding(rules, changer.person, name)
        theirs = deciding(rules, changer.person, CAPABILITY)
        if theirs and not theirs[0].allowed and not changer.supreme:
            raise NotAllowed(_("A rule of this server does not let you change rules any more."))
        check_change(
            Change(capability=name, subject=subject, verb=verb, before=before),
            by=changer,
            holds=_holds(changer.person, known, mine),
            target=_standing(who, guild),
            denied=[rule for rule in mine if not rule.allowed],
        )
        if verb == "remove":
            assert before is not None
            await host.rules.remove(guild_id, [before], session=session)
        else:
            await host.rules.set(
                guild_id, name, subject, allowed=verb == "allow", by=int(ctx.user.id), session=session
            )
    shown = "@everyone" if subject.id == guild_id else subject.mention
    done = {
        "allow": _("{who} may now use `{capability}`.", who=shown, capability=name),
        "deny": _("{who} may no longer use `{capability}`.", who=shown, capability=name),
        "remove": _("The rule about {who} and `{capability}` is gone.", who=shown, capability=name),
    }[verb]
    told = [done]
    if verb == "deny" and not changer.supreme and subject.id in (guild_id, *changer.person.role_ids):
        told.append(
            _(
                "It is about you too: from now on only somebody whom it does not hit, such as the server's "
                "owner, can take it away."
            )
        )
    if verb == "allow":
        told += await admin_hint(host, guild, who, name)
    locale = ctx.interaction.locale
    await ctx.respond(
        "\n".join(host.languages.into(locale, each) for each in told)[:2000],
        flags=hikari.MessageFlag.EPHEMERAL,
        mentions_everyone=False,
        user_mentions=False,
        role_mentions=False,
    )


def _changer(host: Host, member: hikari.InteractionMember, guild: hikari.RESTGuild) -> Changer:
    roles, owner_id = guild.roles, guild.owner_id
    person = Person(
        guild_id=int(guild.id),
        user_id=int(member.id),
        role_ids=tuple(int(role) for role in member.role_ids),
        permissions=permissions_of(member, roles=roles, owner_id=owner_id),
    )
    return Changer(
        person=person,
        standing=standing_of(member, roles=roles, owner_id=owner_id),
        supreme=member.id == owner_id or int(member.id) in host.owners,
    )


def _standing(who: Target, guild: hikari.RESTGuild) -> Standing:
    if isinstance(who, hikari.Role):
        role = guild.roles.get(who.id, who)
        return Standing(int(role.id), top_role_position=role.position, top_role_id=int(role.id))
    member = who if isinstance(who, hikari.Member) else who.id
    return standing_of(member, roles=guild.roles, owner_id=guild.owner_id)


def _holds(person: Person, known: Known, rules: list[Rule]) -> bool:
    """Whether somebody has a capability in the whole guild."""
    if rules:
        return rules[0].allowed
    if hikari.Permissions.ADMINISTRATOR in person.permissions:
        return True
    return not known.default & ~person.permissions


def _known(host: Host, name: str, *, rule: Rule | None = None) -> Known:
    everything = host.capabilities.all()
    if name in everything:
        return everything[name]
    if rule is not None:  # of a plugin that is not there any more: only who may do everything has it
        return Known(name, "", hikari.Permissions.all_permissions(), declared=False)
    meant = nearest(name, everything)
    if meant is not None:
        raise InvalidRequest(
            _("There is no capability `{name}`. Did you mean `{meant}`?", name=name[:80], meant=meant)
        )
    raise InvalidRequest(
        _("There is no capability `{name}`. There are: {known}", name=name[:80], known=", ".join(everything))
    )


# ---- showing


async def _page(
    host: Host, guild_id: int, locale: str, page: int, about: int
) -> tuple[hikari.Embed, list[hikari.api.MessageActionRowBuilder]]:
    into = host.languages.into
    rules = [rule for rule in await host.rules.of(guild_id) if about in (0, rule.subject.id)]
    pages = max(1, -(-len(rules) // PAGE))
    page = min(page, pages - 1)
    shown = rules[page * PAGE : (page + 1) * PAGE]
    gone = await _gone(host, guild_id, shown)
    lines = [into(locale, _line(rule, host, gone)) for rule in shown]
    nothing = _("There are no rules: Discord's permissions decide everything.")
    if about:
        nothing = _("No rule is about them alone. `/access list` without `who` shows all rules.")
    embed = hikari.Embed(
        title=into(locale, _("Rules of this server")),
        description="\n".join(lines) or into(locale, nothing),
    )
    if pages > 1:
        embed.set_footer(into(locale, _("Page {page} of {pages}", page=page + 1, pages=pages)))
    core = host.lifecycle.records["core"].context
    buttons = pager(
        lambda payload: core.component_id("access-list", payload),
        lambda text: into(locale, text),
        back=f"{page - 1}-{about}" if page else None,
        on=f"{page + 1}-{about}" if page + 1 < pages else None,
    )
    return embed, buttons


async def _gone(host: Host, guild_id: int, rules: list[Rule]) -> set[Subject]:
    """Which of the roles and members that the rules are about are not there any more."""
    subjects = {rule.subject for rule in rules}
    if not subjects:
        return set()
    roles = {int(role.id) for role in await host.bot.rest.fetch_roles(guild_id)}
    gone = {subject for subject in subjects if subject.kind == "role" and subject.id not in roles}
    for subject in subjects:
        if subject.kind == "member":
            try:
                await host.bot.rest.fetch_member(guild_id, subject.id)
            except hikari.NotFoundError:
                gone.add(subject)
    return gone


def _line(rule: Rule, host: Host, gone: set[Subject]) -> str:
    sign = "✅" if rule.allowed else "⛔"
    unknown = rule.capability not in host.capabilities.all()
    capability = f"{rule.capability} ❔" if unknown else rule.capability
    when = int(rule.changed_at.timestamp())
    facts = {"sign": sign, "who": rule.who, "capability": capability, "when": when}
    if rule.subject in gone:
        if rule.subject.kind == "role":
            return _("{sign} `{capability}` a role that was deleted", **facts)
        return _("{sign} `{capability}` {who} (left the server)", **facts)
    if rule.changed_by is None:
        return _("{sign} `{capability}` {who}, <t:{when}:d>", **facts)
    return _("{sign} `{capability}` {who}, by <@{by}> <t:{when}:d>", by=rule.changed_by, **facts)
