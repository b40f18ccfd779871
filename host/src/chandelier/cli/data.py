"""``chandelier data``: what is stored about a person, for the owner who was asked for it."""

from __future__ import annotations

import base64
import contextlib
import inspect
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from chandelier.cli.claim import claim
from chandelier.cli.output import (
    EXIT_PROBLEM,
    complain,
    config_option,
    console,
    json_option,
    print_json,
    table,
)
from chandelier.cli.signals import run_until_told
from chandelier.config.deployment import Deployment
from chandelier.config.host import HostConfig
from chandelier.control.client import NotRunning, answers, data_folder
from chandelier.control.place import supported
from chandelier.observe.log import Logs
from chandelier.services.acting import Actor, acting
from chandelier.upgrading.journal import Journal

__all__ = ["data_group"]

_USER = click.IntRange(1, 2**63 - 1)


@click.group("data")
def data_group() -> None:
    """What is stored about a person: all of it as files, and erasing it."""


@data_group.command("export")
@click.argument("user", type=_USER)
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    show_default="the current folder",
    help="Where to write the files.",
)
@config_option
@json_option
def export_command(user: int, folder: Path, config_path: Path, as_json: bool) -> None:
    """Write everything that is stored about USER (a Discord id) to a file.

    The running bot is asked; when none runs, its plugins are set up for it without connecting to Discord.
    Ends with 1 when a plugin could not be asked; the file names it.
    """
    files: dict[str, bytearray] = {}
    missing: dict[str, str] = {}
    for item in _asked(config_path, "data.export", user=user):
        if "file" in item:
            files.setdefault(item["file"], bytearray()).extend(base64.b64decode(item["data"]))
        else:
            missing = item["missing"]
    folder.mkdir(parents=True, exist_ok=True)
    paths = [_write(folder / Path(name).name, bytes(content)) for name, content in files.items()]
    if as_json:
        print_json({"files": [str(path) for path in paths], "missing": missing})
    else:
        for path in paths:
            console().print(f"Wrote {path}", markup=False)
        for name, why in missing.items():
            complain(f"without what {name} stores: {why}")
    if missing:
        raise click.exceptions.Exit(EXIT_PROBLEM)


@data_group.command("erase")
@click.argument("user", type=_USER)
@click.option("--yes", is_flag=True, help="Do not ask.")
@config_option
@json_option
def erase_command(user: int, yes: bool, config_path: Path, as_json: bool) -> None:
    """Erase what is stored about USER (a Discord id), as the owner's decision.

    The running bot is asked, as for an export. A member's own /privacy erase keeps what others rely on, such
    as moderators' cases; this does not. Ends with 1 when something is left to do, which a plugin does when
    it runs again.
    """
    if not yes:
        click.confirm(
            f"Erase everything that is stored about the user {user}? It cannot be brought back.",
            abort=True,
            err=True,
        )
    [done] = _asked(config_path, "data.erase", user=user)
    if as_json:
        print_json(done)
    else:
        table(
            ("plugin", "erased", "kept", "left to do"),
            [
                (
                    part["plugin"],
                    str(part["erased"]),
                    "; ".join(
                        f"{one['count'] or ''} {one['what']}: {one['why']}".strip() for one in part["kept"]
                    ),
                    part["problem"] or "",
                )
                for part in done["parts"]
            ],
        )
    if not done["done"]:
        raise click.exceptions.Exit(EXIT_PROBLEM)


@data_group.command("erasures")
@config_option
@json_option
def erasures_command(config_path: Path, as_json: bool) -> None:
    """List erasures of which something is left to do, and what keeps it."""
    [rows] = _asked(config_path, "data.erasures")
    if as_json:
        print_json(rows)
    elif not rows:
        console().print("Nothing is left to do.", markup=False)
    for one in rows if not as_json else ():
        console().print(
            f"{one['reference']}  user {one['user']}, asked for at {one['asked_at']}", markup=False
        )
        for name in one["plugins"]:
            console().print(f"    {name}: {one['problems'].get(name, 'not tried yet')}", markup=False)


def _asked(config_path: Path, op: str, **args: Any) -> list[Any]:
    """Pieces of an answer, or the answer, of the running bot; without one, of a host set up for it."""
    folder = data_folder(config_path)
    if supported():
        with contextlib.suppress(NotRunning):
            return list(answers(folder, op, **args))
    return _offline(config_path, op, args)


def _offline(config_path: Path, op: str, args: Mapping[str, Any]) -> list[Any]:
    """Do it with a host whose plugins are set up and which is not connected to Discord."""
    from chandelier.app import Host

    deployment = Deployment.read(config_path, os.environ)
    config = deployment.host(HostConfig)
    folder = config.data_path(deployment.base)
    with claim(folder), Logs(level="WARNING") as logs:
        Journal.refuse_if_open(folder)  # undoing the upgrade would bring back what is erased now
        logs.redactor.learn(config)
        found: list[list[Any]] = []

        async def run() -> None:
            host = Host(deployment, logs=logs, offline=True)
            try:
                await host.prepare()
                with acting(Actor.command_line()):
                    work = host.observatory.operations.find(op)(args)
                    if inspect.isawaitable(work):
                        found.append([await work])
                    else:
                        found.append([item async for item in work])
            finally:
                await host.stop()

        run_until_told(run())
    if not found:
        raise click.exceptions.Exit(EXIT_PROBLEM)  # it was told to stop
    return found[0]


def _write(path: Path, content: bytes) -> Path:
    """For the owner's eyes only, and never over something that is there."""
    stem, number = path, 1
    while True:
        try:
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            number += 1
            path = stem.with_name(f"{stem.stem}-{number}{stem.suffix}")
            continue
        with os.fdopen(file, "wb") as written:
            written.write(content)
        return path
