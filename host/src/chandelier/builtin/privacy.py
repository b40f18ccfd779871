"""`/privacy`: what is stored about me, all of it as a file, and erasing it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import hikari
import lightbulb

from chandelier.app import Host
from chandelier.builtin.embeds import add_fields, fields_of, spread
from chandelier.errors import InvalidRequest
from chandelier.languages import Messages
from chandelier.routing.components import ComponentPress
from chandelier.routing.loader import Loader
from chandelier.services.privacy import Account, Holding, Part

__all__ = ["loader"]

_ = Messages(__package__)
loader = Loader()
group = lightbulb.Group("privacy", "What this bot stores about you")

ERASE: Final = "privacy-erase"
GOOD_FOR: Final = 600
"""Seconds in which an erasure can be confirmed."""
_COLOUR: Final = hikari.Colour(0xE8B04B)
_EPHEMERAL: Final = hikari.MessageFlag.EPHEMERAL


@group.register
class Info(
    lightbulb.SlashCommand, name="info", description="What is stored about you, why, and for how long"
):
    """For everyone, about themselves."""

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, host: Host) -> None:
        """One field per plugin, in the member's words, with how many records there are now."""
        host.privacy.looks.take(int(ctx.user.id))
        await ctx.defer(ephemeral=True)
        into = _into(host, ctx.interaction.locale)
        holdings = await host.privacy.holdings(int(ctx.user.id))
        fields = [field for one in holdings for field in fields_of(one.plugin, _told(one, into))]
        if waiting := await _waiting(host, int(ctx.user.id), into):
            fields.append((into(_("Still to be erased")), waiting))
        embeds: list[hikari.Embed] = []
        for some in spread(fields):
            embeds.append(hikari.Embed(colour=_COLOUR))
            add_fields(embeds[-1], some)
        embeds[0].title = into(_("What is stored about you"))
        said = _("/privacy export gives you all of it as a file, /privacy erase erases it.")
        embeds[-1].set_footer(into(said))
        for embed in embeds:  # of one message, Discord takes 6,000 characters
            await ctx.respond(embed=embed, flags=_EPHEMERAL)


@group.register
class Export(lightbulb.SlashCommand, name="export", description="Everything stored about you, as a file"):
    """For everyone, about themselves."""

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, host: Host) -> None:
        """Attach it to an answer that only this person sees; more than one message if it is much."""
        host.privacy.heavy.take(int(ctx.user.id))
        await ctx.defer(ephemeral=True)
        into = _into(host, ctx.interaction.locale)
        collected = await host.privacy.export(int(ctx.user.id))
        files = [hikari.Bytes(content, name) for name, content in await collected.pack()]
        said = [into(_("This is everything that is stored about you."))]
        if collected.missing:
            names = ", ".join(sorted(collected.missing))
            said = [
                into(
                    _("This is what is stored about you, without: {plugins}. Ask again later.", plugins=names)
                )
            ]
        if len(files) > 1:
            said.append(
                into(_("It is too much for one file; parts of one thing go together in their order."))
            )
        await ctx.respond("\n".join(said), attachment=files[0], flags=_EPHEMERAL)
        for file in files[1:]:
            await ctx.respond(attachment=file, flags=_EPHEMERAL)


@group.register
class Erase(lightbulb.SlashCommand, name="erase", description="Erase what is stored about you"):
    """For everyone, about themselves."""

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, host: Host) -> None:
        """Say what goes and what has to stay, and ask."""
        host.privacy.looks.take(int(ctx.user.id))
        await ctx.defer(ephemeral=True)
        into = _into(host, ctx.interaction.locale)
        embed = hikari.Embed(
            title=into(_("Erase what is stored about you?")),
            description=into(
                _("Only what the plugins name as staying is kept. What is erased cannot be brought back.")
            ),
            colour=_COLOUR,
        )
        holdings = await host.privacy.holdings(int(ctx.user.id))
        add_fields(embed, [(one.plugin, _preview(one, into)) for one in holdings])
        core = host.lifecycle.records["core"].context
        payload = f"{ctx.user.id}-{int(host.clock.now().timestamp())}"
        row = hikari.impl.MessageActionRowBuilder()
        row.add_interactive_button(
            hikari.ButtonStyle.DANGER, core.component_id(ERASE, payload), label=into(_("Erase it"))
        )
        await ctx.respond(embed=embed, component=row, flags=_EPHEMERAL)


