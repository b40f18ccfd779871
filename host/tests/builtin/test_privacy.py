"""`/privacy`, as a member uses it: what is stored about me, all of it as a file, and erasing it."""

from __future__ import annotations

import io
import json
import zipfile

import aiohttp
import hikari
import pytest
from sqlalchemy import select

from chandelier.services.export_files import pack
from chandelier.services.privacy import ERASE
from chandelier.storage.tables import ErasurePartRow, ErasureRow, TimerRow

DIARY = """
import json, pathlib
PAGES = {}
BROKEN = []
"""
DIARY_METHODS = """
@hookimpl
def chandelier_manifest(self):
    return chandelier.Manifest(summary="a diary", personal_data=(chandelier.PersonalData(
        what="what you wrote in your diary", why="so that you can read it again",
        kept="until you tear it out", on_erasure="the covers, because they belong to the server"),))

@hookimpl
async def chandelier_export_person(self, user_id):
    return {"pages": list(PAGES.get(user_id, []))}

@hookimpl
async def chandelier_erase_person(self, user_id, by):
    if BROKEN:
        raise RuntimeError("the shredder is jammed")
    gone = len(PAGES.pop(user_id, []))
    if by == "owner":
        return gone
    kept = chandelier.Kept(count=2, what="covers", why="they belong to the server")
    return chandelier.Erasure(erased=gone, kept=(kept,))
"""
MAP_METHODS = """
@hookimpl
def chandelier_export_person(self, user_id):
    return chandelier.PersonalExport(data={"places": ["home"]}, files={"map.png": b"PNG" * 10, "../up": b"x"})

@hookimpl
def chandelier_erase_person(self, user_id):
    return 1
"""


@pytest.fixture
async def market(discord, start_host, install):
    install("diary", DIARY, methods=DIARY_METHODS)
    install("atlas", methods=MAP_METHODS)
    install("clock")  # knows nobody
    guild = discord.create_guild("Market", owner="olivia")
    return guild.create_text_channel("general"), guild.add_member("alice"), guild.add_member("bob")


def pages() -> dict:
    import made_diary

    return made_diary.PAGES


def fields(reply) -> dict[str, str]:
    [embed] = reply.embeds
    return {field["name"]: field["value"] for field in embed.get("fields", ())}


async def files_of(message) -> dict[str, bytes]:
    """What a click on each attachment downloads."""
    found: dict[str, bytes] = {}
    async with aiohttp.ClientSession() as session:
        for attachment in message.attachments:
            async with session.get(attachment["url"]) as answer:
                found[attachment["filename"]] = await answer.read()
    return found


async def test_a_member_reads_what_is_stored_about_them_and_how_much(discord, start_host, market) -> None:
    general, alice, bob = market
    await start_host("diary", "atlas", "clock")
    pages()[alice.id] = ["dear diary", "today"]

    told, to_bob = await alice.slash(general, "privacy info"), await bob.slash(general, "privacy info")

    assert told.ephemeral
    shown = fields(told)
    assert "2 records about you now" in shown["diary"]
    assert "**what you wrote in your diary**\nWhy: so that you can read it again" in shown["diary"]
    assert "Kept: until you tear it out" in shown["diary"]
    assert "One record" in shown["atlas"] or "records about you" in shown["atlas"]
    assert "what you told the bot's owner with /feedback" in shown["core"]
    assert "clock" not in shown
    assert "Nothing about you now" in fields(to_bob)["diary"]


async def test_a_member_gets_all_of_it_as_a_file_that_only_they_see(discord, start_host, market) -> None:
    general, alice, _ = market
    await start_host("diary", "atlas")
    pages()[alice.id] = ["dear diary ☕"]

    reply = await alice.slash(general, "privacy export")

    assert reply.ephemeral
    [(name, content)] = (await files_of(reply.message)).items()
    assert name == f"my-data-{alice.id}.zip"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.read("atlas/map.png") == b"PNG" * 10
        assert "atlas/up" in archive.namelist()  # no path leads out of the folder
        document = json.loads(archive.read(f"my-data-{alice.id}.json"))
    assert document["person"] == str(alice.id)
    assert document["plugins"]["diary"] == {"pages": ["dear diary ☕"]}
    assert general.messages == []


