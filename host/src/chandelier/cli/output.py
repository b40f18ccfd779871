"""How commands speak: exit codes, tables for people, JSON for programs, errors with the next step."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from chandelier.config.problems import ConfigError
from chandelier.errors import ChandelierError

__all__ = [
    "EXIT_CONFIG",
    "EXIT_OK",
    "EXIT_PROBLEM",
    "EXIT_USAGE",
    "complain",
    "config_option",
    "console",
    "fail",
    "json_option",
    "print_json",
    "table",
]

EXIT_OK = 0
EXIT_PROBLEM = 1
"""The command worked and found a problem, or could not do what it was asked."""
EXIT_USAGE = 2
"""The command line itself is wrong (click's own)."""
EXIT_CONFIG = 78
"""The config is missing something or wrong: EX_CONFIG of sysexits.h, which service managers know."""

_WANTS_JSON = "chandelier.cli.output of JSON"
_PIPE_WIDTH = 1000
"""Characters; wider than any line of a table."""

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


def console(*, err: bool = False) -> Console:
    """A rich console on standard output or error, as they are now."""
    return Console(file=sys.stderr if err else sys.stdout, highlight=False, soft_wrap=True)


def print_json(data: object) -> None:
    """Write data as JSON; everything that JSON does not know is written as text."""
    click.echo(json.dumps(data, indent=2, ensure_ascii=False, default=str))


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table for people; cells are plain text."""
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        drawn.add_column(column, overflow="fold")
    for row in rows:
        drawn.add_row(*(escape(cell) for cell in row))
    out = console()
    if out.is_terminal:
        out.print(drawn)
        return
    # A pipe has no width: nothing is cut or folded there, nor filled up with spaces.
    drawn_wide = Console(file=io.StringIO(), width=_PIPE_WIDTH)
    with drawn_wide.capture() as text:
        drawn_wide.print(drawn)
    for line in text.get().splitlines():
        click.echo(line.rstrip())


def complain(message: str) -> None:
    """Write an error for people to standard error."""
    console(err=True).print(f"[bold red]error[/]: {escape(message)}")


def fail(error: ChandelierError | str, code: int) -> NoReturn:
    """End the command: every problem in a line of its own, and with ``--json`` on standard output too."""
    lines = [str(problem) for problem in error.problems] if isinstance(error, ConfigError) else [str(error)]
    for line in lines:
        complain(line)
    if click.get_current_context().find_root().meta.get(_WANTS_JSON):
        print_json({"ok": False, "errors": lines})
    raise click.exceptions.Exit(code)


def json_option(function: FunctionT) -> FunctionT:
    """``--json``, for every command that prints data; `fail` prints JSON then too."""

    def remember(ctx: click.Context, _option: click.Parameter, wanted: bool) -> bool:
        ctx.find_root().meta[_WANTS_JSON] = wanted
        return wanted

    option = click.option(
        "--json", "as_json", is_flag=True, callback=remember, help="Print JSON for programs."
    )
    return option(function)


def config_option(function: FunctionT) -> FunctionT:
    """``--config PATH``, for every command that reads the deployment's config."""
    return click.option(
        "--config",
        "config_path",
        # Whether it can be read is the config's own affair, which ends with 78.
        type=click.Path(path_type=Path, readable=False),
        default=Path("config.toml"),
        envvar="CHANDELIER_CONFIG",
        show_default=True,
        show_envvar=True,
        help="The deployment's config file.",
    )(function)
