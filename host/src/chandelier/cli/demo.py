"""``chandelier demo``: a local Discord, a lively server and the real host, to play with in a browser."""

from __future__ import annotations

import asyncio
import contextlib
import re
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.markup import escape

from chandelier.cli.claim import claim
from chandelier.cli.installed import Installed
from chandelier.cli.output import EXIT_PROBLEM, complain, console
from chandelier.cli.signals import run_until_told

if TYPE_CHECKING:
    from chandelier.demo import Demo

__all__ = ["demo_command"]


@click.command("demo")
@click.option("--open", "open_page", is_flag=True, help="Open the page in the browser.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The page's port; 0 takes a free one.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep config and database here instead of in a temporary folder.",
)
@click.option(
    "--smoke",
    type=click.FloatRange(min=1),
    metavar="SECONDS",
    help="Only start everything, see that bot and page are ready within so many seconds, and end.",
)
@click.pass_obj
def demo_command(
    installed: Installed, open_page: bool, port: int, data: Path | None, smoke: float | None
) -> None:
    """Play with the bot in a local Discord: no token, no account, nothing leaves this machine.

    Ctrl-C ends it. Exit codes: 0 ended, 1 something did not start.
    """
    try:
        from chandelier.demo import Demo
        from loopcord import LoopcordError
    except ModuleNotFoundError as error:
        if error.name != "loopcord":
            raise
        complain("the demo needs the local Discord: pip install 'chandelier[demo]'")
        raise click.exceptions.Exit(EXIT_PROBLEM) from None
    if data is not None:
        try:
            data.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            complain(f"the folder {data} cannot be used: {error.strerror}")
            raise click.exceptions.Exit(EXIT_PROBLEM) from None
    demo = Demo(installed.schemas(), folder=data, port=port)
    try:
        with claim(data) if data is not None else contextlib.nullcontext():
            run_until_told(_smoke(demo, smoke) if smoke is not None else _play(demo, open_page=open_page))
    except LoopcordError as error:
        complain(str(error))
        raise click.exceptions.Exit(EXIT_PROBLEM) from None


async def _play(demo: Demo, *, open_page: bool) -> None:
    out = console()
    out.print("Lighting the candles…")
    async with demo:
        await demo.ready()
        out.print(f"\n[bold]Open this page:[/] [link={demo.page.url}]{demo.page.url}[/link]")
        out.print(f"[bold]The shop:[/]       {demo.shop.url}\n")
        out.print("Five things to try:")
        for number, line in enumerate(demo.programme, 1):
            out.print(f" [bold]{number}.[/] {_terminal(line)}")
        out.print(
            "\nThen: /status, /help, as mod /purge and /automod, and as olivia, the owner, /plugins."
            "\nCtrl-C ends the demo."
        )
        if open_page:
            await asyncio.to_thread(webbrowser.open, demo.page.url)
        await demo.play()


async def _smoke(demo: Demo, seconds: float) -> None:
    async with demo:
        await demo.ready(seconds)
        await demo.see_page(seconds)
        commands = ", ".join(f"/{name}" for name in demo.command_names())
    console().print(f"The bot was ready with {commands}, and the page answered.")


def _terminal(markdown: str) -> str:
    """A line of the programme with the terminal's own emphasis."""
    text = re.sub(r"\*\*(.+?)\*\*", r"[bold]\1[/]", escape(markdown))
    return re.sub(r"`(.+?)`", r"[cyan]\1[/]", text)
