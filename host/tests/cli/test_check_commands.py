"""`chandelier check` says offline what the plan for Discord's list of commands will be."""

from __future__ import annotations

import json


def test_check_says_which_commands_discord_will_not_be_asked_for(type_in, install) -> None:
    install(
        "stranger",
        """
@loader.command
class Status(lightbulb.SlashCommand, name="status", description="Mine"):
    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context) -> None: ...

@loader.command(guilds=[7])
class Shout(lightbulb.SlashCommand, name="SHOUT", description="Loud"):
    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context) -> None: ...
""",
    )

    found = json.loads(type_in("check", "--json").stdout)["findings"]

    assert [(one["level"], one["message"]) for one in found if one["area"] == "commands"] == [
        (
            "warning",
            "plugin stranger: /status is left out: plugin core already provides it; disable one of the two",
        ),
        ("warning", "plugin stranger: /SHOUT is left out in guild 7: its name 'SHOUT' must be in lower case"),
    ]
