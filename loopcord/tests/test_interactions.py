"""Commands, components and forms of a real lightbulb bot, used as a client would let a person use them."""

from __future__ import annotations

import asyncio
import threading

import aiohttp
import hikari
import lightbulb
import pytest

import loopcord

# ------------------------------------------------------------------ a bot with a bit of everything


class Rename(lightbulb.components.Modal):
    def __init__(self) -> None:
        self.title = self.add_short_text_input("New title", custom_id="title", max_length=20)

    async def on_submit(self, ctx: lightbulb.components.ModalContext) -> None:
        await ctx.respond(f"renamed to {ctx.value_for(self.title)}")


class Controls(lightbulb.components.Menu):
    def __init__(self) -> None:
        self.add_interactive_button(hikari.ButtonStyle.DANGER, self.on_undo, label="Undo", custom_id="undo")
        self.add_link_button("https://example.org", label="Rules")
        self.add_interactive_button(
            hikari.ButtonStyle.SECONDARY, self.on_undo, label="Later", custom_id="later", disabled=True
        )
        self.next_row()
        self.sizes = self.add_text_select(["small", "large"], self.on_size, custom_id="size")

    async def on_undo(self, ctx: lightbulb.components.MenuContext) -> None:
        await ctx.respond("undone", edit=True, components=[])

    async def on_size(self, ctx: lightbulb.components.MenuContext) -> None:
        await ctx.respond(f"size {ctx.selected_values_for(self.sizes)[0]}", ephemeral=True)


async def _urls(ctx: lightbulb.AutocompleteContext[str]) -> None:
    typed = str(ctx.focused.value)
    await ctx.respond([url for url in ("https://shop.example/1", "https://shop.example/2") if typed in url])


def _a_bit_of_everything(bot) -> None:
    case = lightbulb.Group("case", "Cases")
    notes = case.subgroup("note", "Notes of a case")

    @case.register
    class View(lightbulb.SlashCommand, name="view", description="View a case"):
        number = lightbulb.integer("number", "Its number", min_value=1)

        @lightbulb.invoke
        async def invoke(self, ctx: lightbulb.Context) -> None:
            await ctx.respond(embed=hikari.Embed(title=f"Case {self.number}", description="spam"))

    @notes.register
    class Add(lightbulb.SlashCommand, name="add", description="Add a note"):
        text = lightbulb.string("text", "The note")

        @lightbulb.invoke
        async def invoke(self, ctx: lightbulb.Context) -> None:
            await ctx.respond(f"noted: {self.text}")

    bot.client.register(case)

    @bot.client.register
    class Watch(lightbulb.SlashCommand, name="watch", description="Watch a page"):
        url = lightbulb.string("url", "The page", autocomplete=_urls)

        @lightbulb.invoke
        async def invoke(self, ctx: lightbulb.Context) -> None:
            await ctx.defer(ephemeral=True)
            await ctx.respond(f"watching {self.url}")
            await ctx.respond("first check in an hour", ephemeral=True)

    @bot.client.register
    class Panel(lightbulb.SlashCommand, name="panel", description="Show the controls"):
        @lightbulb.invoke
        async def invoke(self, ctx: lightbulb.Context, client: lightbulb.Client) -> None:
            controls = Controls()
            await ctx.respond("controls", components=controls)
            controls.attach_persistent(client, timeout=None)

    @bot.client.register
    class Title(lightbulb.SlashCommand, name="title", description="Rename"):
        @lightbulb.invoke
        async def invoke(self, ctx: lightbulb.Context, client: lightbulb.Client) -> None:
            modal = Rename()
            await ctx.respond_with_modal("Rename it", "rename", components=modal)
            await modal.attach(client, "rename", timeout=60)

    @bot.client.register
    class Purge(
        lightbulb.SlashCommand,
        name="purge",
        description="Delete messages",
        default_member_permissions=hikari.Permissions.MANAGE_MESSAGES,
    ):
        channel = lightbulb.channel("channel", "Where", channel_types=[hikari.ChannelType.GUILD_TEXT])
        role = lightbulb.role("role", "Whose", default=None)
        file = lightbulb.attachment("list", "Ids", default=None)

        @lightbulb.invoke
        async def invoke(self, ctx: lightbulb.Context) -> None:
            content = (await self.file.read()).decode() if self.file else "nothing"
            await ctx.respond(f"{self.channel.name} {self.role.name if self.role else '-'} {content}")

    @bot.client.register
    class Inspect(lightbulb.UserCommand, name="Inspect member"):
        @lightbulb.invoke
        async def invoke(self, ctx: lightbulb.Context) -> None:
            await ctx.respond(f"{self.target.username} is here")

    @bot.client.register
    class Quote(lightbulb.MessageCommand, name="Quote"):
        @lightbulb.invoke
        async def invoke(self, ctx: lightbulb.Context) -> None:
            await ctx.respond(f"> {self.target.content}")


