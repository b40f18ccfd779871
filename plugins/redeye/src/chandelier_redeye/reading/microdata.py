"""HTML microdata, the elder way to say the same as JSON-LD, turned into the same nodes.

Source: https://html.spec.whatwg.org/multipage/microdata.html
"""

from __future__ import annotations

from typing import Any, Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from chandelier_redeye.reading.jsonld import Node

__all__ = ["read_items"]

_URL_ATTRIBUTES: Final = {"a": "href", "area": "href", "link": "href", "img": "src", "object": "data"}
_DEEPEST: Final = 12
_MOST_ITEMS: Final = 2_000


def read_items(tree: LexborHTMLParser) -> list[Node]:
    """The top-level items of a page as JSON-LD nodes."""
    scopes = tree.css("[itemscope]")
    if len(scopes) > _MOST_ITEMS:
        return []
    return [_item(scope, 0) for scope in scopes if _stands_alone(scope)]


def _stands_alone(scope: LexborNode) -> bool:
    """Whether an item is no property of another and not shown inside another product."""
    above = scope.parent
    is_property = "itemprop" in scope.attributes
    while above is not None:
        if "itemscope" in above.attributes and (
            is_property or (above.attributes.get("itemtype") or "").lower().endswith("product")
        ):
            return False
        above = above.parent
    return True


def _item(scope: LexborNode, depth: int) -> Node:
    node: Node = {}
    if kind := scope.attributes.get("itemtype"):
        node["@type"] = kind.split()
    if name := scope.attributes.get("itemid"):
        node["@id"] = name
    if depth < _DEEPEST:
        _collect(scope, node, depth)
    return node


def _collect(scope: LexborNode, node: Node, depth: int) -> None:
    """Put the properties below an element into ``node``, not descending into other items."""
    waiting = list(scope.iter(include_text=False))
    while waiting:
        element = waiting.pop(0)
        attributes = element.attributes
        is_item = "itemscope" in attributes
        names = (attributes.get("itemprop") or "").split()
        if names:
            value: Any = _item(element, depth + 1) if is_item else _value(element)
            for name in names:
                if value in (None, ""):
                    continue
                if name in node:
                    known = node[name]
                    node[name] = [*known, value] if isinstance(known, list) else [known, value]
                else:
                    node[name] = value
        if not is_item:
            waiting = [*element.iter(include_text=False), *waiting]


def _value(element: LexborNode) -> str | None:
    attributes = element.attributes
    tag = element.tag or ""
    if "content" in attributes:
        return (attributes["content"] or "").strip()
    if tag in _URL_ATTRIBUTES:
        return attributes.get(_URL_ATTRIBUTES[tag])
    if tag in {"data", "meter"}:
        return attributes.get("value")
    if tag == "time" and "datetime" in attributes:
        return attributes["datetime"]
    return element.text(deep=True, strip=True)