async def test_what_is_too_much_for_discord_comes_in_several_files() -> None:
    import random

    noise = random.Random(1)  # noqa: S311 - it only has to be hard to compress
    files = {f"photo{number}.jpg": noise.randbytes(40_000) for number in range(3)}
    files["film.mp4"] = noise.randbytes(150_000)

    packed = pack("my-data-1", {"a": "b" * 500_000}, files, largest=100_000)

    assert all(len(content) <= 100_000 for _, content in packed)
    assert packed[0][0] == f"my-data-1-1-of-{len(packed)}.zip"
    back: dict[str, bytes] = {}
    for _, content in packed:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            back.update({name: archive.read(name) for name in archive.namelist()})
    film = b"".join(back[name] for name in sorted(back) if name.startswith("film.mp4.part"))
    assert film == files["film.mp4"]
    assert back["photo2.jpg"] == files["photo2.jpg"]
    assert json.loads(back["my-data-1.json"]) == {"a": "b" * 500_000}


async def test_erasing_says_before_what_goes_and_after_what_went_plugin_by_plugin(
    discord, start_host, market
) -> None:
    general, alice, bob = market
    host = await start_host("diary", "atlas")
    pages()[alice.id], pages()[bob.id] = ["one", "two"], ["his"]

    question = await alice.slash(general, "privacy erase")
    assert "2 records about you now" in fields(question)["diary"]
    assert "Stays: the covers, because they belong to the server" in fields(question)["diary"]
    assert pages()[alice.id] == ["one", "two"]  # asked is not done
    done = await alice.press(question, label="Erase it")

    assert done.ephemeral
    assert fields(done)["diary"] == (
        "Erased: 2 records.\nKept: covers (2), because they belong to the server."
    )
    assert fields(done)["atlas"] == "Erased: one record."
    assert "core" not in fields(done)  # it had nothing; that an erasure was asked for is nothing of theirs
    assert "All is done" in done.text
    assert pages() == {bob.id: ["his"]}
    async with host.database.read() as session:
        [row] = (await session.scalars(select(ErasureRow))).all()
        assert row.person_id is None  # that something was erased stays, and not of whom
        assert (await session.scalars(select(TimerRow).where(TimerRow.kind == ERASE))).all() == []


async def test_a_question_belongs_to_who_asked_and_grows_old(discord, start_host, market) -> None:
    general, alice, bob = market
    host = await start_host("diary")
    pages()[alice.id] = ["one"]
    question = await alice.slash(general, "privacy erase")
    core = host.lifecycle.records["core"].context
    now = int(host.clock.now().timestamp())
    row = hikari.impl.MessageActionRowBuilder()
    hers = core.component_id("privacy-erase", f"{alice.id}-{now}")
    row.add_interactive_button(hikari.ButtonStyle.DANGER, hers, label="Erase it")
    await host.bot.rest.create_message(general.id, "look here", component=row)
    await discord.settle()

    stolen = await bob.press(general.last, label="Erase it")
    assert "somebody else's" in stolen.text
    await discord.advance(601)
    late = await alice.press(question, label="Erase it")

    assert "too old" in late.text
    assert pages()[alice.id] == ["one"]


async def test_a_plugin_that_fails_is_asked_again_until_it_has_done_it(discord, start_host, market) -> None:
    general, alice, _ = market
    host = await start_host("diary", "atlas")
    import made_diary

    pages()[alice.id] = ["one"]
    made_diary.BROKEN.append("jammed")
    done = await alice.press(await alice.slash(general, "privacy erase"), label="Erase it")
    assert "Failed; it is tried again" in fields(done)["diary"]
    assert fields(done)["atlas"] == "Erased: one record."
    left = await alice.slash(general, "privacy info")
    assert "diary" in fields(left)["Still to be erased"]

    await discord.advance(300)
    assert pages()[alice.id] == ["one"]
    host = await start_host.restart(host)  # it is a row, so a restart forgets nothing
    made_diary.BROKEN.clear()
    await discord.advance(3600)

    assert pages() == {}
    assert await host.privacy.open() == []
    assert "Still to be erased" not in fields(await alice.slash(general, "privacy info"))


async def test_a_plugin_that_is_switched_off_does_its_part_when_it_runs_again(
    discord, start_host, market
) -> None:
    general, alice, _ = market
    host = await start_host("diary")
    pages()[alice.id] = ["one"]
    kept = pages()
    await host.disable("diary")

    done = await alice.press(await alice.slash(general, "privacy erase"), label="Erase it")
    assert "Waits until the plugin runs again" in fields(done)["diary"]
    await discord.advance(120)
    assert kept == {alice.id: ["one"]}
    [left] = await host.privacy.open(alice.id)
    assert "does not run now" in left.problems["diary"]

    await host.enable("diary")
    await discord.settle()

    assert await host.privacy.open() == []
    assert pages() == {}


