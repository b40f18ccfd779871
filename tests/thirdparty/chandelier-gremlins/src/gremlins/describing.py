"""Wrong in what they say about themselves."""

from __future__ import annotations

import lightbulb

import chandelier


class Base(chandelier.Plugin):
    """A plugin that says what it has to."""

    @chandelier.hookimpl
    def chandelier_manifest(self):
        return chandelier.Manifest(summary="A gremlin.")


class NoPlugin:
    """Not a plugin at all."""


class InitRaises(Base):
    def __init__(self):
        raise LookupError("no such toy")


class NoManifest(chandelier.Plugin):
    """Says nothing."""


class ManifestRaises(chandelier.Plugin):
    @chandelier.hookimpl
    def chandelier_manifest(self):
        raise SystemExit("says nothing")


class ManifestAsync(chandelier.Plugin):
    @chandelier.hookimpl
    async def chandelier_manifest(self):
        return chandelier.Manifest(summary="Too late.")


class ManifestRecurses(chandelier.Plugin):
    @chandelier.hookimpl
    def chandelier_manifest(self):
        return self.chandelier_manifest()


class ManifestIntents(chandelier.Plugin):
    @chandelier.hookimpl
    def chandelier_manifest(self):
        return chandelier.Manifest(summary="Wants all.", intents="all")


class SchemaWrong(Base):
    @chandelier.hookimpl
    def chandelier_config_schema(self):
        return {"key": "value"}


class MigrationsWrong(Base):
    @chandelier.hookimpl
    def chandelier_config_migrations(self):
        return 3


class StorageWrong(Base):
    @chandelier.hookimpl
    def chandelier_storage(self):
        return "sqlite:///mine.db"


class LoadersWrong(Base):
    @chandelier.hookimpl
    def chandelier_loaders(self):
        return [lightbulb.Loader()]


class HookspecsWrong(Base):
    @chandelier.hookimpl
    def chandelier_hookspecs(self):
        return chandelier


class HookUnfit(Base):
    @chandelier.hookimpl
    def chandelier_health(self, mood):
        return mood


class HookWraps(Base):
    @chandelier.hookimpl(wrapper=True)
    def chandelier_health(self):
        return (yield)


class RequiresWrong(Base):
    requires = 7


class RequiresAbsent(Base):
    requires = ("nobody",)
