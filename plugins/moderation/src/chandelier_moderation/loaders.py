"""The commands, buttons and forms of every room."""

from __future__ import annotations

from chandelier_moderation import commands
from chandelier_moderation.acting import commands as acting
from chandelier_moderation.acting import menu
from chandelier_moderation.acting import watching as upkeep
from chandelier_moderation.appeals import handlers as appeals
from chandelier_moderation.bulk.doors import LOADERS as BULK
from chandelier_moderation.casebook import commands as casebook
from chandelier_moderation.casebook import listening
from chandelier_moderation.cleaning import commands as cleaning
from chandelier_moderation.enforcing.loaders import LOADERS as AUTOMOD
from chandelier_moderation.native import handlers as native
from chandelier_moderation.pinger import commands as pinger
from chandelier_moderation.raid import handlers as raid
from chandelier_moderation.watching import commands as watching

__all__ = ["LOADERS"]

LOADERS = (
    commands.loader,
    acting.loader,
    menu.loader,
    upkeep.loader,
    casebook.loader,
    listening.loader,
    *BULK,
    appeals.loader,
    raid.loader,
    cleaning.loader,
    pinger.loader,
    watching.loader,
    native.loader,
    *AUTOMOD,
)
