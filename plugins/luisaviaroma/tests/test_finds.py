"""The shapes of monitors' posts, from raw JSON and from hikari's objects alike."""

from __future__ import annotations

import hikari
import pytest

from chandelier_luisaviaroma.finds import Find, Shown, finds_in, shown_by
from chandelier_luisaviaroma.picking import is_link, may_be_find

PAGE = "https://www.luisaviaroma.com/en-it/p/golden-lantern/men/80I-GLN001"


def one(embed) -> Find | None:
    found = finds_in(shown_by({"embeds": [embed]}))
    assert len(found) <= 1
    return found[0] if found else None


@pytest.mark.parametrize(
    "embed",
    [
        {"title": "Sneakers", "url": f"{PAGE}?lvrid=_p"},
        {"title": f"[Sneakers]({PAGE})"},
        {"title": "Sneakers", "description": f"In stock: {PAGE}"},
        {"title": "Sneakers", "fields": [{"name": "Link", "value": f"[open]({PAGE})"}]},
        {"title": "Sneakers", "author": {"name": "LVR", "url": PAGE}},
        {
            "title": "Sneakers",
            "url": f"https://go.example/?to={PAGE.replace(':', '%3A').replace('/', '%2F')}",
        },
        {"author": {"name": "LUISAVIAROMA"}, "fields": [{"name": "PID", "value": "`80I-GLN001`"}]},
        {"author": {"name": "Luisa Via Roma"}, "fields": [{"name": "Product ID", "value": "80i-gln001"}]},
        {"footer": {"text": "luisaviaroma monitor"}, "fields": [{"name": "SKU:", "value": "80I-GLN001"}]},
        {"title": "LuisaViaRoma restock", "description": "80I-GLN001 in 41, 42"},
        {
            "author": {"name": "LUISAVIAROMA"},
            "thumbnail": {"url": "https://images.lvrcdn.com/Big80I/GLN/001_8bb728d9.JPG"},
        },
        {
            "url": "https://www.luisaviaroma.com/en-it/shop/men",
            "fields": [{"name": "SKU", "value": "80I-GLN001"}],
        },
    ],
    ids=lambda embed: str(embed)[:50],
)
def test_a_product_is_recognised(embed):
    found = one(embed)
    assert found is not None
    assert found.product_id == "80I-GLN001"


@pytest.mark.parametrize(
    "embed",
    [
        {},
        {"title": "Sneakers", "url": "https://shop.example/80I-GLN001"},
        {"title": "80I-GLN001", "fields": [{"name": "SKU", "value": "80I-GLN001"}]},
        {"title": "LUISAVIAROMA sale", "description": "Up to 50 %"},
        {"title": "LUISAVIAROMA", "description": "80I-GLN001 and 81I-MLU014"},
        {"title": "Sale", "url": "https://www.luisaviaroma.com/en-it/shop/men"},
        {"title": "Sneakers", "url": "https://luisaviaroma.com.evil.example/p/80I-GLN001"},
    ],
    ids=str,
)
def test_what_is_not_certainly_one_of_the_shops_products_is_not(embed):
    assert one(embed) is None


def test_what_the_title_links_counts_before_what_else_is_shown():
    more = {"name": "Also", "value": "https://www.luisaviaroma.com/en-it/p/81I-MLU014"}
    found = one(
        {
            "title": " Super-Moth\n sneakers ",
            "url": PAGE,
            "fields": [more, {"name": "Price", "value": "**288 €**"}],
        }
    )

    assert found == Find(product_id="80I-GLN001", title="Super-Moth sneakers", url=PAGE, price="288 €")


def test_a_post_with_several_embeds_has_several_products():
    embeds = [{"title": str(n), "url": f"{PAGE[:-1]}{n}"} for n in (1, 2, 2)]
    assert [found.product_id for found in finds_in(shown_by({"embeds": embeds}))] == [
        "80I-GLN001",
        "80I-GLN002",
    ]


def test_a_fetched_message_shows_the_same_as_a_raw_one():
    payload = {
        "title": "Sneakers",
        "url": PAGE,
        "description": "In stock",
        "author": {"name": "LVR", "url": "https://lvr.example"},
        "footer": {"text": "monitor"},
        "thumbnail": {"url": "https://images.lvrcdn.com/a.jpg"},
        "fields": [{"name": "SKU", "value": "80I-GLN001"}],
    }
    embed = hikari.Embed(title="Sneakers", url=PAGE, description="In stock")
    embed.set_author(name="LVR", url="https://lvr.example").set_footer("monitor")
    embed.set_thumbnail("https://images.lvrcdn.com/a.jpg").add_field("SKU", "80I-GLN001")

    assert Shown.from_embed(embed) == Shown.from_payload(payload)
    assert Shown.from_embed(hikari.Embed()) == Shown.from_payload({})


# ---- the filters on raw payloads

POST = {"guild_id": "1", "author": {"id": "2", "bot": True}, "embeds": [{"url": PAGE}]}


@pytest.mark.parametrize(
    ("changed", "passes"),
    [
        ({}, True),
        ({"author": {"id": "2"}, "webhook_id": "2"}, True),
        ({"author": None}, True),  # an update may leave it out
        ({"author": {"id": "2"}}, False),  # a person
        ({"embeds": []}, False),
        ({"embeds": None}, False),
        ({"embeds": [{"title": "hello"}]}, False),
    ],
)
def test_only_bots_posts_with_products_pass(changed, passes):
    payload = {key: value for key, value in (POST | changed).items() if value is not None}
    assert may_be_find(payload) is passes


def test_direct_messages_do_not_pass():
    assert not may_be_find({key: value for key, value in POST.items() if key != "guild_id"})


MEMBER = {"user": {"id": "3"}, "roles": []}


@pytest.mark.parametrize(
    ("payload", "passes"),
    [
        ({"emoji": {"id": None, "name": "🔗"}, "member": MEMBER}, True),
        ({"emoji": {"id": None, "name": "🔗\ufe0f"}, "member": MEMBER}, True),
        ({"emoji": {"id": None, "name": "🔥"}, "member": MEMBER}, False),
        ({"emoji": {"id": "9", "name": "🔗"}, "member": MEMBER}, False),
        ({"emoji": {"id": "9", "name": None}, "member": MEMBER}, False),
        ({"emoji": {"id": None, "name": "🔗"}, "member": {"user": {"id": "3", "bot": True}}}, False),
        ({"emoji": {"id": None, "name": "🔗"}}, False),  # in direct messages
    ],
)
def test_only_peoples_links_in_guilds_pass(payload, passes):
    assert is_link(payload) is passes
