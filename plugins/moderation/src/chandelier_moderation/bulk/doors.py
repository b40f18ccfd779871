"""What this room offers to people and to the host: its loaders. Imported late, as they name the plugin."""

from __future__ import annotations

from chandelier_moderation.bulk import handlers, lock_commands, mass_commands, menus, undo_buttons

__all__ = ["LOADERS"]

LOADERS = (
    handlers.loader,
    lock_commands.loader,
    mass_commands.loader,
    menus.loader,
    undo_buttons.loader,
)
