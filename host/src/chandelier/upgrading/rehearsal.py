"""The rehearsal: the upgrade on a copy, and the bot started on that copy against the local Discord.

Nothing gets out of it: Discord is local, due timers and waiting effects stay rows, and web requests of
plugins are refused. So what members are owed is still owed afterwards, by the real bot.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import attrs
from sqlalchemy import make_url, text
from sqlalchemy.exc import SQLAlchemyError

from chandelier.app import Host
from chandelier.clock import SystemClock
from chandelier.config.deployment import Deployment
from chandelier.config.host import HostConfig
from chandelier.errors import PluginError, ServiceUnavailable
from chandelier.record import State
from chandelier.routing.planning import Plan
from chandelier.storage.engine import Database
from chandelier.storage.restore import restore
from chandelier.storage.trouble import in_short
from chandelier.upgrading.carry_out import carry_out
from chandelier.upgrading.journal import save_bytes
from chandelier.upgrading.safety import copy_database
from chandelier.upgrading.survey import Descriptions, histories

__all__ = ["Outcome", "Rehearsed", "rehearse", "without_local_discord"]

START_WITHIN = 120.0
"""Real seconds in which the bot has to be up, on a machine that is busy."""
SCHEMA = "chandelier_rehearsal"
"""Where the copy is on PostgreSQL: a schema beside the real tables."""


@attrs.frozen
class Outcome:
    """How one plugin came up."""

    plugin: str
    version: str
    state: State
    reason: str


@attrs.frozen
class Rehearsed:
    """What the rehearsal showed."""

    outcomes: tuple[Outcome, ...]
    plan: Plan
    """The commands that Discord will be asked for."""

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """The plugins that did not start."""
        fine = {State.RUNNING, State.DEGRADED}
        return tuple(each for each in self.outcomes if each.state not in fine and each.reason != "disabled")


class _Quiet(Host):
    """A host that starts its plugins and does nothing that has an effect outside."""

    async def _begin_work(self) -> None:
        """What is due stays due."""

    async def _assemble(self) -> None:
        await super()._assemble()
        await self.http.close()  # whoever asks for a page is told that the service is not there


def without_local_discord() -> str | None:
    """What to do when the local Discord is not installed; None when it is."""
    try:
        import loopcord  # noqa: F401  # pyright: ignore[reportUnusedImport]
    except ModuleNotFoundError as error:
        if error.name != "loopcord":
            raise
        return (
            "the rehearsal starts the bot against the local Discord, which is not installed: "
            "pip install 'chandelier[demo]', or go without the start: --no-smoke"
        )
    return None


async def rehearse(
    deployment: Deployment,
    database: Database,
    plugins: Descriptions,
    *,
    start: bool,
    without: Sequence[str] = (),
) -> Rehearsed | None:
    """Upgrade a copy, and with ``start`` start the bot on it; the copy is gone afterwards.

    Raises what the upgrade of the copy raises, PluginError when a plugin does not start, and
    ServiceUnavailable when no copy can be made or the bot does not come up.
    """
    with tempfile.TemporaryDirectory(prefix="chandelier-rehearsal-") as name:
        folder = Path(name)
        async with _copied(deployment, database, plugins, folder) as (copy, address):
            environ = {
                key: value
                for key, value in deployment.environ.items()
                if key not in {"CHANDELIER_TOKEN_FILE", "CHANDELIER_REST_URL", "CHANDELIER_DATA_DIR"}
            }
            environ |= {
                "CHANDELIER_DATA_DIR": str(folder / "data"),
                "CHANDELIER_DATABASE_URL": address,
                "CHANDELIER_AUTO_MIGRATE": "true",
                "CHANDELIER_METRICS_PORT": "0",  # the real bot's: it may be running
            }
            rehearsed = Deployment.read(copy, environ)
            config = rehearsed.host(HostConfig)
            second = Database(config.database(rehearsed.base), data_dir=folder / "data", clock=SystemClock())
            await carry_out(rehearsed, second, plugins)
            if not start:
                return None
            outcome = await _start(copy, environ, without)
    if outcome.failed:
        first = "; ".join(f"{each.plugin} {each.version}: {each.reason}" for each in outcome.failed)
        raise PluginError(f"with the new versions not everything starts: {first}")
    return outcome


async def _start(config: Path, environ: Mapping[str, str], without: Sequence[str]) -> Rehearsed:
    from loopcord import LocalDiscord
    from loopcord import SystemClock as RealTime

    async with LocalDiscord(clock=RealTime(), name="Rehearsal") as discord:
        environ = {**environ, "CHANDELIER_REST_URL": discord.rest_url, "CHANDELIER_TOKEN": discord.token}
        host = _Quiet(Deployment.read(config, environ), without=without)
        try:
            async with asyncio.timeout(START_WITHIN):
                await host.start()
        except TimeoutError:
            raise ServiceUnavailable(
                f"the bot was not up within {START_WITHIN:g} seconds: a plugin is slow to start, or hangs"
            ) from None
        try:
            outcomes = tuple(
                Outcome(record.name, record.candidate.version, record.state, record.reason)
                for record in host.lifecycle.in_order()
            )
            return Rehearsed(outcomes, host.commands.plan)
        finally:
            await host.stop()


@asynccontextmanager
async def _copied(
    deployment: Deployment, database: Database, plugins: Descriptions, folder: Path
) -> AsyncGenerator[tuple[Path, str], None]:
    """The config file and the database's address of a copy, made in ``folder`` or on the database server."""
    await asyncio.to_thread(_copy_config, deployment, folder / "config")
    copy = folder / "config" / deployment.path.name
    (folder / "data").mkdir()
    if database.dialect == "sqlite":
        await copy_database(database, folder / "data")
        yield copy, f"sqlite:///{folder / 'data' / 'chandelier.db'}"
        return
    saved, _ = await copy_database(database, folder)
    config = deployment.host(HostConfig)
    assert config.database_url is not None
    address = make_url(config.database_url).update_query_dict({"search_path": SCHEMA})
    try:
        await _make_schema(database)
        if saved is not None:
            full = config.database(deployment.base).update_query_dict({"search_path": SCHEMA})
            second = Database(full, data_dir=folder / "data", clock=SystemClock())
            await second.start()
            try:
                await restore(second, saved, histories(plugins))
            finally:
                await second.close()
        yield copy, address.render_as_string(hide_password=False)
    finally:
        with suppress(ServiceUnavailable):
            await _in_server(database, f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")


def _copy_config(deployment: Deployment, folder: Path) -> None:
    """The config file, beside links to its neighbours, for files of secrets are named relative to it."""
    folder.mkdir()
    base = deployment.base.absolute()
    for entry in base.iterdir() if base.is_dir() else ():
        if entry.name != deployment.path.name:
            with suppress(OSError):
                (folder / entry.name).symlink_to(entry)
    if deployment.file.exists:
        save_bytes(folder / deployment.path.name, deployment.path.read_bytes())


async def _make_schema(database: Database) -> None:
    """An empty schema; one that an earlier rehearsal left behind when it was killed goes first."""
    try:
        await _in_server(database, f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE", f"CREATE SCHEMA {SCHEMA}")
    except ServiceUnavailable as error:
        raise ServiceUnavailable(
            f"no copy can be made in the database for the rehearsal: {error}. Let the bot's user make one "
            "(GRANT CREATE ON DATABASE … TO …), or go without the rehearsal: --no-smoke"
        ) from error


async def _in_server(database: Database, *statements: str) -> None:
    await database.start()
    try:
        async with database.transaction() as session:
            for statement in statements:
                await session.execute(text(statement))
    except SQLAlchemyError as error:
        raise ServiceUnavailable(in_short(error)) from error
    finally:
        await database.close()
