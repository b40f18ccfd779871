"""The hook ``reactions_actions``: another plugin's action is offered, judged, done once, and contained."""

from __future__ import annotations

import sys
from textwrap import dedent

import pytest

GREETER = '''
from __future__ import annotations
import chandelier
from chandelier import hookimpl
from chandelier_reactions import Action, Reaction, Run


class Greeter(chandelier.Plugin[None]):
    """Says hello under a message that somebody waves at."""

    @hookimpl
    def chandelier_manifest(self) -> chandelier.Manifest:
        return chandelier.Manifest(summary="greets")

    @hookimpl
    def reactions_actions(self, guild_id: int) -> tuple[Action, ...]:
        return (
            Action(name="broken", emoji="👋", allows=self.trip, run=self.greet),
            Action(name="greet", emoji="👋", allows=self.may, run=self.greet, data={"word": "hello"}),
            Action(name="refuse", emoji="🙅", allows=lambda reaction: True, run=self.refuse),
            Action(name="answer", emoji="🤖", allows=lambda reaction: True, run=self.greet, bots=True,
                   data={"word": "beep"}),
        )

    def trip(self, reaction: Reaction) -> bool:
        raise RuntimeError("I trip over everything")

    async def may(self, reaction: Reaction) -> bool:
        return reaction.user_id != GUEST

    async def greet(self, run: Run) -> dict[str, str]:
        sent = await self.ctx.rest.create_message(run.reaction.channel_id, run.data["word"])
        return {"message": str(sent.id)}

    async def refuse(self, run: Run) -> None:
        raise chandelier.InvalidRequest("nobody is refused today")
'''


@pytest.fixture
def install_greeter(tmp_path, monkeypatch):
    """Installs the plugin ``greeter`` as pip would have left it."""

    def install(guest):
        site = tmp_path / "site"
        (site / "made_greeter").mkdir(parents=True)
        source = dedent(GREETER).replace("GUEST", str(guest))
        (site / "made_greeter" / "__init__.py").write_text(source, encoding="utf-8")
        info = site / "made_greeter-1.0.dist-info"
        info.mkdir()
        requires = "Requires-Dist: chandelier\nRequires-Dist: chandelier-reactions\n"
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: made-greeter\nVersion: 1.0\n{requires}")
        (info / "entry_points.txt").write_text("[chandelier.plugins]\ngreeter = made_greeter:Greeter\n")
        monkeypatch.syspath_prepend(str(site))

    yield install
    sys.modules.pop("made_greeter", None)


async def test_reactions_actions(install_greeter, start_host, gallery):
    """Another plugin's action happens once per message and leaves the forward alone."""
    install_greeter(guest=gallery.bob.id)
    host = await start_host("reactions", "greeter", config=gallery.config())
    message = await gallery.alice.send(gallery.general, "good morning")

    await gallery.bob.react(message, "👋")
    assert gallery.general.last == message
    await gallery.alice.react(message, "👋")
    await gallery.cora.react(message, "👋")
    await gallery.cora.react(message, "➡️")

    assert [said.content for said in gallery.general.messages] == ["good morning", "hello"]
    assert len(gallery.best.messages) == 1
    await start_host.restart(host)
    await gallery.alice.unreact(message, "👋")
    await gallery.alice.react(message, "👋")
    assert len(gallery.general.messages) == 2


async def test_bots_are_offered_only_to_actions_that_want_them(install_greeter, start_host, gallery):
    install_greeter(guest=0)
    await start_host("reactions", "greeter", config=gallery.config())
    robot = gallery.guild.add_member("robot", bot=True)
    message = await gallery.alice.send(gallery.general, "good morning")

    await robot.react(message, "👋")
    await robot.react(message, "🤖")

    assert gallery.general.last.content == "beep"
    assert len(gallery.general.messages) == 2


async def test_an_action_that_refuses_is_a_failed_entry_with_its_words(install_greeter, start_host, gallery):
    install_greeter(guest=0)
    host = await start_host("reactions", "greeter", config=gallery.config())
    message = await gallery.alice.send(gallery.general, "good morning")

    await gallery.alice.react(message, "🙅")

    health = await host.hooks.call("reactions", "chandelier_health")
    assert health.lines == (f"server {gallery.guild.id}: refuse failed: nobody is refused today",)


async def test_an_action_waits_for_its_plugin(discord, install_greeter, start_host, gallery):
    install_greeter(guest=0)
    host = await start_host("reactions", "greeter", config=gallery.config())
    await host.outbox.stop()
    message = await gallery.alice.send(gallery.general, "good morning")
    await gallery.alice.react(message, "👋")
    await start_host.stop(host)

    host = await start_host("reactions")
    assert gallery.general.last == message
    await start_host.stop(host)
    await start_host("reactions", "greeter")
    await discord.advance(3_600)

    assert gallery.general.last.content == "hello"


async def test_an_action_whose_plugin_never_comes_back_is_told_in_health_and_can_be_asked_for_again(
    discord, install_greeter, start_host, gallery
):
    install_greeter(guest=0)
    host = await start_host("reactions", "greeter", config=gallery.config())
    await host.outbox.stop()
    message = await gallery.alice.send(gallery.general, "good morning")
    await gallery.alice.react(message, "👋")
    await start_host.stop(host)

    host = await start_host("reactions")
    await discord.advance(900)
    waiting = await host.hooks.call("reactions", "chandelier_health")
    await discord.advance(24 * 3_600)
    await start_host.stop(host)
    host = await start_host("reactions", "greeter")
    await gallery.cora.react(message, "👋")
    failed = await host.hooks.call("reactions", "chandelier_health")
    await discord.advance(61)
    await gallery.bob.react(message, "👋")

    assert "1 waiting for more than 10 minutes" in waiting.lines[0]
    assert "does not offer the action 'greet'" in failed.lines[0]
    assert gallery.general.last.content == "hello"
