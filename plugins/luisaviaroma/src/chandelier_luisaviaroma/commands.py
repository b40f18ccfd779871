"""`/luisaviaroma`: the stored products, and taking one out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import hikari
import lightbulb
from hikari.impl import MessageActionRowBuilder

import chandelier
from chandelier_luisaviaroma.picking import DEFAULT, LINK
from chandelier_luisaviaroma.plugin import Luisaviaroma
from chandelier_luisaviaroma.tables import StoredProduct

__all__ = ["loader"]

_PER_PAGE: Final = 8
_COLOR: Final = hikari.Color(0xC8A24B)
_NO_MENTIONS: Final[Mapping[str, Any]] = {
    "mentions_everyone": False,
    "user_mentions": False,
    "role_mentions": False,
}
Rows = Sequence[hikari.api.MessageActionRowBuilder]

loader = chandelier.Loader()
_ = chandelier.Messages(__package__)
group = lightbulb.Group(
    "luisaviaroma",
    "The LUISAVIAROMA products that moderators picked with 🔗",
    contexts=[hikari.ApplicationContextType.GUILD],
    default_member_permissions=DEFAULT,
)
loader.command(group)


@group.register
class List(lightbulb.SlashCommand, name="list", description="The stored products, the newest first"):
    """`/luisaviaroma list`."""

    capability = "store"

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: Luisaviaroma) -> None:
        assert ctx.guild_id is not None
        embed, rows = await _page(plugin, ctx.guild_id, 0)
        await ctx.respond(embed=embed, components=rows, ephemeral=True, **_NO_MENTIONS)


async def suggest(ctx: lightbulb.AutocompleteContext[str], plugin: Luisaviaroma) -> None:
    """Offer the stored products by code or words of their title."""
    guild_id = ctx.interaction.guild_id
    typed = str(ctx.focused.value or "").strip()
    found = [] if guild_id is None else await plugin.products.like(guild_id, typed, 25)
    await ctx.respond([(f"{one.product_id} {one.title}"[:100], one.product_id) for one in found])


@group.register
class Remove(lightbulb.SlashCommand, name="remove", description="Take a product out of the list"):
    """`/luisaviaroma remove`."""

    capability = "store"
    examples = ("/luisaviaroma remove product:81I-DL1057",)
    product = lightbulb.string(
        "product", "The product's code, such as 81I-DL1057", max_length=100, autocomplete=cast("Any", suggest)
    )

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: Luisaviaroma) -> None:
        assert ctx.guild_id is not None
        title = await plugin.products.remove(ctx.guild_id, self.product)
        text = _("{product} is no longer stored.", product=_plain(title))
        await ctx.respond(text, ephemeral=True, **_NO_MENTIONS)


@loader.component("page", capability="store")
async def turn_page(press: chandelier.ComponentPress, plugin: Luisaviaroma) -> None:
    """Show another page of the list."""
    assert press.guild_id is not None
    embed, rows = await _page(plugin, press.guild_id, int(press.payload))
    await press.respond(embed=embed, components=rows, edit=True, **_NO_MENTIONS)


async def _page(plugin: Luisaviaroma, guild_id: int, index: int) -> tuple[hikari.Embed, Rows]:
    """One page of the list; an index past the end is the last page."""
    total = await plugin.products.count(guild_id)
    last = max(0, (total - 1) // _PER_PAGE)
    index = min(max(index, 0), last)
    shown = await plugin.products.page(guild_id, offset=index * _PER_PAGE, limit=_PER_PAGE)
    embed = hikari.Embed(title=_("Stored products"), color=_COLOR)
    if not shown:
        embed.description = _(
            "No product is stored yet. React with {emoji} to a monitor's post to store its product.",
            emoji=LINK,
        )
        return embed, []
    # Addresses may be long: a page that does not fit the 4,096 characters of a description has no links.
    lines = [_line(one, linked=True) for one in shown]
    if sum(len(line) + 1 for line in lines) > 4_000:
        lines = [_line(one, linked=False) for one in shown]
    embed.description = _.join("\n", lines)
    embed.set_footer(
        _("{number} stored · page {page} of {pages}", number=total, page=index + 1, pages=last + 1)
    )
    if last == 0:
        return embed, []
    row = MessageActionRowBuilder()
    for label, target, possible in ((_("Back"), index - 1, index > 0), (_("Next"), index + 1, index < last)):
        row.add_interactive_button(
            hikari.ButtonStyle.SECONDARY,
            plugin.ctx.component_id("page", str(max(target, 0))),
            label=label,
            is_disabled=not possible,
        )
    return embed, [row]


def _line(product: StoredProduct, *, linked: bool) -> str:
    title = _plain(product.title)
    name = f"[{title}]({product.url})" if linked and product.url else title
    price = f" · {_plain(product.price)}" if product.price else ""
    when = f"<t:{product.stored_at.timestamp():.0f}:R>"
    said = {"when": when, "link": product.message_link}
    stored = (
        _("-# stored {when} · [post]({link})", **said)
        if product.stored_by is None
        else _("-# stored {when} by {member} · [post]({link})", **said, member=f"<@{product.stored_by}>")
    )
    return _.join("\n", (f"`{product.product_id}` {name}{price}", stored))


def _plain(text: str, length: int = 80) -> str:
    """Text from a post as it is shown: one line, no Markdown, at most ``length`` characters."""
    line = " ".join(text.split())
    line = line if len(line) <= length else f"{line[: length - 1].rstrip()}…"
    return re.sub(r"([\\`*_~|\[\]()<>#@:-])", r"\\\1", line)
