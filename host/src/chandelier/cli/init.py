"""``chandelier init``: a config.toml to start from, with every setting of the host and of each plugin."""

from __future__ import annotations

import os
from pathlib import Path

import click

from chandelier.cli.installed import Installed
from chandelier.cli.output import EXIT_PROBLEM, config_option, console, fail
from chandelier.config.file import write_atomically
from chandelier.config.host import HostConfig
from chandelier.config.render import render_default

__all__ = ["init_command"]


@click.command("init")
@config_option
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
@click.pass_obj
def init_command(installed: Installed, config_path: Path, force: bool) -> None:
    """Write a commented config.toml with every setting, its default and what it allows."""
    if os.path.lexists(config_path) and not force:
        fail(
            f"{config_path} is there already and stays as it is. To start over: chandelier init --force",
            EXIT_PROBLEM,
        )
    text = render_default({"chandelier": HostConfig, **installed.schemas()})
    try:
        config_path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(config_path, text)
    except OSError as error:
        fail(f"{config_path} cannot be written: {error.strerror}; look at its folder", EXIT_PROBLEM)
    out = console()
    out.print(f"Wrote [bold]{config_path}[/].")
    out.print(
        "Next: [bold]export CHANDELIER_TOKEN=…[/], [bold]chandelier check[/] and [bold]chandelier run[/]."
    )
