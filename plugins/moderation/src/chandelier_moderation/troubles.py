"""What does not arrive, in a line each for the plugin's health."""

from __future__ import annotations

import chandelier
from chandelier_moderation.appeals.tables import Appeal
from chandelier_moderation.cards import trouble_of
from chandelier_moderation.tables import Case

__all__ = ["appeal_line", "case_line"]

_ = chandelier.Messages(__package__)


def appeal_line(appeal: Appeal) -> str:
    """An appeal that staff cannot see."""
    return _(
        "server {server}: the appeal against case #{number} could not be posted; look at the setting "
        "appeals_channel, then use /appeals",
        server=appeal.guild_id,
        number=appeal.number,
    )


def case_line(what: str, case: Case) -> str:
    """A case that is not in the log, or whose message stayed."""
    where = {"server": case.guild_id, "number": case.number}
    if what == "log":
        why = trouble_of(case)
        return _("server {server}, case #{number} was not posted in the log: {why}", **where, why=why)
    if what == "end":
        return _("server {server}, case #{number} is over, but I cannot end it", **where)
    return _(
        "server {server}, case #{number}: a message stayed; I need Manage Messages in {channel}",
        **where,
        channel=f"<#{case.channel_id}>",
    )
