"""What a check gets and what it gives back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from enum import StrEnum
from pathlib import Path

import attrs

from chandelier.cli.installed import Installed
from chandelier.clock import Clock, SystemClock
from chandelier.config.deployment import Deployment
from chandelier.config.host import HostConfig
from chandelier.plugin import Manifest

__all__ = ["Check", "Examination", "Finding", "Level"]


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@attrs.frozen
class Finding:
    """One thing that was looked at: where, how it is, in words, and what to do about it."""

    area: str
    level: Level
    message: str
    advice: str = ""


@attrs.define
class Examination:
    """One deployment being looked at; ``deployment`` and ``config`` are None when they cannot be read."""

    installed: Installed
    path: Path
    environ: Mapping[str, str]
    online: bool = False
    clock: Clock = attrs.field(factory=SystemClock)
    deployment: Deployment | None = None
    config: HostConfig | None = None

    @property
    def manifests(self) -> dict[str, Manifest]:
        """What the plugins that would be started ask for, by plugin."""
        without = self.config.without if self.config is not None else ()
        return {
            plugin.name: plugin.description.manifest
            for plugin in self.installed.plugins
            if plugin.description is not None and plugin.name not in without
        }

    @property
    def data(self) -> Path | None:
        """The data folder, as far as the config says."""
        if self.deployment is None or self.config is None:
            return None
        return self.config.data_path(self.deployment.base)


Check = Callable[[Examination], Iterable[Finding] | Awaitable[Iterable[Finding]]]
"""Looks at one part; it changes nothing, and what it cannot see because of another problem it leaves out."""
