"""What the redactor knows: secrets by their type and tokens by their shape, but no innocent text."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chandelier.config.schema import schema, setting
from chandelier.config.secret import Secret
from chandelier.observe.redact import Redactor

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcDe.abcdefghijklmnopqrstuvwxyz0123456789AB"


@schema
class Inner:
    key: Secret | None = setting(None, help="a key")


@schema(version=1)
class ShopConfig:
    password: Secret | None = setting(None, help="a password")
    inner: Inner = setting(factory=Inner, help="a part")
    name: str = setting("shop", help="no secret")


def test_secrets_are_found_in_a_config_by_their_type() -> None:
    redactor = Redactor()
    redactor.learn(ShopConfig(password=Secret("hunter2"), inner=Inner(key=Secret("k-4711")), name="market"))

    assert redactor.text("hunter2 k-4711 market") == "<secret> <secret> market"


@given(st.text(min_size=4, max_size=40))
def test_a_known_secret_never_survives_in_any_of_its_spellings(secret: str) -> None:
    redactor = Redactor()
    redactor.learn(secret)

    for spelling in (secret, quote(secret, safe=""), repr(secret)[1:-1]):
        assert spelling not in redactor.text(f"[{spelling}]").replace("<secret>", "")


def test_the_longer_of_two_secrets_is_removed_whole() -> None:
    redactor = Redactor()
    redactor.learn("hunter")
    redactor.learn("hunter2-and-more")

    assert redactor.text("hunter2-and-more") == "<secret>"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"login with {TOKEN} failed", "login with <secret> failed"),
        (f"{{'Authorization': 'Bot {TOKEN}'}}", "{'Authorization': 'Bot <secret>'}"),
        ("Authorization: Basic YWxpY2U6c2VjcmV0", "Authorization: Basic <secret>"),
        (
            "PATCH https://discord.com/api/v10/webhooks/123456789012345678/aW50ZXJhY3Rpb246MTIzNDU2/messages",
            "PATCH https://discord.com/api/v10/webhooks/123456789012345678/<secret>/messages",
        ),
        (
            "POST /interactions/123456789012345678/aW50ZXJhY3Rpb246MTIzNDU2Nzg5/callback",
            "POST /interactions/123456789012345678/<secret>/callback",
        ),
        ("postgresql://bot:pa55word@db/chandelier", "postgresql://bot:<secret>@db/chandelier"),
    ],
)
def test_tokens_are_known_by_their_shape(text: str, expected: str) -> None:
    assert Redactor().text(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "alice warned bob in #general: spam",
        "https://www.luisaviaroma.com/en-it/p/shoes/81I-0ABC123",
        "https://discord.com/channels/123456789012345678/223456789012345678/323456789012345678",
        "chandelier.plugins.moderation.commands.warn",
        "Bot internationalisation is a Basic responsibility of every Bearer of responsibilities",
        "mod@example.org wrote to alice@example.org at 12:30",
    ],
)
def test_innocent_text_stays_as_it_is(text: str) -> None:
    assert Redactor().text(text) == text


def test_data_keeps_its_shape_and_loses_its_secrets() -> None:
    redactor = Redactor()
    redactor.learn("hunter2")
    moment = datetime(2026, 1, 1, tzinfo=UTC)

    class Client:
        def __repr__(self) -> str:
            return "Client(key=hunter2)"

    clean = redactor.data({"hunter2": [1, ("hunter2", moment, None)], "client": Client()})

    assert clean == {"<secret>": [1, ("<secret>", moment, None)], "client": "Client(key=<secret>)"}


def test_an_object_that_cannot_be_shown_does_no_harm() -> None:
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    assert Redactor().data(Broken()) == "<Broken that cannot be shown: RuntimeError>"
