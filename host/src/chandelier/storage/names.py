"""Who owns which table: the prefix of a plugin's tables, and the table that holds its revision."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["HOST_NAME", "owners", "table_prefix", "version_table"]

HOST_NAME = "chandelier"
"""The host's own name among the histories: no plugin may take it."""

_VERSION_PREFIX = f"{HOST_NAME}_version_"


def table_prefix(plugin: str) -> str:
    """What the names of a plugin's tables and indexes start with: ``moderation`` → ``moderation_``."""
    return f"{plugin}_"


def version_table(plugin: str) -> str:
    """The table with the revision of a plugin's tables, written in the transaction that changes them."""
    return _VERSION_PREFIX + plugin


def owners(tables: Iterable[str]) -> dict[str, list[str]]:
    """Group the tables of a database by the plugin they belong to.

    Plugins are known by their version tables, and the longest prefix wins, so ``red_eye_watches`` is
    ``red_eye``'s even when a plugin ``red`` is there. Tables of nobody are left out.
    """
    names = sorted(tables)
    plugins = {name.removeprefix(_VERSION_PREFIX) for name in names if name.startswith(_VERSION_PREFIX)}
    found: dict[str, list[str]] = {each: [version_table(each)] for each in sorted(plugins)}
    for name in names:
        if name.startswith(_VERSION_PREFIX):
            continue
        fitting = [each for each in plugins if name.startswith(table_prefix(each))]
        if fitting:
            found[max(fitting, key=len)].append(name)
    return found
