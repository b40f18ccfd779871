"""The command line: ``chandelier …``. Commands live in rooms of their own and are imported when needed.

Exit codes: 0 all is well; 1 a problem was found, or the command could not do what it was asked; 2 the
command line is wrong; 78 the config is missing something or wrong.
"""

from __future__ import annotations

import importlib
from typing import Any, cast

import click

from chandelier.config.problems import ConfigError, nearest
from chandelier.errors import ChandelierError

__all__ = ["main"]

_COMMANDS = {
    "init": "chandelier.cli.init:init_command",
    "run": "chandelier.cli.run:run_command",
    "demo": "chandelier.cli.demo:demo_command",
    "upgrade": "chandelier.cli.upgrade:upgrade_command",
    "check": "chandelier.cli.check:check_command",
    "status": "chandelier.cli.host:status_command",
    "logs": "chandelier.cli.host:logs_command",
    "plugins": "chandelier.cli.plugins:plugins_group",
    "config": "chandelier.cli.config:config_group",
    "db": "chandelier.cli.db:db_group",
    "data": "chandelier.cli.data:data_group",
    "feedback": "chandelier.cli.feedback:feedback_group",
    "vault": "chandelier.cli.vault:vault_group",
    "audit": "chandelier.cli.audit:audit_group",
}
"""The host's own commands in the order of the help; a plugin cannot take their names."""


class _Root(click.Group):
    """Imports commands late, adds those of plugins, and turns the host's errors into exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*_COMMANDS, *sorted(name for name in self._added(ctx) if name not in _COMMANDS)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        target = _COMMANDS.get(cmd_name)
        if target is None:
            return self._added(ctx).get(cmd_name)
        module, _, attribute = target.partition(":")
        return cast("click.Command", getattr(importlib.import_module(module), attribute))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            known = self.list_commands(ctx)
            meant = nearest(args[0], known) if args and args[0] not in known else None
            if meant is None:
                raise
            raise click.UsageError(f"{error.message} Did you mean {meant!r}?", ctx) from None

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ChandelierError as error:
            from chandelier.cli.output import EXIT_CONFIG, EXIT_PROBLEM, fail

            fail(error, EXIT_CONFIG if isinstance(error, ConfigError) else EXIT_PROBLEM)
        except OSError as error:
            if error.filename is None:  # a closed pipe, for one, which click knows how to end on
                raise
            from chandelier.cli.output import EXIT_PROBLEM, fail

            fail(f"{error.filename} cannot be used: {error.strerror}; look at its permissions", EXIT_PROBLEM)

    def _added(self, ctx: click.Context) -> dict[str, click.Command]:
        """The plugins' commands; what went wrong with them is said once, on standard error."""
        kept: dict[str, dict[str, click.Command]] = ctx.meta
        if _ADDED not in kept:
            from chandelier.cli.output import console

            commands, trouble = ctx.ensure_object(_installed()).commands()
            for line in trouble:
                console(err=True).print("warning:", line, style="yellow", markup=False)
            for name in sorted(commands.keys() & _COMMANDS.keys()):
                console(err=True).print(
                    f"warning: a plugin's command {name!r} is left out: the host has one of that name",
                    style="yellow",
                    markup=False,
                )
            kept[_ADDED] = commands
        return kept[_ADDED]


_ADDED = "chandelier.cli.commands of plugins"


def _installed() -> Any:
    from chandelier.cli.installed import Installed

    return Installed


@click.group(
    cls=_Root,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 all is well, 1 a problem was found, 2 wrong command line, 78 bad config.",
)
@click.version_option(package_name="chandelier", prog_name="chandelier")
@click.pass_context
def main(ctx: click.Context) -> None:
    """A Discord bot whose features are ordinary Python packages."""
    ctx.ensure_object(_installed())
