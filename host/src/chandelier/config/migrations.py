"""Steps between versions of a plugin's config section, each with its inverse, and how they are applied.

The same steps serve a table of ``config.toml`` (tomlkit: comments, order and formatting survive) and the
stored settings of guilds (plain dicts).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any

import attrs

from chandelier.barrier import holding
from chandelier.errors import PluginError

__all__ = ["ConfigMigration", "Step", "Stride", "change_value", "migrated", "plan", "rename_key"]

Step = Callable[[MutableMapping[str, Any]], None]
"""Changes a config section in place: a table of ``config.toml``, or a guild's stored settings."""


@attrs.frozen
class ConfigMigration:
    """The step from version ``to_version - 1`` to ``to_version`` of a config section, and back.

    Both functions change the section in place and leave ``version`` alone. They also see the stored
    settings of single guilds, which hold only some of the keys: a missing key is never an error. Use
    ``rename_key`` and ``change_value``: they keep comments and order.
    """

    to_version: int
    upgrade: Step
    downgrade: Step

    def __attrs_post_init__(self) -> None:
        if self.to_version < 2:
            raise ValueError(f"a migration leads to version 2 or later, not to {self.to_version}")


@attrs.frozen
class Stride:
    """One step to take, up or down, with the versions before and after it."""

    before: int
    after: int
    step: Step

    def take(self, section: MutableMapping[str, Any]) -> None:
        """Change a section in place; PluginError when the step fails (the section may be half changed)."""
        try:
            with holding():
                self.step(section)
        except Exception as error:
            raise PluginError(
                f"the config migration from version {self.before} to {self.after} failed: "
                f"{type(error).__name__}: {error}; this is a defect of the plugin, nothing was written"
            ) from error


def plan(current: int, target: int, migrations: Sequence[ConfigMigration]) -> tuple[Stride, ...]:
    """The strides from one version to another, in order; empty when they are the same.

    Raises PluginError when a step is missing or there are two for one version.
    """
    steps: dict[int, ConfigMigration] = {}
    for migration in migrations:
        if migration.to_version in steps:
            raise PluginError(f"there are two config migrations to version {migration.to_version}")
        steps[migration.to_version] = migration
    lower, upper = sorted((current, target))
    missing = [version for version in range(lower + 1, upper + 1) if version not in steps]
    if missing:
        raise PluginError(
            f"there is no config migration to version {missing[0]}, needed between {current} and {target}"
        )
    if current <= target:
        return tuple(
            Stride(version - 1, version, steps[version].upgrade) for version in range(current + 1, target + 1)
        )
    return tuple(
        Stride(version, version - 1, steps[version].downgrade) for version in range(current, target, -1)
    )


def migrated(
    values: Mapping[str, Any], *, current: int, target: int, migrations: Sequence[ConfigMigration]
) -> dict[str, Any]:
    """A migrated copy of plain values, such as a guild's stored settings; see ``plan`` for the errors."""
    section = copy.deepcopy(dict(values))
    for stride in plan(current, target, migrations):
        stride.take(section)
    return section


def rename_key(section: MutableMapping[str, Any], old: str, new: str) -> None:
    """Give a key another name in its place, with its comment; nothing happens when it is not there.

    Raises KeyError when the new name is taken.
    """
    if old not in section or old == new:
        return
    if new in section:
        raise KeyError(f"{old} cannot become {new}: that is set too")
    if type(section) is dict:
        renamed = {new if key == old else key: value for key, value in section.items()}
        section.clear()
        section.update(renamed)
    else:
        # Late, because only a migration of a document needs tomlkit, and it takes its time to import.
        from chandelier.config.written import rename_written

        rename_written(section, old, new)


def change_value(section: MutableMapping[str, Any], key: str, convert: Callable[[Any], Any]) -> None:
    """Replace a value by ``convert(value)`` in its place; nothing happens when the key is not there.

    ``convert`` gets plain data. A value that comes back equal is left as it was written.
    """
    if key not in section:
        return
    item = section[key]
    before: Any = item.unwrap() if hasattr(item, "unwrap") else item
    after = convert(copy.deepcopy(before))
    if type(after) is not type(before) or after != before:
        section[key] = after
