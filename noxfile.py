"""What developers run: `nox` for everything that must pass, `nox -s NAME` for one session.

The matrix covers every distribution on each Python that is present (3.11 and up). Plain `nox` tries its
corners: each distribution on the oldest Python with the oldest dependencies that are declared, and on the
newest with the newest; and all together, from the wheels on the oldest, from the checkout on one between.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import nox

nox.options.default_venv_backend = "uv"
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = True

PLUGINS = ["moderation", "reactions", "redeye", "luisaviaroma"]
DISTRIBUTIONS = {"host": "host", "loopcord": "loopcord", **{name: f"plugins/{name}" for name in PLUGINS}}
# Named with the path, or the oldest versions of what they bring would never be tried.
EXTRAS = {
    "host": "[postgres,sentry,keyring,demo,testing]",
    "loopcord": "[speedups,zstd,conformance]",
}
TESTING = [
    "cogapp>=3.4",  # checks that docs/ says what the code says
    "hatchling>=1.25",  # builds the example of docs/plugin-authors.md
    "pytest>=8.3",
    "pytest-asyncio>=0.25",
    "pytest-cov>=5",
    "pytest-randomly>=3.15",
    "pytest-xdist>=3.6",
    "hypothesis>=6.100",
    "jsonschema>=4.20",
]
WANTED = ["3.11", "3.12", "3.13", "3.14"]
#: Other libraries' clients, which must get along with loopcord as they are: for uv, and for npm.
CLIENTS = {
    "oldest": (["discord.py>=2.3,<2.4", "audioop-lts; python_version >= '3.13'"], "discord.js@~14.14.0"),
    "newest": (["discord.py[speed]>=2.3,<3"], "discord.js@^14.14.0"),
}
#: Where a system keeps Node's headers, with which zlib-sync is compiled.
NODE_HEADERS = Path("/usr/include/node/node.h")


def _present() -> list[str]:
    """Versions of Python that are present: on the path, or where pyenv keeps them."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found: list[str] = []
    for version in WANTED:
        kept = sorted(pyenv.glob(f"{version}.*/bin/python{version}"))
        if kept:  # its shims answer only for the versions chosen in a folder: name the real one
            os.environ["PATH"] = f"{kept[-1].parent}{os.pathsep}{os.environ['PATH']}"
        if kept or shutil.which(f"python{version}") is not None:
            found.append(version)
    return found or [f"{sys.version_info.major}.{sys.version_info.minor}"]


PYTHONS = _present()
nox.options.sessions = [
    "lint",
    "types",
    f"tests-{PYTHONS[-1]}",
    "oldest",
    "stories",
    "clients(versions='newest')",
    "postgresql",
    "endurance",
    "wheels",
    "demo_smoke",
]


def _everything() -> list[str]:
    paths = [f"./{path}{EXTRAS.get(name, '')}" for name, path in DISTRIBUTIONS.items()]
    return [part for path in paths for part in ("-e", path)]


