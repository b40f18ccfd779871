"""The commands, buttons and forms of every room."""

from __future__ import annotations

from chandelier_moderation import commands
from chandelier_moderation.appeals import handlers as appeals
from chandelier_moderation.bulk import handlers as bulk
from chandelier_moderation.bulk import lock_commands, mass_commands
from chandelier_moderation.casebook import commands as casebook
from chandelier_moderation.cleaning import commands as cleaning
from chandelier_moderation.enforcing.loaders import LOADERS as AUTOMOD
from chandelier_moderation.native import handlers as native
from chandelier_moderation.pinger import commands as pinger
from chandelier_moderation.raid import handlers as raid
from chandelier_moderation.watching import commands as watching

__all__ = ["LOADERS"]

LOADERS = (
    commands.loader,
    casebook.loader,
    bulk.loader,
    mass_commands.loader,
    lock_commands.loader,
    appeals.loader,
    raid.loader,
    cleaning.loader,
    pinger.loader,
    watching.loader,
    native.loader,
    *AUTOMOD,
)
