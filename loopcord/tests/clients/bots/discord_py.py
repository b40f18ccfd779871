"""An ordinary bot in unmodified discord.py; `discord_js.cjs` beside it does the same in discord.js.

It runs in a process of its own. All that ties it to the local Discord is the two addresses it is given;
what it saw it writes as JSON lines to its standard output, for the test to read.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import timedelta
from typing import Any

import yarl

if os.environ.get("DISCORD_COMPRESSION") == "zlib-stream":
    # discord.py has no option for it: it asks for zstd-stream wherever it can import a library for it.
    sys.modules |= {"zstandard": None, "compression.zstd": None}  # type: ignore[dict-item]

import discord
from discord import app_commands

discord.http.Route.BASE = f"{os.environ['DISCORD_API']}/v10"
discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(os.environ["DISCORD_GATEWAY"])


def saw(what: str, **facts: Any) -> None:
    sys.stdout.write(json.dumps({"saw": what, **facts}) + "\n")
    sys.stdout.flush()


class Bot(discord.AutoShardedClient):
    def __init__(self) -> None:
        super().__init__(intents=discord.Intents.all(), chunk_guilds_at_startup=False)
        self.tree = app_commands.CommandTree(self)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Identify at once: the local Discord's max_concurrency lets every shard in side by side."""

    async def setup_hook(self) -> None:
        commands = await self.tree.sync()
        saw("synced", names=sorted(command.name for command in commands))

    async def on_ready(self) -> None:
        saw("ready", guilds=sorted(guild.name for guild in self.guilds), shards=len(self.shards))

    async def on_shard_ready(self, shard_id: int) -> None:
        saw("session", shard=shard_id)

    async def on_shard_resumed(self, shard_id: int) -> None:
        saw("resumed", shard=shard_id)

    async def on_message(self, message: discord.Message) -> None:
        if message.author == self.user:
            return
        guild = message.guild
        saw(
            "message",
            content=message.content,
            author=message.author.name,
            shard=guild.shard_id if guild else 0,
            files=[file.filename for file in message.attachments],
        )
        if message.content == "ping":
            await message.reply("pong")
        elif guild is None:
            await message.channel.send(f"You said: {message.content}")

    async def on_message_edit(self, before: discord.Message, after: discord.Message) -> None:
        saw("edit", before=before.content, after=after.content)

    async def on_message_delete(self, message: discord.Message) -> None:
        saw("delete", content=message.content)

    async def on_raw_reaction_add(self, event: discord.RawReactionActionEvent) -> None:
        saw("reaction", emoji=str(event.emoji), added=True, user=str(event.user_id))

    async def on_raw_reaction_remove(self, event: discord.RawReactionActionEvent) -> None:
        saw("reaction", emoji=str(event.emoji), added=False, user=str(event.user_id))

    async def on_member_join(self, member: discord.Member) -> None:
        saw("join", name=member.name)

    async def on_raw_member_remove(self, event: discord.RawMemberRemoveEvent) -> None:
        saw("leave", name=event.user.name)


bot = Bot()
COLOURS = ["red", "green", "blue"]


@bot.tree.command(description="Are you there?")
async def ping(interaction: discord.Interaction) -> None:
    await interaction.response.send_message("pong", ephemeral=True)


@bot.tree.command(description="Take a while")
async def slow(interaction: discord.Interaction) -> None:
    told = bot.wait_for("message", check=lambda message: message.content == "go on")
    await interaction.response.defer()
    await told
    await interaction.edit_original_response(content="Done")
    await interaction.followup.send("Only you see this", ephemeral=True)


@bot.tree.command(description="Tell what was chosen")
async def describe(
    interaction: discord.Interaction,
    member: discord.Member,
    channel: discord.TextChannel,
    role: discord.Role,
    file: discord.Attachment,
    count: app_commands.Range[int, 1, 10],
    really: bool,
) -> None:
    content = (await file.read()).decode()
    await interaction.response.send_message(
        f"{member.name} #{channel.name} @{role.name} {file.filename}={content} {count} {str(really).lower()}"
    )


@bot.tree.command(description="Choose a colour")
async def paint(interaction: discord.Interaction, colour: str) -> None:
    await interaction.response.send_message(f"Painted {colour}")


@paint.autocomplete("colour")
async def _colours(_: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=c.title(), value=c) for c in COLOURS if c.startswith(typed)]


