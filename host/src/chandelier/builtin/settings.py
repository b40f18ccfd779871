"""The settings of the plugin ``core``, which servers may change."""

from __future__ import annotations

from chandelier.config.schema import schema, setting

__all__ = ["AUTOMATIC", "CoreConfig"]

AUTOMATIC = "auto"


@schema(version=1)
class CoreConfig:
    """The section ``[plugins.core]``."""

    language: str = setting(
        AUTOMATIC,
        help="The language of what everybody in a server reads: a code such as it or en-US; auto for the one "
        "in Discord's server settings.",
        guild=True,
        pattern=r"auto|[a-z]{2}(-[A-Z0-9]{2,3})?",
    )
