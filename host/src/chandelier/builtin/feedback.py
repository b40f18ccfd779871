"""`/feedback`: a member writes to the bot's owners, and an owner answers."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, Final

import hikari
import lightbulb

from chandelier.app import Host
from chandelier.errors import InvalidRequest, NotAllowed
from chandelier.languages import Messages
from chandelier.routing.components import ComponentPress, FormSubmit
from chandelier.routing.loader import Loader
from chandelier.services.feedback import ANSWER, BRING, LONGEST
from chandelier.services.outbox import Effect
from chandelier.storage.tables import FeedbackRow

__all__ = ["loader"]

_ = Messages(__package__)
loader = Loader()

TEXT: Final = "text"
TIDY_EVERY: Final = 6 * 3600.0
"""Seconds."""
LOOK_BACK: Final = 50
"""Messages that are looked through for one that an interrupted attempt may have sent."""
_COLOUR: Final = hikari.Colour(0xE8B04B)
# Any, because a type checker sees every parameter behind ``**``.
_SILENT: Any = {"user_mentions": False, "role_mentions": False, "mentions_everyone": False}
_UNREACHABLE = (hikari.ForbiddenError, hikari.NotFoundError, hikari.BadRequestError)


@loader.command
class WriteFeedback(
    lightbulb.SlashCommand, name="feedback", description="Tell the bot's owner what is good or bad"
):
    """For everyone, in servers and in direct messages."""

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, host: Host) -> None:
        """Show the form."""
        await host.feedback.check_pace(int(ctx.user.id))
        into = _into(host, ctx.interaction.locale)
        await ctx.respond_with_modal(
            into(_("Feedback")),
            _core(host).component_id(BRING),
            components=[_field(into(_("What should the bot's owner know?")))],
        )


@loader.form(BRING)
async def written(form: FormSubmit, host: Host) -> None:
    """Keep it, and say how it will be known."""
    reference = await host.feedback.write(
        int(form.user.id),
        form.values.get(TEXT, ""),
        guild_id=None if form.guild_id is None else int(form.guild_id),
        locale=str(form.interaction.locale),
        owners=host.owners,
    )
    said = _(
        "Thank you. The bot's owner gets it, with your name and this server's, as `{reference}`. "
        "An answer reaches you by direct message.",
        reference=reference,
    )
    if form.guild_id is None:
        said = _(
            "Thank you. The bot's owner gets it, with your name, as `{reference}`. "
            "An answer reaches you here.",
            reference=reference,
        )
    await form.respond(
        _into(host, form.interaction.locale)(said), flags=hikari.MessageFlag.EPHEMERAL, **_SILENT
    )


@loader.effect(BRING)
async def bring(effect: Effect, host: Host) -> dict[str, bool]:
    """Bring it to one owner; that their direct messages are closed is noted."""
    number, owner = int(effect.payload["feedback"]), int(effect.payload["owner"])
    row = await host.feedback.get(number)
    if row is None:
        return {"gone": True}
    custom_id = _core(host).component_id(ANSWER, str(number))
    buttons = hikari.impl.MessageActionRowBuilder()
    buttons.add_interactive_button(hikari.ButtonStyle.PRIMARY, custom_id, label=str(_("Answer")))
    try:
        channel = await host.bot.rest.create_dm_channel(owner)
        if not (effect.uncertain and await _sent(host, channel.id, lambda it: _has_button(it, custom_id))):
            embed = await _card(host, row)
            await host.bot.rest.create_message(channel.id, embed=embed, component=buttons, **_SILENT)
    except _UNREACHABLE as error:
        await host.feedback.brought(number, trouble=f"owner {owner} cannot be reached: {error.message}")
        _core(host).log.warning(
            "feedback {} did not reach the owner {}, whose direct messages are closed; read it with "
            "chandelier feedback list",
            row.reference,
            owner,
        )
        return {"closed": True}
    await host.feedback.brought(number)
    return {"closed": False}


@loader.component(ANSWER)
async def write_answer(press: ComponentPress, host: Host) -> None:
    """Show an owner the form for the answer."""
    _require_owner(press, host)
    into = _into(host, press.interaction.locale)
    if await host.feedback.get(int(press.payload)) is None:
        raise InvalidRequest(_("That feedback is gone: its time was over, or who wrote it had it erased."))
    row = _field(into(_("Your answer, sent by direct message")))
    await press.show_form(into(_("Answer")), _core(host).component_id(ANSWER, press.payload), row)


@loader.form(ANSWER)
async def answer_written(form: FormSubmit, host: Host) -> None:
    """Keep the answer, and say that it is on its way."""
    _require_owner(form, host)
    row = await host.feedback.answer(int(form.payload), form.values.get(TEXT, ""), owner=int(form.user.id))
    said = _("Your answer to `{reference}` is on its way.", reference=row.reference)
    await form.respond(_into(host, form.interaction.locale)(said), flags=hikari.MessageFlag.EPHEMERAL)


@loader.effect(ANSWER)
async def bring_answer(effect: Effect, host: Host) -> dict[str, bool]:
    """Bring the answer to who wrote; when it cannot be brought, tell the owner who answered."""
    row = await host.feedback.get(int(effect.payload["feedback"]))
    if row is None or row.answer is None or row.answered_by is None:
        return {"gone": True}
    into = _into(host, row.locale)
    embed = hikari.Embed(title=into(_("The bot's owner answers")), description=row.answer, colour=_COLOUR)
    embed.add_field(into(_("You wrote")), _cut(row.text))
    embed.set_footer(row.reference)
    try:
        channel = await host.bot.rest.create_dm_channel(row.person_id)
        if not (effect.uncertain and await _sent(host, channel.id, lambda it: _is_answer(it, row))):
            await host.bot.rest.create_message(channel.id, embed=embed, **_SILENT)
    except _UNREACHABLE:
        await host.feedback.answered(row.id, delivered=False)
        await _tell_owner(
            host,
            row.answered_by,
            _(
                "Your answer to `{reference}` did not arrive: their direct messages are closed.",
                reference=row.reference,
            ),
        )
        return {"closed": True}
    await host.feedback.answered(row.id, delivered=True)
    return {"closed": False}


@loader.task(lambda _data: TIDY_EVERY)
async def tidy(host: Host) -> None:
    """Forget what has been kept for long enough."""
    await host.feedback.tidy()
    await host.privacy.tidy()


def _core(host: Host) -> Any:
    return host.lifecycle.records["core"].context


def _into(host: Host, locale: str) -> Callable[[str], str]:
    return lambda text: host.languages.into(locale, text)


def _field(label: str) -> hikari.api.ModalActionRowBuilder:
    row = hikari.impl.ModalActionRowBuilder()
    return row.add_text_input(
        TEXT, label[:45], style=hikari.TextInputStyle.PARAGRAPH, min_length=1, max_length=LONGEST
    )


def _require_owner(who: ComponentPress | FormSubmit, host: Host) -> None:
    if who.user.id not in host.owners:
        raise NotAllowed(_("Only the bot's owner answers feedback."))


async def _card(host: Host, row: FeedbackRow) -> hikari.Embed:
    embed = hikari.Embed(title=_("Feedback"), description=row.text, colour=_COLOUR, timestamp=row.sent_at)
    name = str(row.person_id)
    with contextlib.suppress(hikari.HTTPError):  # the id is enough to know who it was
        name = (await host.bot.rest.fetch_user(row.person_id)).username
    embed.add_field(_("From"), f"<@{row.person_id}> ({name}, `{row.person_id}`)")
    if row.guild_id is not None:
        embed.add_field(_("In"), await _guild(host, row.guild_id))
    embed.set_footer(row.reference)
    return embed


async def _guild(host: Host, guild_id: int) -> str:
    guild = host.bot.cache.get_guild(guild_id)
    try:
        name = guild.name if guild is not None else (await host.bot.rest.fetch_guild(guild_id)).name
    except hikari.HTTPError:
        return f"`{guild_id}`"
    return f"{name[:200]} (`{guild_id}`)"


async def _tell_owner(host: Host, owner: int, text: str) -> None:
    try:
        channel = await host.bot.rest.create_dm_channel(owner)
        await host.bot.rest.create_message(channel.id, str(text), **_SILENT)
    except hikari.HTTPError:
        _core(host).log.warning("{}", text)


async def _sent(host: Host, channel_id: int, fits: Callable[[hikari.Message], bool]) -> bool:
    """Whether an attempt whose end nobody saw has sent it."""
    async for message in host.bot.rest.fetch_messages(channel_id).limit(LOOK_BACK):
        if message.author.id == _core(host).bot_id and fits(message):
            return True
    return False


def _has_button(message: hikari.Message, custom_id: str) -> bool:
    rows: Any = message.components
    parts = [part for row in rows for part in getattr(row, "components", ())]
    return any(getattr(part, "custom_id", None) == custom_id for part in parts)


def _is_answer(message: hikari.Message, row: FeedbackRow) -> bool:
    return any(
        embed.footer is not None and embed.footer.text == row.reference and embed.description == row.answer
        for embed in message.embeds
    )


def _cut(text: str) -> str:
    return text if len(text) <= 1024 else f"{text[:1023]}…"
