"""``chandelier check`` as a doctor: what it finds in the machine, in the database, and at Discord."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import hikari
import pytest
from click.testing import Result

from chandelier.cli.doctor import Examination, Finding, Level, checks, examine, machine
from chandelier.cli.installed import Installed
from loopcord import LocalDiscord

Type = Callable[..., Result]

POSTER = """
@chandelier.schema(version=1)
class Config:
    board: int | None = chandelier.setting(None, help="Where it posts.", guild=True, kind="channel")
"""
METHODS = """
@hookimpl
def chandelier_config_schema(self):
    return Config

@hookimpl
def chandelier_manifest(self):
    wanted = hikari.Permissions.SEND_MESSAGES | hikari.Permissions.EMBED_LINKS
    wanted |= hikari.Permissions.BAN_MEMBERS
    return chandelier.Manifest(
        summary="posts", intents=hikari.Intents.MESSAGE_CONTENT | hikari.Intents.GUILDS, permissions=wanted
    )
"""


def of(found: list[Finding], area: str) -> list[Finding]:
    return [finding for finding in found if finding.area == area]


async def look(folder: Path, discord: LocalDiscord | None = None, *, online: bool = True) -> list[Finding]:
    environ = {}
    if discord is not None:
        environ = {"CHANDELIER_TOKEN": discord.token, "CHANDELIER_REST_URL": discord.rest_url}
    others = "moderation,reactions,redeye,luisaviaroma"  # this house's own, where they are installed
    patient = Examination(
        Installed(), folder / "config.toml", {**environ, "CHANDELIER_WITHOUT": others}, online=online
    )
    return [finding async for finding in examine(patient)]


def asked_by(link: str) -> dict[str, list[str]]:
    return parse_qs(urlparse(link).query)


async def test_online_it_finds_what_discord_does_not_let_the_bot_do(install, tmp_path: Path) -> None:
    install("poster", POSTER, methods=METHODS)
    async with LocalDiscord(denied_intents=["message_content"]) as discord:
        market, harbour = discord.create_guild("Market"), discord.create_guild("Harbour")
        market.set_bot_permissions(["view_channel", "send_messages", "embed_links", "ban_members"])
        harbour.set_bot_permissions(["view_channel", "send_messages"])
        board = market.create_text_channel("board")
        board.set_overwrite(market.everyone, deny=["embed_links"])
        section = f"[plugins.poster]\nversion = 1\nboard = {board.id}\n"
        (tmp_path / "config.toml").write_text(f"[chandelier]\nversion = 1\n{section}")

        found = await look(tmp_path, discord)

    [intents] = of(found, "intents")
    assert intents.level is Level.PROBLEM
    assert intents.message == "Message Content Intent is switched off, but poster asks for it"
    assert "https://discord.com/developers/applications/" in intents.advice and "/bot" in intents.advice
    [servers] = of(found, "servers")
    assert servers.message.startswith("Harbour (")
    assert servers.message.endswith("the bot lacks Ban Members (for poster)")
    [channels] = of(found, "channels")
    assert channels.message == "poster.board: in #board the bot lacks Embed Links (in Market)"
    [link] = of(found, "invite")
    asked = asked_by(link.message)
    assert asked["scope"] == ["bot applications.commands"]
    assert hikari.Permissions(int(asked["permissions"][0])) == (
        hikari.Permissions.SEND_MESSAGES | hikari.Permissions.EMBED_LINKS | hikari.Permissions.BAN_MEMBERS
    )
    assert [finding.level for finding in of(found, "clock")] == [Level.OK, Level.OK]
    assert of(found, "token")[-1].message.startswith("Discord knows it")
    assert discord.token not in "".join(map(str, found))


async def test_online_it_is_content_with_a_bot_that_may_do_what_plugins_ask(
    discord: LocalDiscord, install, tmp_path: Path
) -> None:
    install("poster", POSTER, methods=METHODS)
    discord.create_guild("Market")

    found = await look(tmp_path, discord)

    online = [f for f in found if f.area in {"intents", "servers", "channels", "discord", "clock", "token"}]
    assert [finding for finding in online if finding.level is not Level.OK] == []
    assert not discord.connections, "it opened a gateway connection"


@pytest.mark.parametrize(
    ("trouble", "area", "words"),
    [
        (
            lambda d: d.fail("GET", "/oauth2/applications/@me", status=401, times=None),
            "token",
            "refuses the token",
        ),
        (lambda d: d.fail("GET", "*", status=503, times=None), "discord", "Discord answers 503"),
        (lambda d: d.trouble.cut("GET", "*", times=None), "discord", "it cannot be asked"),
        (lambda d: d.trouble.session_starts(remaining=3), "discord", "3 of 1000 starts are left"),
    ],
)
async def test_online_trouble_is_one_finding_with_what_to_do(
    discord: LocalDiscord, tmp_path: Path, trouble: Callable[[LocalDiscord], object], area: str, words: str
) -> None:
    trouble(discord)

    found = await look(tmp_path, discord)

    [bad] = [f for f in found if f.area in {"token", "discord"} and f.level is not Level.OK]
    assert bad.area == area and words in bad.message and bad.advice


async def test_a_clock_that_is_wrong_is_noticed(
    discord: LocalDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chandelier.cli.doctor import discord as online

    class Late:
        time = staticmethod(lambda: __import__("time").time() - 90)

    monkeypatch.setattr(online, "time", Late)

    found = await look(tmp_path, discord)

    assert "seconds behind Discord's" in of(found, "clock")[-1].message


def test_offline_it_gives_the_invite_link_and_asks_nobody(
    type_in: Type, install: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    install("poster", POSTER, methods=METHODS)
    monkeypatch.setenv(
        "CHANDELIER_TOKEN", "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcDe.abcdefghijklmnopqrstuvwxyz0123456789AB"
    )
    monkeypatch.setenv("CHANDELIER_REST_URL", "http://127.0.0.1:9/")

    result = type_in("check", "--json")

    found = {finding["area"]: finding for finding in json.loads(result.stdout)["findings"]}
    assert asked_by(found["invite"]["message"])["client_id"] == ["123456789012345678"]
    assert "discord" not in found
    assert {"disk", "clock", "packages"} <= found.keys()


async def test_a_full_disk_a_wrong_date_and_a_failing_check_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = 5_000_000

    def broken(_patient: Examination) -> list[Finding]:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: Usage)
    monkeypatch.setattr(machine.time, "time", lambda: 0.0)
    monkeypatch.setattr(checks, "CHECKS", (broken, *checks.CHECKS))

    found = await look(tmp_path, online=False)

    assert found[0].message == "this could not be looked at: ZeroDivisionError: oh"
    assert of(found, "disk")[0].level is Level.PROBLEM and "only 5 MiB free" in of(found, "disk")[0].message
    assert "the clock says 1970-01-01" in of(found, "clock")[0].message


def test_a_damaged_database_a_missing_backup_and_data_of_nobody_are_told(type_in: Type) -> None:
    type_in("db", "upgrade")
    file = Path("data/chandelier.db")
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE chandelier_version_tulips (version_num TEXT)")
        connection.execute("INSERT INTO chandelier_version_tulips VALUES ('0007')")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()

    found = json.loads(type_in("check", "--json").stdout)["findings"]
    said = {f"{finding['area']}: {finding['message']}": finding for finding in found}

    assert any("no backup of the database yet" in line for line in said)
    [tulips] = [line for line in said if "tulips" in line]
    assert "is not installed, its data (revision 0007) is kept" in tulips
    assert "chandelier db downgrade tulips base" in said[tulips]["advice"]

    whole = file.read_bytes()
    page = 4096
    file.write_bytes(whole[: page * 3] + b"\xff" * page * 2 + whole[page * 5 :])
    result = type_in("check")
    assert result.exit_code == 78, "there is no token either"
    assert "damaged" in result.stdout or "malformed" in result.stdout
