"""Recognising products in the embeds that monitor bots post, in the many shapes that they have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import attrs
import hikari

from chandelier_luisaviaroma.shop import SHOP, codes_in, picture_code, product_at, shop_urls_in

__all__ = ["Find", "Shown", "finds_in", "shown_by"]

_LABELS: Final = frozenset(
    {"article", "code", "id", "item", "itemcode", "itemid", "pid", "productcode", "productid", "sku", "style"}
)
_PRICES: Final = ("price", "prezzo", "sale price", "our price")
_LONGEST_TITLE: Final = 200
_LONGEST_PRICE: Final = 60


@attrs.frozen(kw_only=True)
class Shown:
    """What an embed shows, whether it came as JSON from the gateway or as hikari's object from REST."""

    title: str = ""
    url: str = ""
    description: str = ""
    author: str = ""
    author_url: str = ""
    footer: str = ""
    pictures: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()

    @classmethod
    def from_payload(cls, embed: Mapping[str, Any]) -> Shown:
        """An embed of a raw message. https://discord.com/developers/docs/resources/message#embed-object"""
        author, footer = embed.get("author") or {}, embed.get("footer") or {}
        pictures = (embed.get("thumbnail") or {}).get("url"), (embed.get("image") or {}).get("url")
        return cls(
            title=embed.get("title") or "",
            url=embed.get("url") or "",
            description=embed.get("description") or "",
            author=author.get("name") or "",
            author_url=author.get("url") or "",
            footer=footer.get("text") or "",
            pictures=tuple(url for url in pictures if url),
            fields=tuple(
                (each.get("name") or "", each.get("value") or "") for each in embed.get("fields") or ()
            ),
        )

    @classmethod
    def from_embed(cls, embed: hikari.Embed) -> Shown:
        """An embed of a fetched message."""
        author, footer = embed.author, embed.footer
        pictures = [picture.url for picture in (embed.thumbnail, embed.image) if picture is not None]
        return cls(
            title=embed.title or "",
            url=embed.url or "",
            description=embed.description or "",
            author=(author.name if author is not None else None) or "",
            author_url=(author.url if author is not None else None) or "",
            footer=(footer.text if footer is not None else None) or "",
            pictures=tuple(pictures),
            fields=tuple((each.name or "", each.value or "") for each in embed.fields),
        )


@attrs.frozen(kw_only=True)
class Find:
    """A product in a post."""

    product_id: str
    title: str
    url: str | None
    """Its page; None when the post does not link it."""
    price: str | None
    """As the post shows it, for people only."""


def shown_by(payload: Mapping[str, Any]) -> list[Shown]:
    """The embeds of a raw message."""
    return [Shown.from_payload(embed) for embed in payload.get("embeds") or ()]


def finds_in(embeds: Sequence[Shown]) -> list[Find]:
    """The different products of this shop that a post shows."""
    found: dict[str, Find] = {}
    for embed in embeds:
        find = _find(embed)
        if find is not None:
            found.setdefault(find.product_id, find)
    return list(found.values())


def _find(embed: Shown) -> Find | None:
    """The product of one embed: by its links, else by a labelled code, a picture, or a single code in text.

    Only the shop's links make an embed the shop's, or its name in author, footer or title together with a
    code; and where two codes are equally likely there is none.
    """
    if not _mentions_shop(embed):
        return None  # decided first and cheaply: every bot's embed comes by here
    linked = [product for url in _links(embed) if (product := product_at(url)) is not None]
    if linked:
        product = linked[0]  # the title's link comes first, and is what a click on the post opens
        return _made(embed, product.product_id, product.url)
    named = SHOP.lower() in f"{embed.author} {embed.footer} {embed.title}".replace(" ", "").lower()
    if not named and not any(True for _ in _links(embed)):
        return None
    for codes in (_labelled(embed), _pictured(embed), _written(embed)):
        if len(codes) == 1:
            return _made(embed, codes[0], None)
        if codes:
            return None
    return None


def _mentions_shop(embed: Shown) -> bool:
    """Whether the shop's name is anywhere in the text or the links; also "Luisa Via Roma"."""
    parts = [embed.url, embed.title, embed.author, embed.author_url, embed.footer, embed.description]
    parts += [value for _, value in embed.fields]
    return SHOP.lower() in "\n".join(parts).replace(" ", "").lower()


def _made(embed: Shown, product_id: str, url: str | None) -> Find:
    title = " ".join((embed.title or embed.author or product_id).split())
    price = next((value for name, value in embed.fields if name.strip().lower() in _PRICES), None)
    shown = " ".join(re.sub(r"[*_~`|]", "", price).split())[:_LONGEST_PRICE] if price else None
    return Find(product_id=product_id, title=title[:_LONGEST_TITLE], url=url, price=shown or None)


def _links(embed: Shown) -> Iterator[str]:
    """Addresses of the shop, the most telling first."""
    texts = (
        embed.url,
        embed.title,
        embed.description,
        *(value for _, value in embed.fields),
        embed.author_url,
    )
    for text in texts:
        if text:
            yield from shop_urls_in(text)


def _labelled(embed: Shown) -> list[str]:
    """Codes in fields such as "SKU" or "Product ID"."""
    texts = [value for name, value in embed.fields if re.sub(r"[^a-z]", "", name.lower()) in _LABELS]
    return codes_in("\n".join(texts))


def _pictured(embed: Shown) -> list[str]:
    codes = [code for url in embed.pictures if (code := picture_code(url)) is not None]
    return list(dict.fromkeys(codes))


def _written(embed: Shown) -> list[str]:
    fields = (text for field in embed.fields for text in field)
    return codes_in("\n".join((embed.title, embed.description, embed.footer, *fields)))
