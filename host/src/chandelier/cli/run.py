"""``chandelier run``: the bot itself, against Discord or whatever ``rest_url`` names."""

from __future__ import annotations

import os
from pathlib import Path

import click
from click.core import ParameterSource

from chandelier.cli.claim import claim
from chandelier.cli.config import judge
from chandelier.cli.installed import Installed
from chandelier.cli.output import EXIT_CONFIG, EXIT_PROBLEM, config_option, fail
from chandelier.cli.signals import run_until_told
from chandelier.cli.upgrade import resolve_interrupted
from chandelier.config.deployment import Deployment
from chandelier.config.host import HostConfig
from chandelier.config.problems import ConfigError
from chandelier.errors import ChandelierError
from chandelier.observe.log import Logs

__all__ = ["WITHOUT_IT", "run_command"]

WITHOUT_IT = (
    "there is no token. Make one at https://discord.com/developers/applications (your application, Bot, "
    "Reset Token), then do one of these:\n"
    "  export CHANDELIER_TOKEN=…                   the token itself, in the environment\n"
    "  export CHANDELIER_TOKEN_FILE=/path/to/file  a file that holds it, as containers do it\n"
    '  token_file = "/path/to/file"                the same, in config.toml under [chandelier]'
)


@click.command("run")
@config_option
@click.option(
    "--without", multiple=True, metavar="NAME", help="Do not start this plugin; may be given several times."
)
@click.pass_obj
def run_command(installed: Installed, config_path: Path, without: tuple[str, ...]) -> None:
    """Run the bot until it is told to stop (Ctrl-C, SIGTERM).

    A second Ctrl-C ends it at once. Exit codes: 0 stopped, 1 Discord or the database cannot be used,
    78 bad config, no token, or one that Discord refuses.
    """
    from chandelier import running
    from chandelier.connection import Refused, token_problem

    named = click.get_current_context().get_parameter_source("config_path")
    if named is not ParameterSource.DEFAULT and not config_path.exists():
        # A mistyped path would start a bot with other settings and an empty database.
        fail(
            f"there is no {config_path}: look at the path, or write one: chandelier init --config …",
            EXIT_CONFIG,
        )
    deployment = Deployment.read(config_path, os.environ)
    try:
        host = deployment.host(HostConfig)
    except ConfigError as error:
        # The plugins' sections may be wrong too: better told now than one start later.
        raise ConfigError(judge(installed, deployment).problems or error.problems) from None
    if host.token is None:
        fail(WITHOUT_IT, EXIT_CONFIG)
    if (problem := token_problem(host.token.reveal())) is not None:
        fail(problem, EXIT_CONFIG)
    with claim(host.data_path(deployment.base)), Logs.of(host, deployment.base) as logs:
        resolve_interrupted(installed, config_path)
        deployment = Deployment.read(config_path, os.environ)
        try:
            run_until_told(running.run(deployment, without=without, logs=logs))
        except ConfigError:
            raise
        except ChandelierError as error:
            # A service manager must not try a refused token again and again: that, too, is wrong config.
            fail(logs.redactor.text(str(error)), EXIT_CONFIG if isinstance(error, Refused) else EXIT_PROBLEM)
        except Exception:
            logs.logger.exception("the host failed; please report this")
            raise click.exceptions.Exit(EXIT_PROBLEM) from None