def _has_postgres() -> bool:
    """Whether PostgreSQL's programs are here, where `tests/postgres.py` looks for them."""
    return any(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or shutil.which("initdb") is not None


def _pytest(session: nox.Session, *arguments: str, **environ: str) -> None:
    session.run("pytest", "-q", *arguments, *session.posargs, env=environ)


@nox.session(python=PYTHONS[0])
def lint(session: nox.Session) -> None:
    """Ruff: rules and format."""
    session.install("ruff>=0.9")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session(python=PYTHONS[0])
def types(session: nox.Session) -> None:
    """Pyright, strict, over every distribution."""
    session.install(*_everything(), "pyright[nodejs]>=1.1.390")
    session.run("pyright")


@nox.session(python=PYTHONS)
@nox.parametrize("distribution", list(DISTRIBUTIONS))
def tests(session: nox.Session, distribution: str) -> None:
    """One distribution's own tests with the newest dependencies; the newest Python shows the coverage."""
    session.install(*_everything(), *TESTING)
    coverage = [f"--cov={_package(distribution)}", "--cov-report=term:skip-covered"]
    measured = coverage if session.python == PYTHONS[-1] else []
    # PostgreSQL has a session of its own, and the oldest driver for it is tried in `oldest`.
    _pytest(
        session,
        *_own_tests(distribution),
        *measured,
        "-m",
        "not postgres and not endurance",
        "-n2",
        COVERAGE_CORE="sysmon",
    )


@nox.session(python=PYTHONS[0])
@nox.parametrize("distribution", list(DISTRIBUTIONS))
def oldest(session: nox.Session, distribution: str) -> None:
    """One distribution's own tests with the oldest dependencies that it declares; a plugin's on PostgreSQL.

    The newest ones are tried on SQLite, and what a plugin asks of a database is the same with all of them.
    """
    session.install(*_everything(), *TESTING, "--resolution", "lowest-direct")
    on_server = distribution in PLUGINS and _has_postgres()
    environ = {"CHANDELIER_TEST_DATABASE": "postgresql"} if on_server else {}
    _pytest(session, *_own_tests(distribution), "-m", "not endurance", "-n2", **environ)


@nox.session(python=PYTHONS[len(PYTHONS) // 2])
def stories(session: nox.Session) -> None:
    """End to end: everything installed, over real sockets; `wheels` does the same on the oldest Python."""
    session.install(*_everything(), *TESTING)
    _pytest(session, "tests", "-m", "not endurance", "-n2")


@nox.session(python=PYTHONS[0])
@nox.parametrize("versions", list(CLIENTS))
def clients(session: nox.Session, versions: str) -> None:
    """loopcord under unmodified discord.py and discord.js, which are installed here, apart from all else."""
    session.install(*_everything(), *TESTING)
    discord_py, discord_js = CLIENTS[versions]
    folder = Path(session.create_tmp()).resolve()
    python, node = folder / "py/bin/python", folder / "js"
    session.run(
        "uv", "venv", "-q", "--allow-existing", "-p", str(session.python), folder / "py", external=True
    )
    session.run("uv", "pip", "install", "-q", "-U", "-p", python, *discord_py, external=True)
    if shutil.which("npm") is None:
        session.warn("discord.js is left out: there is no npm on the path")
    else:
        node.mkdir(exist_ok=True)
        npm = [
            "npm",
            "install",
            "--prefix",
            node,
            "--no-save",
            "--no-package-lock",
            "--no-audit",
            "--no-fund",
        ]
        session.run(*npm, discord_js, external=True)
        if versions == "newest" and NODE_HEADERS.exists():
            # For a compressed stream; where it cannot be compiled, that one test is skipped.
            headers = {"npm_config_nodedir": str(NODE_HEADERS.parents[2])}
            session.run(*npm, discord_js, "zlib-sync", env=headers, external=True, success_codes=[0, 1])
    environ = {"LOOPCORD_DISCORD_PY": str(python), "LOOPCORD_DISCORD_JS": str(node)}
    _pytest(session, "loopcord/tests/clients", "loopcord/tests/test_docs_clients.py", "-n2", **environ)


@nox.session(python=PYTHONS[-1])
def postgresql(session: nox.Session) -> None:
    """Every test of the host that touches a database, on PostgreSQL; skipped where there is no server.

    Those of the plugins are tried on it in `oldest`.
    """
    session.install(*_everything(), *TESTING)
    stored = [f"host/tests/{room}" for room in ("storage", "services", "builtin", "control", "observe")]
    hosts = [str(path) for path in sorted(Path("host/tests").glob("test_*.py"))]
    _pytest(
        session,
        "tests",
        *stored,
        *hosts,
        "-m",
        "not endurance",
        "-n2",
        CHANDELIER_TEST_DATABASE="postgresql",
    )


@nox.session(python=PYTHONS[-1])
def endurance(session: nox.Session) -> None:
    """What takes long: kills at random moments, hundreds of thousands of events."""
    session.install(*_everything(), *TESTING)
    folders = ["host/tests", "tests", *(f"plugins/{name}/tests" for name in PLUGINS)]
    _pytest(session, *folders, "-m", "endurance", "-n2")


@nox.session(python=PYTHONS[0], reuse_venv=False)
def wheels(session: nox.Session) -> None:
    """Every wheel is built, installed in a clean environment, and does its work there."""
    target = Path(session.create_tmp()).resolve()
    shutil.rmtree(target, ignore_errors=True)
    for path in DISTRIBUTIONS.values():
        session.run("uv", "build", "--wheel", "--out-dir", str(target), path, external=True)
    session.run("uv", "pip", "uninstall", *_names(), external=True, success_codes=[0, 1, 2])
    built = [str(wheel) for wheel in sorted(target.glob("*.whl"))]
    session.install(*built, *TESTING, "--find-links", str(target), "--reinstall")
    session.install("chandelier[demo,testing]", "loopcord[conformance]", "--find-links", str(target))
    session.run("chandelier", "plugins", "list")
    _pytest(session, "tests", "-m", "not endurance", "-p", "no:cacheprovider")


@nox.session(python=PYTHONS[0])
def demo(session: nox.Session) -> None:
    """The demo: the real host and all four plugins against the local Discord."""
    session.install(*_everything())
    session.run("chandelier", "demo", *session.posargs)


@nox.session(python=PYTHONS[0])
def demo_smoke(session: nox.Session) -> None:
    """The demo starts, the bot is ready, the page answers."""
    session.install(*_everything())
    session.run("chandelier", "demo", "--smoke", "60")


@nox.session(python=PYTHONS[0])
def docs(session: nox.Session) -> None:
    """Write anew what is generated: hooks, command line and excerpts in docs/, and config.toml."""
    session.install(*_everything(), "cogapp>=3.4")
    pages = [str(page) for folder in ("docs", "loopcord/docs") for page in sorted(Path(folder).glob("*.md"))]
    session.run("cog", "-r", "-I", "docs", *pages)
    session.run("chandelier", "init", "--config", "config.toml", "--force")


@nox.session(python=PYTHONS[0])
def locales(session: nox.Session) -> None:
    """Bring the translations up to date with the source; `-- --missing` lists what is not translated yet."""
    session.install(*_everything())
    session.run("python", "-m", "chandelier.tools.locales", *session.posargs)


@nox.session(python=PYTHONS[0])
def schema(session: nox.Session) -> None:
    """Write anew the JSON Schema that loopcord holds Discord's payloads against; needs Node.js."""
    session.install("-e", "./loopcord")
    session.run("python", "loopcord/tools/schema.py", session.create_tmp())


@nox.session(python=PYTHONS[-1])
def bench(session: nox.Session) -> None:
    """Benchmarks against a bare hikari + lightbulb bot in the same run, as ratios."""
    session.install(*_everything(), "psutil>=6")
    session.run("python", "-m", "benchmarks", *session.posargs)


def _own_tests(distribution: str) -> list[str]:
    """A distribution's tests, without those that need other libraries' clients: `clients` has them."""
    folder = DISTRIBUTIONS[distribution] + "/tests"
    return [folder, f"--ignore={folder}/clients"]


def _package(distribution: str) -> str:
    if distribution in PLUGINS:
        return f"chandelier_{distribution}"
    return {"host": "chandelier"}.get(distribution, distribution)


def _names() -> list[str]:
    return ["chandelier", "loopcord", *(f"chandelier-{name}" for name in PLUGINS)]