REVISION = '''
"""Notes."""
import sqlalchemy as sa
from alembic import op
revision, down_revision = "0001", None

def upgrade():
    op.create_table("notes_people", sa.Column("user_id", sa.BigInteger(), primary_key=True))

def downgrade():
    op.drop_table("notes_people")
'''
NOTES = """
import sqlalchemy as sa
metadata = sa.MetaData()
people = sa.Table("notes_people", metadata, sa.Column("user_id", sa.BigInteger(), primary_key=True))
"""
NOTES_METHODS = """
@hookimpl
def chandelier_storage(self):
    return chandelier.StorageHistory(metadata, "made_notes:revisions")

@hookimpl
async def chandelier_erase_person(self, user_id):
    async with self.ctx.storage.transaction() as session:
        gone = await session.execute(people.delete().where(people.c.user_id == user_id))
        return gone.rowcount
"""


async def test_the_data_of_an_uninstalled_plugin_is_erased_when_it_comes_back(
    discord, start_host, install, market
) -> None:
    general, alice, _ = market
    package = install("notes", NOTES, methods=NOTES_METHODS)
    revisions = install.site / package / "revisions"
    revisions.mkdir()
    (revisions / "0001_notes.py").write_text(REVISION)
    host = await start_host("notes")
    notes = host.lifecycle.records["notes"].plugin
    import made_notes

    async with notes.ctx.storage.transaction() as session:
        await session.execute(made_notes.people.insert().values(user_id=alice.id))
    await start_host.stop(host)
    host = await start_host("diary")  # without it

    done = await alice.press(await alice.slash(general, "privacy erase"), label="Erase it")
    assert "Waits until the plugin runs again" in fields(done)["notes"]
    await discord.advance(7200)
    assert [one.plugins for one in await host.privacy.open()] == [("notes",)]
    await start_host.stop(host)
    host = await start_host("notes", "diary")
    await discord.settle()

    assert await host.privacy.open() == []
    async with host.database.read() as session:
        part = await session.scalar(select(ErasurePartRow).where(ErasurePartRow.plugin == "notes"))
        assert (part.erased, part.problem) == (1, None)
        assert (await session.execute(select(made_notes.people))).all() == []


async def test_erasing_destroys_the_persons_key_even_if_the_plugin_that_sealed_is_away(
    discord, start_host, market
) -> None:
    import chandelier
    from chandelier.services.vault_keys import new_key_text

    general, alice, bob = market
    host = await start_host("diary", environ={"CHANDELIER_VAULT_KEY": new_key_text()})
    vault = host.lifecycle.records["diary"].context.vault
    place = {"table": "diary_pages", "row": 1, "field": "text"}
    hers, his = await vault.seal(alice.id, "secret", **place), await vault.seal(bob.id, "his", **place)
    await host.disable("diary")

    await alice.press(await alice.slash(general, "privacy erase"), label="Erase it")

    with pytest.raises(chandelier.SealErased):
        await vault.open(alice.id, hers, **place)
    assert await vault.open(bob.id, his, **place) == "his"


async def test_the_heavy_requests_are_limited_and_say_when_to_come_back(discord, start_host, market) -> None:
    general, alice, bob = market
    await start_host("diary")

    replies = [await alice.slash(general, "privacy export") for _ in range(4)]

    assert "my-data" in str(replies[2].message.attachments)
    assert "Not so fast: try again in 60 minutes" in replies[3].text
    assert "everything" in (await bob.slash(general, "privacy export")).text
    await discord.advance(3600)
    assert "everything" in (await alice.slash(general, "privacy export")).text


async def test_what_a_plugin_stores_is_told_in_the_readers_language(start_host, install, market) -> None:
    general, alice, _ = market
    locales = install.site / "made_diary" / "locales"
    locales.mkdir()
    said = {"what you wrote in your diary": "il tuo diario", "until you tear it out": "finché lo strappi"}
    said["the covers, because they belong to the server"] = "le copertine, perché sono del server"
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n'
    entries = [f'msgid "{english}"\nmsgstr "{italian}"\n' for english, italian in said.items()]
    (locales / "it.po").write_text("\n".join([head, *entries]), encoding="utf-8")
    await start_host("diary")
    pages()[alice.id] = ["one"]
    alice.locale = "it"

    info = fields(await alice.slash(general, "privacy info"))["diary"]
    assert "il tuo diario" in info and "Conservato: finché lo strappi" in info
    question = fields(await alice.slash(general, "privacy erase"))["diary"]
    assert "Resta: le copertine, perché sono del server" in question
