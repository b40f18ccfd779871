"""Who is kept out of the page, and that nothing written in a message can become code in it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from importlib import resources
from urllib.parse import urlsplit

import aiohttp
import pytest

import loopcord
from loopcord.page import Page

STATIC = resources.files("loopcord.page").joinpath("static")


@pytest.fixture
async def page(discord: loopcord.LocalDiscord) -> AsyncIterator[Page]:
    guild = discord.create_guild("Market")
    guild.create_text_channel("general")
    alice = guild.add_member("alice")
    async with Page(discord, guild, members=[alice], image_origins=["http://127.0.0.1:8099/"]) as page:
        yield page


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_the_printed_address_opens_the_page(page: Page, http: aiohttp.ClientSession) -> None:
    async with http.get(page.url) as response:
        assert response.status == 200
        assert response.content_type == "text/html"
    assert urlsplit(page.url).hostname == "127.0.0.1"


@pytest.mark.parametrize("path", ["", "app.js", "about", "stream", "media/attachments/1/2/a.png"])
async def test_without_the_secret_there_is_nothing(
    page: Page, http: aiohttp.ClientSession, path: str
) -> None:
    origin = page.url.rsplit("/", 2)[0]

    async with http.get(f"{origin}/guessed/{path}") as response:
        assert response.status == 403
        assert "address is incomplete" in await response.text()


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_other_sites_and_other_names_are_refused(
    page: Page, http: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    async with http.get(f"{page.url}about", headers=headers) as response:
        assert response.status == 403
    async with http.post(f"{page.url}act", json={"what": "send"}, headers=headers) as response:
        assert response.status == 403


async def test_a_form_of_another_site_cannot_act(page: Page, http: aiohttp.ClientSession) -> None:
    async with http.post(
        f"{page.url}act", data='{"what": "send"}', headers={"Content-Type": "text/plain"}
    ) as response:
        assert response.status == 403


async def test_the_pages_own_script_may_act(page: Page, http: aiohttp.ClientSession) -> None:
    own = {"Origin": page.url.rsplit("/", 2)[0], "Sec-Fetch-Site": "same-origin"}

    async with http.post(f"{page.url}act", json={"what": "send"}, headers=own) as response:
        assert response.status == 422
    async with http.post(f"{page.url}act", json=[], headers=own) as response:
        assert response.status == 400


async def test_every_answer_forbids_foreign_and_inline_code(page: Page, http: aiohttp.ClientSession) -> None:
    for path in ("", "app.js", "about", "no-such-file", "media/attachments/1/2/a.png"):
        async with http.get(page.url + path) as response:
            policy = response.headers["Content-Security-Policy"]
            assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
            assert "unsafe" not in policy
            assert "img-src 'self' blob: data: http://127.0.0.1:8099;" in policy
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert response.headers["Referrer-Policy"] == "no-referrer"
            assert response.headers["X-Frame-Options"] == "DENY"


async def test_only_the_pages_own_files_are_served(page: Page, http: aiohttp.ClientSession) -> None:
    for path in ("__init__.py", "..%2f_guard.py", "static", "media/%2e%2e/secret"):
        async with http.get(page.url + path) as response:
            assert response.status == 404


async def test_every_file_of_the_page_is_served_as_what_it_is(
    page: Page, http: aiohttp.ClientSession
) -> None:
    kinds = {"html": "text/html", "css": "text/css", "js": "text/javascript"}

    for file in STATIC.iterdir():
        async with http.get(page.url + file.name) as response:
            assert response.status == 200, file.name
            assert response.content_type in {kinds[file.name.rsplit(".")[-1]], "application/javascript"}


def test_text_of_messages_can_only_become_text() -> None:
    scripts = [file for file in STATIC.iterdir() if file.name.endswith(".js")]

    assert len(scripts) >= 8
    for file in scripts:
        source = file.read_text(encoding="utf-8")
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", source
        )
    page = STATIC.joinpath("index.html").read_text(encoding="utf-8")
    assert not re.search(r"\son\w+=|<script>|style=", page)
