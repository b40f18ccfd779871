"""Editing a TOML document where it is written, so that comments, order and formatting survive.

Everything that needs to know how tomlkit keeps a document is here.
"""

from __future__ import annotations

from typing import Any

from tomlkit.container import Container, OutOfOrderTableProxy
from tomlkit.items import AoT, InlineTable, SingleKey, Table

__all__ = ["rename_written"]


def rename_written(section: Any, old: str, new: str) -> None:
    """Rename a key of a tomlkit table in as many places as it is written: dotted keys and headers repeat it.

    tomlkit has no public way to do this in place; removing and adding would lose comments and order.
    Whoever migrates a document proves the text afterwards, see ``Deployment.migrate``. Raises TypeError
    for what is no table of tomlkit.
    """
    if not isinstance(section, Table | InlineTable | Container | OutOfOrderTableProxy):
        raise TypeError(f"a config section is a dict or a table of tomlkit, not {type(section).__name__}")
    proxied = isinstance(section, OutOfOrderTableProxy)
    if proxied:
        container = section._internal_container
    else:
        container = section if isinstance(section, Container) else section.value
    # Out of the maps while the keys, which the parts of a proxy share, change their hash.
    maps: list[dict[Any, Any]] = [container._map, *([section._tables_map] if proxied else [])]
    places = [one.pop(SingleKey(old)) for one in maps]
    for table in section._tables if proxied else ():
        if SingleKey(old) in table.value._map:
            rename_written(table, old, new)
    for key, item in container.body:
        if isinstance(key, SingleKey) and key.key == old:
            blanks = key._original[len(key._original.rstrip()) :]
            fresh = SingleKey(new, t=None if key.is_bare() else key.t)
            key.key, key.t, key._original = new, fresh.t, fresh.as_string() + blanks
            if isinstance(item, Table | AoT):
                item.invalidate_display_name()
    for one, place in zip(maps, places, strict=True):
        one[SingleKey(new)] = place
    views: tuple[dict[str, Any], ...] = (section, container)
    for view in views:
        if dict.__contains__(view, old):
            dict.__setitem__(view, new, dict.pop(view, old))
