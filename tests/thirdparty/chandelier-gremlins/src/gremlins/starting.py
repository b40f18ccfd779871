"""Wrong while they are set up, bound or cleaned up."""

from __future__ import annotations

import asyncio

import lightbulb
from sqlalchemy import MetaData

import chandelier
from gremlins.describing import Base


class SetupRaises(Base):
    async def setup(self, ctx):
        raise ConnectionError("the toy box is locked")


class SetupExits(Base):
    def setup(self, ctx):
        raise SystemExit("no licence")


class SetupHangs(Base):
    async def setup(self, ctx):
        await asyncio.Event().wait()


class SetupCancels(Base):
    async def setup(self, ctx):
        task = asyncio.create_task(asyncio.sleep(0))
        task.cancel()
        await task


class CleanupRaises(Base):
    async def cleanup(self):
        raise OSError("will not tidy up")


class CleanupHangs(Base):
    async def cleanup(self):
        await asyncio.Event().wait()


class StoppingHangs(Base):
    @chandelier.hookimpl
    async def chandelier_stopping(self):
        await asyncio.Event().wait()


class HalfWay(Base):
    """Its second revision fails after it has changed something."""

    @chandelier.hookimpl
    def chandelier_storage(self):
        return chandelier.StorageHistory(MetaData(), "gremlins:halfway")


def command(name: str, description: str = "Mischief"):
    """A command that would answer."""

    async def invoke(self, ctx):
        await ctx.respond("Gotcha.")

    body = {"invoke": lightbulb.invoke(invoke)}
    return type(f"Command{name}", (lightbulb.SlashCommand,), body, name=name, description=description)


class Colliding(Base):
    """Wants the diary's command."""

    @chandelier.hookimpl
    def chandelier_loaders(self):
        loader = chandelier.Loader()
        loader.command(command("diary"))
        return [loader]


class TwoHundred(Base):
    """Wants more commands than Discord allows in all."""

    @chandelier.hookimpl
    def chandelier_loaders(self):
        loader = chandelier.Loader()
        for number in range(200):
            loader.command(command(f"gremlin{number}"))
        return [loader]


class BadName(Base):
    """Names a command as Discord does not allow."""

    @chandelier.hookimpl
    def chandelier_loaders(self):
        loader = chandelier.Loader()
        loader.command(command("Bad Name!"))
        return [loader]


class BadDescription(Base):
    """Describes a command at more length than Discord allows."""

    @chandelier.hookimpl
    def chandelier_loaders(self):
        loader = chandelier.Loader()
        loader.command(command("talkative", "talk " * 50))
        return [loader]


class TwoHandlers(Base):
    """Two handlers of one name."""

    @chandelier.hookimpl
    def chandelier_loaders(self):
        loaders = chandelier.Loader(), chandelier.Loader()
        for loader in loaders:

            @loader.timer("tick")
            async def tick(timer):
                pass

        return loaders