case = app_commands.Group(name="case", description="Cases")
bot.tree.add_command(case)


@case.command(description="Show a case")
async def view(interaction: discord.Interaction, number: int) -> None:
    await interaction.response.send_message(embed=discord.Embed(title=f"Case #{number}"))


# ------------------------------------------------------------------ components and forms


class Form(discord.ui.Modal, title="A report"):
    text: discord.ui.TextInput[Form] = discord.ui.TextInput(
        label="What happened?", custom_id="text", style=discord.TextStyle.paragraph
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"Reported: {self.text.value}", ephemeral=True)


class Panel(discord.ui.View):
    @discord.ui.button(label="Report", custom_id="report")
    async def report(self, interaction: discord.Interaction, _: discord.ui.Button[Panel]) -> None:
        await interaction.response.send_modal(Form(custom_id="form"))
        saw("form shown")

    @discord.ui.select(
        custom_id="colour", options=[discord.SelectOption(label=c.title(), value=c) for c in COLOURS]
    )
    async def colour(self, interaction: discord.Interaction, select: discord.ui.Select[Panel]) -> None:
        await interaction.response.edit_message(content=f"Now {select.values[0]}")


@bot.tree.command(description="Show the panel")
async def panel(interaction: discord.Interaction) -> None:
    await interaction.response.send_message("What do you want?", view=Panel(timeout=None))
    saw("panel shown")


# ------------------------------------------------------------------ moderation


@bot.tree.command(description="Time a member out")
async def timeout(interaction: discord.Interaction, member: discord.Member, reason: str) -> None:
    await member.timeout(timedelta(hours=1), reason=reason)
    await interaction.response.send_message(f"Timed {member.name} out")


@bot.tree.command(description="Kick a member")
async def kick(interaction: discord.Interaction, member: discord.Member, reason: str) -> None:
    await member.kick(reason=reason)
    await interaction.response.send_message(f"Kicked {member.name}")


@bot.tree.command(description="Ban a member")
async def ban(interaction: discord.Interaction, member: discord.Member, reason: str) -> None:
    await member.ban(reason=reason, delete_message_seconds=3600)
    await interaction.response.send_message(f"Banned {member.name}")


@bot.tree.command(description="Lift every ban")
async def amnesty(interaction: discord.Interaction) -> None:
    banned = [entry.user async for entry in interaction.guild.bans(limit=None)]
    for user in banned:
        await interaction.guild.unban(user, reason="amnesty")
    await interaction.response.send_message(f"Unbanned {', '.join(user.name for user in banned)}")


@bot.tree.command(description="Give a member a role")
async def give(interaction: discord.Interaction, member: discord.Member, role: discord.Role) -> None:
    await member.add_roles(role, reason="earned")
    await interaction.response.send_message(f"{member.name} is now {role.name}")


@bot.tree.command(description="Try what the bot may not do")
async def overreach(interaction: discord.Interaction, member: discord.Member) -> None:
    try:
        await member.kick()
    except discord.Forbidden as refusal:
        await interaction.response.send_message(f"Refused: {refusal.status} {refusal.code}")


@bot.tree.context_menu(name="Remove")
async def remove(interaction: discord.Interaction, message: discord.Message) -> None:
    await message.delete()
    await interaction.response.send_message(f"Removed: {message.content}", ephemeral=True)


@bot.tree.context_menu(name="Who is this")
async def who(interaction: discord.Interaction, member: discord.Member) -> None:
    await interaction.response.send_message(f"This is {member.name}", ephemeral=True)


# ------------------------------------------------------------------ fetching


@bot.tree.command(description="Count the members, asking the gateway")
async def members(interaction: discord.Interaction, prefix: str) -> None:
    everybody = await interaction.guild.chunk()
    some = await interaction.guild.query_members(query=prefix, limit=5)
    names = ", ".join(sorted(member.name for member in some))
    await interaction.response.send_message(f"{len(everybody)} members; {prefix}: {names}")


@bot.tree.command(description="Count the messages here, page by page")
async def history(interaction: discord.Interaction) -> None:
    messages = [message async for message in interaction.channel.history(limit=None)]
    newest, oldest = messages[0].content, messages[-1].content
    await interaction.response.send_message(f"{len(messages)} messages, from {newest} to {oldest}")


bot.run(os.environ["DISCORD_TOKEN"])
