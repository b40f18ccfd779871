"""The loaders of the room's commands and buttons, which name the plugin's class and so come after it."""

from __future__ import annotations

from typing import Final

import chandelier
from chandelier_moderation.enforcing import (
    answering,
    commands,
    file_commands,  # registers with the group of `commands`
    keyword,
)

__all__ = ["LOADERS"]

LOADERS: Final[tuple[chandelier.Loader, ...]] = (commands.loader, keyword.loader, answering.loader)

assert file_commands
