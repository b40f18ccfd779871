"""A private PostgreSQL server for the tests: started once per run, one fresh database per test.

Debian's packages are enough (``apt-get install postgresql-15``); nothing needs to be configured, no port
is opened, and an already running server is left alone. ``CHANDELIER_TEST_DATABASE=postgresql`` runs every
test that takes ``database_url`` on it; without the variable those tests use SQLite.
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

__all__ = ["PostgresServer", "database_url", "postgres_server", "postgres_url"]

_SETTINGS = {
    # Nothing in it must outlive the run, so nothing waits for the disk.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "listen_addresses": "",
    "timezone": "Asia/Kathmandu",  # an odd zone finds code that depends on the server's
}

_WATCH = 'cat >/dev/null; "$1" stop -w -m immediate -D "$2" >/dev/null 2>&1; rm -rf "$3"'


class PostgresServer:
    """A server in a temporary folder, reached through a unix socket in it."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self._numbers = itertools.count(1)
        self._user: str | None = None
        self._watcher: subprocess.Popen[bytes] | None = None

    @staticmethod
    def programs() -> Path | None:
        """The folder with the newest server programs of this machine; None without any."""
        debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
        if debian:
            return debian[-1].parent
        on_path = shutil.which("initdb")
        return Path(on_path).resolve().parent if on_path else None

    def start(self) -> None:
        """Make the server's data folder and start it; returns when it accepts connections."""
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root.
            account = next(user for user in pwd.getpwall() if user.pw_name in {"postgres", "nobody"})
            self._user = account.pw_name
            os.chown(self._folder, account.pw_uid, account.pw_gid)
        data = self._folder / "data"
        self._run(
            "initdb", "--pgdata", data, "--username", "postgres", "--auth", "trust",
            "--encoding", "UTF8", "--locale", "C", "--no-sync",
        )  # fmt: skip
        with (data / "postgresql.conf").open("a") as settings:
            settings.writelines(f"{name} = '{value}'\n" for name, value in _SETTINGS.items())
            settings.write(f"unix_socket_directories = '{self._folder}'\n")
        # It waits for the end of our side of the pipe, so the server goes away even if we are killed.
        self._watcher = subprocess.Popen(  # noqa: S603
            ["/bin/sh", "-c", _WATCH, "watch", self._programs / "pg_ctl", data, self._folder],
            user=self._user,
            group=self._user and pwd.getpwnam(self._user).pw_gid,
            extra_groups=[] if self._user else None,
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        self._run("pg_ctl", "start", "-w", "-D", data, "-l", self._folder / "log")

    def stop(self) -> None:
        """Stop the server at once and remove its folder."""
        if self._watcher is not None:
            self._watcher.communicate()
        shutil.rmtree(self._folder, ignore_errors=True)

    def create_database(self) -> str:
        """Make an empty database; returns its name."""
        name = f"test_{next(self._numbers)}"
        self._sql(f'CREATE DATABASE "{name}"')
        return name

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is still connected."""
        self._sql(f'DROP DATABASE "{name}" WITH (FORCE)')

    def url(self, name: str) -> str:
        """The URL of a database, as an operator would write it."""
        return f"postgresql://postgres@/{name}?host={self._folder}"

    def _sql(self, statement: str) -> None:
        self._run("psql", "-q", "-h", self._folder, "-U", "postgres", "-d", "postgres", "-c", statement)

    def _run(self, program: str, *arguments: str | Path) -> None:
        done = subprocess.run(  # noqa: S603 - programs and arguments are ours
            [self._programs / program, *arguments],
            user=self._user,
            group=self._user and pwd.getpwnam(self._user).pw_gid,
            extra_groups=[] if self._user else None,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=(self._folder / "output").open("w+") if program == "pg_ctl" else subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if done.returncode != 0:
            output = done.stdout or (self._folder / "output").read_bytes()
            raise RuntimeError(f"{program} failed:\n{output.decode(errors='replace')}")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The run's PostgreSQL server; tests that need it are skipped where none is installed."""
    programs = PostgresServer.programs()
    if programs is None:
        pytest.skip("no PostgreSQL server on this machine: apt-get install postgresql-15")
    if find_spec("asyncpg") is None:
        pytest.skip("no driver for PostgreSQL: pip install 'chandelier[postgres]'")
    server = PostgresServer(programs)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of a PostgreSQL database of this test's own."""
    name = postgres_server.create_database()
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database of the kind that ``CHANDELIER_TEST_DATABASE`` names (sqlite without)."""
    kind = os.environ.get("CHANDELIER_TEST_DATABASE", "sqlite")
    if kind == "sqlite":
        return f"sqlite:///{tmp_path}/chandelier.db"
    if kind == "postgresql":
        return request.getfixturevalue("postgres_url")
    raise pytest.UsageError(f"CHANDELIER_TEST_DATABASE is {kind!r}; it may be sqlite or postgresql")