@pytest.fixture
async def market(discord: loopcord.LocalDiscord, boot):
    guild = discord.create_guild("Market")
    guild.create_text_channel("general")
    guild.create_text_channel("staff")
    mods = guild.create_role("Mods", permissions=["manage_messages"])
    guild.add_member("alice")
    guild.add_member("mod", roles=[mods])
    await boot(_a_bit_of_everything)
    return guild


def _people(guild: loopcord.Guild) -> tuple[loopcord.Channel, loopcord.Member, loopcord.Member]:
    by_name = {member.name: member for member in guild.members}
    return guild.channel("general"), by_name["alice"], by_name["mod"]


# ------------------------------------------------------------------ commands


async def test_sub_commands_and_groups_are_reached_by_their_path(market: loopcord.Guild) -> None:
    general, alice, _ = _people(market)

    viewed = await alice.slash(general, "case view", number=7)
    noted = await alice.slash(general, "case note add", text="warned twice")

    assert viewed.embeds[0]["title"] == "Case 7"
    assert "spam" in viewed.text
    assert noted.content == "noted: warned twice"


async def test_a_deferred_answer_comes_and_is_followed_up(market: loopcord.Guild) -> None:
    general, alice, _ = _people(market)

    reply = await alice.slash(general, "watch", url="https://shop.example/1")

    assert reply.content == "watching https://shop.example/1"
    assert reply.ephemeral
    assert not reply.deferred
    assert [followup.content for followup in reply.followups] == ["first check in an hour"]
    assert general.messages == []


async def test_autocomplete_offers_what_matches(market: loopcord.Guild) -> None:
    general, alice, _ = _people(market)

    choices = await alice.autocomplete(general, "watch", "url", "/2")

    assert choices == [{"name": "https://shop.example/2", "value": "https://shop.example/2"}]


async def test_people_channels_roles_and_files_travel_as_options(market: loopcord.Guild) -> None:
    general, _, mod = _people(market)
    mods = next(role for role in market.roles if role.name == "Mods")

    reply = await mod.slash(
        general, "purge", channel=market.channel("staff"), role=mods, list=("ids.txt", b"1 2 3")
    )

    assert reply.content == "staff Mods 1 2 3"


async def test_context_menus_on_a_member_and_on_a_message(market: loopcord.Guild) -> None:
    general, alice, mod = _people(market)
    message = await alice.send(general, "buy my lamp")

    inspected = await mod.menu(general, "Inspect member", alice)
    quoted = await mod.menu(general, "Quote", message)

    assert inspected.content == "alice is here"
    assert quoted.content == "> buy my lamp"


async def test_what_a_client_would_not_offer_cannot_be_done(market: loopcord.Guild) -> None:
    general, alice, mod = _people(market)
    staff = market.channel("staff")
    staff.set_overwrite(market.everyone, deny=["view_channel"])

    with pytest.raises(loopcord.ActError, match="hidden from alice"):
        await alice.slash(general, "purge", channel=general)
    with pytest.raises(loopcord.ActError, match="not registered"):
        await alice.slash(general, "nonsense")
    with pytest.raises(loopcord.ActError, match="requires option 'number'"):
        await alice.slash(general, "case view")
    with pytest.raises(loopcord.ActError, match="must be ≥ 1"):
        await alice.slash(general, "case view", number=0)
    with pytest.raises(loopcord.ActError, match="no option 'colour'"):
        await alice.slash(general, "case view", number=1, colour="red")
    with pytest.raises(loopcord.ActError, match="needs one of its sub commands"):
        await alice.slash(general, "case")
    with pytest.raises(loopcord.ActError, match="takes a Channel, not Member"):
        await mod.slash(general, "purge", channel=alice)
    with pytest.raises(loopcord.ActError, match="cannot see #staff"):
        await alice.slash(staff, "case view", number=1)


