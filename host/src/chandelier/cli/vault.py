"""``chandelier vault``: the keys that protect what plugins seal about people."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import click

from chandelier.cli.output import (
    EXIT_PROBLEM,
    complain,
    config_option,
    console,
    fail,
    json_option,
    print_json,
    table,
)
from chandelier.clock import SystemClock
from chandelier.config.deployment import Deployment
from chandelier.config.host import HostConfig
from chandelier.observe.log import Logs
from chandelier.services.audit_files import note_at_command_line
from chandelier.services.vault_keys import KEYRING_USER, KeySources, file_problem, new_key_text
from chandelier.services.vault_people import PeopleKeys
from chandelier.services.vault_upkeep import VaultUpkeep
from chandelier.storage.engine import Database
from chandelier.storage.history import HOST_HISTORY
from chandelier.storage.names import HOST_NAME
from chandelier.upgrading.journal import Journal

__all__ = ["vault_group"]

ResultT = TypeVar("ResultT")
Note = Callable[..., Awaitable[bool]]
"""Writes into the audit log what was done."""


@click.group("vault")
def vault_group() -> None:
    """The keys that protect what plugins seal about people."""


@vault_group.command("new-key")
@click.option(
    "--file",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write it to this file, before the keys that are there.",
)
@click.option("--keyring", "service", metavar="SERVICE", help="Put it in the operating system's keyring.")
@config_option
def new_key_command(path: Path | None, service: str | None, config_path: Path) -> None:
    """Make a new key; without an option it is printed, for you to put where it is safe.

    The first key that is given is used from then on; keep those that come after it until
    `chandelier vault rotate` is done, and as long as you keep backups from before.
    """
    text = new_key_text()
    key_id = text.partition(".")[0]
    if path is not None:
        _write(path, text, _data_dir(config_path))
        console().print(f"Wrote the new key {key_id} to {path}. Name it in config.toml:", markup=False)
        console().print(f'  vault_key_file = "{path}"', markup=False)
    elif service is not None:
        _store(service, text)
        console().print(f"Put the new key {key_id} in the keyring. Name it in config.toml:", markup=False)
        console().print(f'  vault_keyring = "{service}"', markup=False)
    else:
        click.echo(text)
    console(err=True).print(
        "Keep a copy where the bot's backups are not: without this key nobody can read what it protects.",
        markup=False,
    )


@vault_group.command("status")
@config_option
@json_option
def status_command(config_path: Path, as_json: bool) -> None:
    """Which keys are given, and what each protects; ends with 1 when something is out of reach."""

    async def ask(
        people: PeopleKeys, upkeep: VaultUpkeep, _: Note
    ) -> tuple[list[dict[str, object]], tuple[str, ...], bool]:
        states = await upkeep.status()
        rows: list[dict[str, object]] = [
            {"key": one.key_id, "state": one.state, "people": one.people, "source": one.source}
            for one in states
        ]
        return rows, people.ring.problems, any(one.troubled for one in states)

    rows, problems, troubled = _with_vault(config_path, ask)
    if as_json:
        print_json({"keys": rows, "problems": list(problems)})
    elif not rows and not problems:
        console().print("There is no key, and nothing is sealed: chandelier vault new-key", markup=False)
    else:
        table(
            ("key", "state", "people", "given in"),
            [
                (str(row["key"]), str(row["state"]), str(row["people"]), str(row["source"] or "—"))
                for row in rows
            ],
        )
    if not as_json:
        for problem in problems:
            complain(problem)
    if troubled or problems:
        raise click.exceptions.Exit(EXIT_PROBLEM)


@vault_group.command("rotate")
@config_option
@json_option
def rotate_command(config_path: Path, as_json: bool) -> None:
    """Protect everything with the first key that is given; the bot may be running.

    A bot that has its key from a file or the keyring notices the new one by itself. One that has it from
    the environment must have been started with both keys before. Broken off, it goes on the next time.
    """

    async def rotate(_: PeopleKeys, upkeep: VaultUpkeep, note: Note) -> dict[str, object]:
        done = await upkeep.rotate()
        await note("vault.rotate", subject=done.key_id, after={"people": done.rewrapped, "left": done.left})
        return {
            "key": done.key_id,
            "rewrapped": done.rewrapped,
            "left": done.left,
            "problems": list(done.problems),
        }

    done = _with_vault(config_path, rotate, changes=True)
    if as_json:
        print_json(done)
    else:
        console().print(
            f"{done['rewrapped']} people's keys are now protected by {done['key']}; {done['left']} are left.",
            markup=False,
        )
        for problem in done["problems"] if isinstance(done["problems"], list) else []:
            complain(str(problem))
    if done["left"]:
        raise click.exceptions.Exit(EXIT_PROBLEM)


@vault_group.command("abandon")
@click.argument("key_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@config_option
def abandon_command(key_id: str, yes: bool, config_path: Path) -> None:
    """Give up what the lost key KEY_ID protects: it can never be read again.

    For when a key is gone for good, and new data cannot be sealed because of it.
    """
    if not yes:
        click.confirm(
            f"Nothing that {key_id} protects can ever be read again after this. Is it lost for good?",
            abort=True,
            err=True,
        )

    async def abandon(_: PeopleKeys, upkeep: VaultUpkeep, note: Note) -> int:
        gone = await upkeep.abandon(key_id)
        await note("vault.abandon", subject=key_id, after={"people": gone})
        return gone

    gone = _with_vault(config_path, abandon, changes=True)
    console().print(f"Gave up the key {key_id}, which protected the data of {gone} people.", markup=False)


def _with_vault(
    config_path: Path,
    work: Callable[[PeopleKeys, VaultUpkeep, Note], Awaitable[ResultT]],
    *,
    changes: bool = False,
) -> ResultT:
    deployment = Deployment.read(config_path, os.environ)
    config, base = deployment.host(HostConfig), config_path.absolute().parent
    database = Database(config.database(base), data_dir=config.data_path(base), clock=SystemClock())
    if database.dialect == "sqlite" and not database.path.exists():
        fail(
            f"there is no database at {database.path} yet: the bot makes it at its first start", EXIT_PROBLEM
        )

    if changes:
        Journal.refuse_if_open(database.data_dir)

    async def run(logs: Logs) -> ResultT:
        await database.start()
        try:
            from chandelier.storage.migrations import Migrator

            if await Migrator(database).pending(HOST_NAME, HOST_HISTORY):
                fail("the host's tables are not up to date: chandelier db upgrade", EXIT_PROBLEM)
            sources = KeySources.of(deployment, config, logs.redactor.learn)
            people = PeopleKeys(database, database.clock, sources.read)
            await people.read_keys()
            return await work(people, VaultUpkeep(database, people), partial(note_at_command_line, database))
        finally:
            await database.close()

    # The commands say themselves what is wrong.
    with Logs(level="CRITICAL") as logs:
        return asyncio.run(run(logs))


def _data_dir(config_path: Path) -> Path:
    """Without reading all of the config: it may name the very file that is to be made now."""
    return Deployment.read(config_path, os.environ).data_dir


def _write(path: Path, text: str, data_dir: Path) -> None:
    """Put a key before those in a file; the old file is there until the new one is whole."""
    if path.exists() and (problem := file_problem(path, data_dir)) is not None:
        fail(problem, EXIT_PROBLEM)
    if path.resolve().is_relative_to(data_dir.resolve()):
        fail(
            f"{path} is in the data folder {data_dir}, whose backups would carry the key along with what it "
            "protects: choose a place outside",
            EXIT_PROBLEM,
        )
    before = path.read_text(encoding="ascii") if path.exists() else ""
    fresh = path.with_name(f".{path.name}.new")
    file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(file, "w", encoding="ascii") as written:
        written.write(f"{text}\n{before}")
        written.flush()
        os.fsync(written.fileno())
    fresh.replace(path)


def _store(service: str, text: str) -> None:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        fail("the library keyring is not installed: pip install chandelier[keyring]", EXIT_PROBLEM)
    try:
        before = keyring.get_password(service, KEYRING_USER) or ""
        keyring.set_password(service, KEYRING_USER, f"{text} {before}".strip())
    except (KeyringError, RuntimeError, OSError) as error:
        fail(
            f"the operating system's keyring cannot be used ({type(error).__name__}): unlock it, "
            "or use --file",
            EXIT_PROBLEM,
        )
