"""The settings of the host itself: the section [chandelier] of `config.toml`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

from loguru import logger
from sqlalchemy.engine import URL, make_url

from chandelier.config.alerts import AlertConfig
from chandelier.config.bounds import Misfit, shown
from chandelier.config.schema import schema, setting
from chandelier.config.secret import Secret
from chandelier.errors import InvalidRequest

__all__ = ["HostConfig"]


def _database_url(written: str | None) -> Iterator[Misfit]:
    if written is None:
        return
    # Late: only who names a database needs to know how one is opened.
    from chandelier.storage.engine import normalise_url

    try:
        url = normalise_url(written)
    except InvalidRequest as error:
        yield Misfit(str(error), path=("database_url",))
        return
    if url.password is not None or any(key.lower() == "password" for key in url.query):
        yield Misfit(
            "has a password in it, and would be shown with it. Take the password out, and set the "
            "environment variable CHANDELIER_DATABASE_PASSWORD, or database_password_file; if others could "
            "read it, make a new one",
            path=("database_url",),
        )


def _networks(entries: tuple[str, ...]) -> Iterator[Misfit]:
    for index, entry in enumerate(entries):
        try:
            ip_network(entry)
        except ValueError as error:
            allowed = "a network like 192.168.1.0/24 or fd00::/8"
            yield Misfit(str(error), found=entry, allowed=allowed, path=("http_allow", index))


def _readable(name: str, value: str | int, allowed: str, **options: Any) -> Iterator[Misfit]:
    if not _taken_by_loguru(**options):
        yield Misfit(f"{shown(value)} cannot be read", found=value, allowed=allowed, path=(name,))


@lru_cache(typed=True)
def _taken_by_loguru(**options: Any) -> bool:
    """What loguru makes of a rotation or retention; only it knows every form that it takes."""
    # A rotation is always given: loguru applies a retention without one to what is there as soon as the
    # sink goes. With `delay` no file is opened.
    given: dict[str, Any] = {"rotation": "20 MB", **options}
    try:
        logger.remove(logger.add("unused", delay=True, filter=_nothing, **given))
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def _nothing(_record: object) -> bool:
    return False


@schema(version=1)
class HostConfig:
    """What an operator decides about the host; paths are relative to the folder of `config.toml`."""

    token: Secret | None = setting(
        None,
        help="The bot's token, from https://discord.com/developers/applications (Bot, Reset Token).",
    )
    rest_url: str | None = setting(
        None,
        pattern=r"https?://[^\s@]+",
        help="Where Discord's REST API is, for example a proxy or a local Discord; none for Discord itself.",
    )
    data_dir: str = setting(
        "data", min_length=1, help="Folder for the database, backups and everything else that is kept."
    )
    database_url: str | None = setting(
        None,
        pattern=r"(sqlite|postgresql)(\+\w+)?://\S*",
        help="SQLite or PostgreSQL, as in postgresql://user@host/name; none for SQLite in data_dir.",
    )
    database_password: Secret | None = setting(
        None, help="The password for database_url, so that it need not stand in the URL."
    )
    locales_dir: str = setting(
        "locales",
        min_length=1,
        help="Folder for translations of your own, NAME/LOCALE.po, which come before those of the plugins.",
    )
    vault_key: Secret | None = setting(
        None,
        help="The keys that protect what plugins seal about people: chandelier vault new-key makes one. "
        "Several, separated by spaces or lines, while one takes the place of another: the first one is used. "
        "A file with them must be outside data_dir, and closed to other users.",
    )
    vault_keyring: str | None = setting(
        None,
        min_length=1,
        help="The same in the keyring of the operating system, under this service's name: needs keyring, "
        "which the extra chandelier[keyring] brings.",
    )
    feedback_days: int = setting(
        180, ge=1, le=3650, help="Days that what members tell with /feedback is kept."
    )
    auto_migrate: bool = setting(
        True, help="Bring config and database up to date at start, after a backup; else only say what is due."
    )
    owner_ids: tuple[int, ...] = setting(
        (), ge=1, help="Discord ids of the people who may do everything with the bot, in every server."
    )
    without: tuple[str, ...] = setting((), help="Names of installed plugins that are not started.")
    http_allow: tuple[str, ...] = setting(
        (),
        help="Networks that plugins' web requests may reach besides public addresses, as in 192.168.1.0/24.",
    )
    handler_timeout: float = setting(
        30.0, ge=1, le=900, help="Seconds that a command, listener, component or task may take."
    )
    hook_timeout: float = setting(10.0, ge=1, le=300, help="Seconds that a plugin's hook may take.")
    error_budget: int = setting(
        25, ge=1, le=1000, help="Failures of one plugin within error_window after which it is quarantined."
    )
    error_window: float = setting(
        60.0, ge=1, le=86_400, help="Seconds over which a plugin's failures are counted."
    )
    block_limit: float = setting(
        2.0,
        ge=0.5,
        le=600,
        help="Seconds for which a plugin may block the whole bot before it is named in the log.",
    )
    audit_days: int = setting(
        400, ge=0, le=36500, help="Days that the audit log (who changed what) is kept; 0 for ever."
    )
    log_level: str = setting(
        "INFO",
        choices=("TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
        help="The least important messages that are logged.",
    )
    log_format: str = setting(
        "pretty", choices=("pretty", "json"), help="Log lines for people, or one JSON object a line."
    )
    log_file: str | None = setting(
        None, min_length=1, help="A file to log to besides standard error; none for no file."
    )
    log_rotation: str = setting(
        "20 MB", help="When a new log file is started: a size, an age or a time, as in 20 MB, 1 day, 00:00."
    )
    log_retention: str = setting(
        "30 days", help="How long old log files are kept, as in 30 days; or a number of files, as in 10."
    )

    metrics_port: int | None = setting(
        None,
        ge=0,
        le=65535,
        help="Port for /metrics, /healthz and /readyz; 0 for any that is free, none to serve none of them.",
    )
    metrics_host: str = setting(
        "127.0.0.1",
        min_length=1,
        help="Address of metrics_port. They have no password: leave it on this machine, or shield it.",
    )

    sentry_dsn: Secret | None = setting(
        None,
        help="Where errors are sent: the DSN of a service that speaks Sentry's protocol.",
    )
    sentry_texts: bool = setting(
        False,
        help="Send the texts of errors too, without secrets, ids and quotes; people's words may be in them.",
    )
    alerts: AlertConfig = setting(
        factory=AlertConfig, help="When the owners are told that something needs them."
    )

    def __attrs_post_init__(self) -> None:
        rotation, kept = self.log_rotation, self.log_keep
        broken = [
            *_database_url(self.database_url),
            *_networks(self.http_allow),
            *_readable("log_rotation", rotation, "a form like 20 MB, 1 day or 00:00", rotation=rotation),
            *_readable("log_retention", kept, "a form like 30 days, or a number of files", retention=kept),
        ]
        if broken:
            raise ExceptionGroup("settings that cannot be used", broken)

    @property
    def log_keep(self) -> str | int:
        """``log_retention`` as loguru takes it: an age, or a number of files."""
        return int(self.log_retention) if self.log_retention.isdecimal() else self.log_retention

    def data_path(self, base: Path) -> Path:
        """The data folder; ``base`` is the folder of `config.toml`."""
        return base / Path(self.data_dir).expanduser()

    def locales_path(self, base: Path) -> Path:
        """The folder of the operator's translations; ``base`` is the folder of `config.toml`."""
        return base / Path(self.locales_dir).expanduser()

    def log_path(self, base: Path) -> Path | None:
        """The log file, if there is to be one; ``base`` is the folder of `config.toml`."""
        return None if self.log_file is None else base / Path(self.log_file).expanduser()

    def database(self, base: Path) -> URL:
        """The database's URL with the password in it: never show it other than by ``str()``, which hides it.

        A relative SQLite path counts from ``base``, the folder of `config.toml`, and not from wherever the
        process was started.
        """
        if self.database_url is None:
            return URL.create("sqlite", database=str(self.data_path(base) / "chandelier.db"))
        url = make_url(self.database_url)
        if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:"):
            url = url.set(database=str(base / Path(url.database).expanduser()))
        if self.database_password is not None:
            url = url.set(password=self.database_password.reveal())
        return url

    def networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """``http_allow`` as networks."""
        return tuple(ip_network(entry) for entry in self.http_allow)
