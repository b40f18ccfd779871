"""Python, packages, plugins, config and token: what is installed and set, without connecting to anything."""

from __future__ import annotations

import platform
from collections.abc import Iterator

from chandelier.cli.config import judge
from chandelier.cli.doctor.finding import Examination, Finding, Level
from chandelier.config.deployment import Deployment
from chandelier.config.host import HostConfig
from chandelier.config.problems import ConfigError
from chandelier.discovery import unmet_by, versions_of
from chandelier.private_use import private_use_of

__all__ = ["commands", "config", "packages", "plugins", "python", "token", "translations"]

_PACKAGES = ("chandelier", "hikari", "hikari-lightbulb", "aiohttp", "sqlalchemy", "alembic", "loguru")


def python(_patient: Examination) -> Iterator[Finding]:
    """Which Python, on what."""
    said = f"Python {platform.python_version()} on {platform.platform(terse=True)}"
    yield Finding("python", Level.OK, said)


def packages(_patient: Examination) -> Iterator[Finding]:
    """Versions of what the host is built on, and whether they are those that it was made for."""
    versions = versions_of(_PACKAGES)
    yield Finding("packages", Level.OK, ", ".join(f"{name} {version}" for name, version in versions.items()))
    for name in ("chandelier", "hikari-lightbulb"):
        if (problem := unmet_by(name)) is not None:
            what, _colon, advice = problem.partition(": pip ")
            yield Finding(
                "packages", Level.PROBLEM, f"{name} does not fit: {what}", f"pip {advice}" if advice else ""
            )


def plugins(patient: Examination) -> Iterator[Finding]:
    """Whether each installed plugin can run, and if not, why."""
    for plugin in patient.installed.plugins:
        if plugin.problem is not None:
            said = plugin.problem if plugin.name in plugin.problem else f"{plugin.name}: {plugin.problem}"
            do = "install what it asks for, or uninstall it; the others run without it"
            yield Finding("plugins", Level.PROBLEM, said, do)
        else:
            yield Finding("plugins", Level.OK, f"{plugin.name} {plugin.candidate.version} can run")
        if (private := private_use_of(plugin.candidate)) is not None:
            yield Finding("plugins", Level.WARNING, f"{plugin.name}: {private}")


async def commands(patient: Examination) -> list[Finding]:
    """Commands that Discord will not be asked for: it would refuse them, or another plugin has them."""
    from chandelier.routing.planning import plan_of  # late: it brings hikari, which takes its time

    plan = await plan_of(
        {
            plugin.name: plugin.description.loaders
            for plugin in patient.installed.plugins
            if plugin.description is not None
        }
    )
    found = [
        Finding("commands", Level.WARNING, f"plugin {owner}: {line}")
        for owner, lines in sorted(plan.by_owner().items())
        for line in lines
    ]
    if not found:
        count = sum(map(len, plan.scopes.values()))
        found.append(Finding("commands", Level.OK, f"{count} commands, none of which Discord would refuse"))
    return found


def translations(patient: Examination) -> Iterator[Finding]:
    """Translations that cannot be used; English is shown in their place."""
    if patient.config is None or patient.deployment is None:
        return
    from chandelier.languages import Languages

    languages = Languages(patient.config.locales_path(patient.deployment.base))
    packages = sorted({plugin.candidate.package for plugin in patient.installed.plugins})
    wrong = [problem for package in packages for problem in languages.problems(package)]
    yield from (Finding("translations", Level.WARNING, problem) for problem in wrong)
    if not wrong:
        yield Finding("translations", Level.OK, "every translation can be used")


def config(patient: Examination) -> Iterator[Finding]:
    """Every problem of the file and of the environment; reads them for the checks that follow."""
    do = "put it right; `chandelier config rollback` brings back what a migration replaced"
    try:
        deployment = patient.deployment = Deployment.read(patient.path, patient.environ)
    except ConfigError as error:
        yield from (Finding("config", Level.PROBLEM, str(problem), do) for problem in error.problems)
        return
    if not patient.path.exists():
        said = f"there is no {patient.path}: everything has its default; write one: chandelier init"
        yield Finding("config", Level.WARNING, said)
    due, problems, warnings = judge(patient.installed, deployment)
    yield from (Finding("config", Level.PROBLEM, str(problem)) for problem in problems)
    for change in due:
        yield Finding("config", Level.WARNING, f"due: {change}", "chandelier config migrate")
    yield from (Finding("config", Level.WARNING, str(warning)) for warning in warnings)
    if not problems and not due and patient.path.exists():
        yield Finding("config", Level.OK, f"{patient.path} is fine")
    try:
        patient.config = deployment.host(HostConfig)
    except ConfigError:
        return  # the problems are told; without the host's own settings there is nowhere to look further


def token(patient: Examination) -> Iterator[Finding]:
    """Whether there is a token that can be one; it is never shown."""
    if patient.config is None:
        return
    if patient.config.token is None:
        do = "set CHANDELIER_TOKEN, CHANDELIER_TOKEN_FILE or token_file"
        yield Finding("token", Level.PROBLEM, "there is no token", do)
        return
    from chandelier.connection import token_problem  # late: it brings hikari, which takes its time

    if (problem := token_problem(patient.config.token.reveal())) is not None:
        yield Finding("token", Level.PROBLEM, problem)
    else:
        yield Finding("token", Level.OK, "there is one (it is never shown)")