async def test_a_command_in_a_direct_message(market: loopcord.Guild) -> None:
    _, alice, _ = _people(market)

    reply = await alice.slash(alice.dm, "case view", number=3)

    assert reply.embeds[0]["title"] == "Case 3"
    assert alice.dms[-1].embeds[0]["title"] == "Case 3"


# ------------------------------------------------------------------ components and forms


async def test_a_button_updates_its_message(market: loopcord.Guild) -> None:
    general, alice, _ = _people(market)
    panel = await alice.slash(general, "panel")

    pressed = await alice.press(panel, label="Undo")

    assert pressed.updated
    assert panel.content == "undone"
    assert panel.components == []
    assert general.last.edited


async def test_a_menu_is_chosen_from(market: loopcord.Guild) -> None:
    general, alice, _ = _people(market)
    panel = await alice.slash(general, "panel")

    chosen = await alice.choose(panel, ["large"])

    assert chosen.content == "size large"
    assert chosen.ephemeral


async def test_buttons_that_cannot_be_pressed(market: loopcord.Guild) -> None:
    general, alice, _ = _people(market)
    panel = await alice.slash(general, "panel")

    with pytest.raises(loopcord.ActError, match="is a link"):
        await alice.press(panel, label="Rules")
    with pytest.raises(loopcord.ActError, match="is disabled"):
        await alice.press(panel, label="Later")
    with pytest.raises(loopcord.ActError, match="no such component"):
        await alice.press(panel, label="Explode")
    with pytest.raises(loopcord.ActError, match="does not offer 'huge'"):
        await alice.choose(panel, ["huge"])


async def test_a_form_is_opened_and_submitted_once(market: loopcord.Guild) -> None:
    general, alice, mod = _people(market)
    opened = await alice.slash(general, "title")

    assert opened.modal is not None
    assert opened.modal["title"] == "Rename it"
    with pytest.raises(loopcord.ActError, match="must be filled in"):
        await alice.submit(opened, {})
    with pytest.raises(loopcord.ActError, match="0 to 20 characters"):
        await alice.submit(opened, {"title": "x" * 21})
    with pytest.raises(loopcord.ActError, match="somebody else"):
        await mod.submit(opened, {"title": "Lamps"})

    submitted = await alice.submit(opened, {"title": "Lamps"})

    assert submitted.content == "renamed to Lamps"
    with pytest.raises(loopcord.ActError, match="already"):
        await alice.submit(opened, {"title": "Lamps"})


async def test_the_bots_ephemeral_answer_is_nobody_elses(market: loopcord.Guild) -> None:
    general, alice, mod = _people(market)
    panel = await alice.slash(general, "panel")
    secret = await alice.choose(panel, ["small"])
    assert secret.message is not None

    with pytest.raises(loopcord.ActError, match="mod cannot see that message"):
        await mod.react(secret.message, "👀")


# ------------------------------------------------------------------ deadlines


async def test_a_slow_answer_is_too_late_after_three_seconds(discord: loopcord.LocalDiscord, boot) -> None:
    general = discord.create_guild("Market").create_text_channel("general")
    alice = discord.guilds[0].add_member("alice")
    codes: list[int] = []

    def arrange(bot) -> None:
        @bot.client.register
        class Slow(lightbulb.SlashCommand, name="slow", description="Slow"):
            @lightbulb.invoke
            async def invoke(self, ctx: lightbulb.Context) -> None:
                await discord.clock.sleep(4)
                try:
                    await ctx.respond("here I am")
                except hikari.NotFoundError as error:
                    codes.append(error.code)

    await boot(arrange)

    reply = alice.start_slash(general, "slow")
    await discord.advance(5)

    assert not reply.acknowledged
    assert codes == [10062]  # Unknown interaction