loader.command(group)


@loader.component(ERASE)
async def erase(press: ComponentPress, host: Host) -> None:
    """Erase it, and account for it plugin by plugin."""
    person, _dash, asked = press.payload.partition("-")
    if person != str(press.user.id):
        raise InvalidRequest(_("This button is somebody else's. Use /privacy erase for your own data."))
    if host.clock.now().timestamp() - int(asked) > GOOD_FOR:
        raise InvalidRequest(_("This question is too old. Use /privacy erase again."))
    host.privacy.heavy.take(int(press.user.id))
    await press.defer(ephemeral=True)
    account = await host.privacy.erase(int(press.user.id), "person")
    into = _into(host, press.interaction.locale)
    await press.respond(embed=_accounted(account, into), flags=_EPHEMERAL)


def _into(host: Host, locale: str) -> Callable[[str], str]:
    return lambda text: host.languages.into(locale, text)


def _told(one: Holding, into: Callable[[str], str]) -> list[str]:
    blocks = [_how_many(one, into)]
    for kind in one.kinds:
        why, kept = into(_("Why: {why}", why=kind.why)), into(_("Kept: {how_long}", how_long=kind.kept))
        blocks.append(f"• **{into(kind.what)}**\n{why}\n{kept}")
    return blocks


def _preview(one: Holding, into: Callable[[str], str]) -> str:
    stays = [into(_("Stays: {what}", what=kind.on_erasure)) for kind in one.kinds if kind.on_erasure]
    return "\n".join([_how_many(one, into), *(stays if one.count != 0 else [])])


def _how_many(one: Holding, into: Callable[[str], str]) -> str:
    if one.count is None:
        return into(_("It does not answer now, so how much there is about you is not known."))
    if one.count == 0:
        return into(_("Nothing about you now."))
    return into(_.count("One record about you now.", "{n} records about you now.", one.count))


def _accounted(account: Account, into: Callable[[str], str]) -> hikari.Embed:
    embed = hikari.Embed(title=into(_("What was erased")), colour=_COLOUR)
    if account.done:
        embed.description = into(_("All is done."))
    else:
        embed.description = into(
            _(
                "Some of it could not be done yet. It will be, as soon as it can; you need not do anything. "
                "`/privacy info` shows what is left."
            )
        )
    shown = [part for part in account.parts if part.erased or part.kept or part.problem is not None]
    add_fields(embed, [(part.plugin, _of_part(part, into)) for part in shown])
    if not shown:
        embed.description = into(_("There was nothing to erase."))
    embed.set_footer(account.reference)
    return embed


def _of_part(part: Part, into: Callable[[str], str]) -> str:
    lines: list[str] = []
    if part.problem is not None:
        waits = _("Waits until the plugin runs again.")
        lines.append(into(waits if part.waits else _("Failed; it is tried again until it is done.")))
    elif part.erased or not part.kept:
        lines.append(into(_.count("Erased: one record.", "Erased: {n} records.", part.erased)))
    for kept in part.kept:
        said = _("Kept: {what}, because {why}.", what=kept.what, why=kept.why)
        if kept.count:
            said = _("Kept: {what} ({n}), because {why}.", n=kept.count, what=kept.what, why=kept.why)
        lines.append(into(said))
    return "\n".join(lines)


async def _waiting(host: Host, user_id: int, into: Callable[[str], str]) -> str:
    lines: Sequence[Any] = [
        into(
            _(
                "Asked for on {when}, `{reference}`: {plugins}",
                when=f"<t:{int(one.asked_at.timestamp())}:d>",
                reference=one.reference,
                plugins=", ".join(one.plugins),
            )
        )
        for one in await host.privacy.open(user_id)
    ]
    return "\n".join(lines)[:1024]
