"""``chandelier data``: what is stored about a person, for the owner who was asked for it."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

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
from chandelier.observe.log import Logs

__all__ = ["data_group", "described"]

ResultT = TypeVar("ResultT")
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
    """Write everything that is stored about USER (a Discord id) to a file. Stop the bot first.

    Ends with 1 when a plugin could not be asked; the file names it.
    """

    async def export(host: Any) -> tuple[list[tuple[str, bytes]], dict[str, str]]:
        collected = await host.privacy.export(user)
        return await collected.pack(2**31), dict(collected.missing)

    files, missing = _offline(config_path, export)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [_write(folder / name, content) for name, content in files]
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
    """Erase what is stored about USER (a Discord id), as the owner's decision. Stop the bot first.

    A member's own /privacy erase keeps what others rely on, such as moderators' cases; this does not. Ends
    with 1 when something is left to do, which a plugin does when it runs again.
    """
    if not yes:
        click.confirm(
            f"Erase everything that is stored about the user {user}? It cannot be brought back.",
            abort=True,
            err=True,
        )
    done = described(_offline(config_path, lambda host: host.privacy.erase(user, "owner")))
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
    """List erasures of which something is left to do, and what keeps it. Stop the bot first."""
    left = _offline(config_path, lambda host: host.privacy.open())
    rows: list[dict[str, Any]] = [
        {
            "reference": one.reference,
            "user": str(one.user_id),
            "asked_at": one.asked_at.isoformat(),
            "plugins": list(one.plugins),
            "problems": dict(one.problems),
        }
        for one in left
    ]
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


def described(account: Any) -> dict[str, Any]:
    """An account of an erasure as JSON-ready data."""
    return {
        "reference": account.reference,
        "done": account.done,
        "parts": [
            {
                "plugin": part.plugin,
                "erased": part.erased,
                "kept": [
                    {"count": one.count, "what": str(one.what), "why": str(one.why)} for one in part.kept
                ],
                "problem": part.problem,
            }
            for part in account.parts
        ],
    }


def _offline(config_path: Path, work: Callable[[Any], Awaitable[ResultT]]) -> ResultT:
    """Do something with a host whose plugins are set up and which is not connected to Discord."""
    from chandelier.app import Host

    deployment = Deployment.read(config_path, os.environ)
    config = deployment.host(HostConfig)
    with claim(config.data_path(deployment.base)), Logs(level="WARNING") as logs:
        logs.redactor.learn(config)
        found: list[ResultT] = []

        async def run() -> None:
            host = Host(deployment, logs=logs, offline=True)
            try:
                await host.prepare()
                found.append(await work(host))
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