async def test_a_deferred_answer_may_take_fifteen_minutes(discord: loopcord.LocalDiscord, boot) -> None:
    general = discord.create_guild("Market").create_text_channel("general")
    alice = discord.guilds[0].add_member("alice")

    def arrange(bot) -> None:
        @bot.client.register
        class Slow(lightbulb.SlashCommand, name="slow", description="Slow"):
            @lightbulb.invoke
            async def invoke(self, ctx: lightbulb.Context) -> None:
                await ctx.defer()
                await discord.clock.sleep(600)
                await ctx.respond("here I am")

    await boot(arrange)

    reply = alice.start_slash(general, "slow")
    await discord.settle()
    assert reply.deferred
    await discord.advance(599)
    assert reply.deferred
    await discord.advance(1)

    assert not reply.deferred
    assert reply.content == "here I am"


async def test_somebody_waits_for_an_answer_from_a_thread(discord: loopcord.LocalDiscord, boot) -> None:
    """Work in a thread is invisible to the event loop; without an idle probe slash() waits for the answer."""
    general = discord.create_guild("Market").create_text_channel("general")
    alice = discord.guilds[0].add_member("alice")
    at_work, go_on = asyncio.Event(), threading.Event()

    def arrange(bot) -> None:
        @bot.client.register
        class Sum(lightbulb.SlashCommand, name="sum", description="Add up"):
            @lightbulb.invoke
            async def invoke(self, ctx: lightbulb.Context) -> None:
                at_work.set()
                await asyncio.to_thread(go_on.wait, 60)
                await ctx.respond("42")

    await boot(arrange)

    asking = asyncio.create_task(alice.slash(general, "sum"))
    await at_work.wait()
    await discord.settle()  # nothing is to be seen of the thread
    go_on.set()

    assert (await asking).content == "42"


async def test_interactions_carry_the_languages_of_the_person_and_of_the_guild(
    discord: loopcord.LocalDiscord, boot
) -> None:
    guild = discord.create_guild("Mercato", locale="it")
    general = guild.create_text_channel("general")
    alice, bob = guild.add_member("alice", locale="de"), guild.add_member("bob")

    def arrange(bot) -> None:
        @bot.client.register
        class Tell(lightbulb.SlashCommand, name="tell", description="Which languages"):
            @lightbulb.invoke
            async def invoke(self, ctx: lightbulb.Context) -> None:
                await ctx.respond(f"{ctx.interaction.locale} in {ctx.interaction.guild_locale}")

    await boot(arrange)

    assert (await alice.slash(general, "tell")).content == "de in it"
    assert (await bob.slash(general, "tell")).content == "en-US in it"
    guild.set_locale("fr")
    bob.locale = "en-GB"
    assert (await bob.slash(general, "tell")).content == "en-GB in fr"


async def test_commands_keep_their_localisations_and_list_them_when_asked(
    discord: loopcord.LocalDiscord, boot
) -> None:
    discord.create_guild("Market")
    bot = await boot()
    application = await bot.app.rest.fetch_application()
    builder = bot.app.rest.slash_command_builder("warn", "Warn a member")
    builder.set_description_localizations({hikari.Locale.IT: "Ammonisci un membro"})
    choice = hikari.CommandChoice(name="Soft", name_localizations={"it": "Lieve"}, value="soft")
    builder.add_option(
        hikari.CommandOption(
            type=hikari.OptionType.STRING,
            name="how",
            description="How",
            name_localizations={"it": "come"},
            choices=[choice],
        )
    )
    await bot.app.rest.set_application_commands(application, [builder])

    (listed,) = await bot.app.rest.fetch_application_commands(application)
    url = f"{discord.rest_url}/applications/{application.id}/commands"  # hikari always asks for them
    headers = {"Authorization": f"Bot {discord.token}"}
    async with aiohttp.ClientSession() as http, http.get(url, headers=headers) as answer:
        (bare,) = await answer.json()

    assert listed.description_localizations == {"it": "Ammonisci un membro"}
    assert listed.options[0].name_localizations == {"it": "come"}
    assert listed.options[0].choices[0].name_localizations == {"it": "Lieve"}
    assert bare["description"] == "Warn a member"
    assert "localizations" not in str(bare)
