"""``chandelier plugins``: which plugins are installed, and which of them can run."""

from __future__ import annotations

from typing import Any

import click

from chandelier.cli.installed import Installed, InstalledPlugin
from chandelier.cli.output import EXIT_PROBLEM, json_option, print_json, table

__all__ = ["plugins_group"]


@click.group("plugins")
def plugins_group() -> None:
    """See the installed plugins."""


@plugins_group.command("list")
@json_option
@click.pass_obj
def list_command(installed: Installed, as_json: bool) -> None:
    """List every installed plugin; exit code 1 when one of them cannot run."""
    plugins = installed.plugins
    if as_json:
        print_json([_row(plugin) for plugin in plugins])
    else:
        rows = [
            (
                plugin.name,
                plugin.candidate.version,
                "cannot run" if plugin.problem else "ready",
                plugin.problem or (plugin.description.manifest.summary if plugin.description else ""),
            )
            for plugin in plugins
        ]
        table(("plugin", "version", "state", ""), rows)
    if any(plugin.problem for plugin in plugins):
        raise click.exceptions.Exit(EXIT_PROBLEM)


def _row(plugin: InstalledPlugin) -> dict[str, Any]:
    described = plugin.description
    return {
        "name": plugin.name,
        "distribution": plugin.candidate.distribution,
        "version": plugin.candidate.version,
        "config_version": plugin.candidate.config_version,
        "storage_revision": plugin.candidate.storage_revision,
        "summary": described.manifest.summary if described else None,
        "state": "refused" if plugin.candidate.verdict else "broken" if plugin.problem else "ready",
        "problem": plugin.problem,
    }
