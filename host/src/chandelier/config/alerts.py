"""The settings under [chandelier.alerts]: when the bot's owners are told that something needs them."""

from __future__ import annotations

from chandelier.config.schema import schema, setting

__all__ = ["AlertConfig"]


@schema
class AlertConfig:
    """Limits; the owners get a direct message when one is crossed for a while, and when it is well again."""

    enabled: bool = setting(default=True, help="Whether the owners are told at all. A limit of 0 is none.")
    every: float = setting(default=60.0, ge=5, le=3600, help="Seconds between two looks.")
    cooldown: float = setting(
        default=3600.0, ge=0, le=604800, help="Seconds in which the same cause is told only once."
    )
    memory_mb: int = setting(default=1000, ge=0, help="Megabytes of memory in use.")
    cpu_percent: int = setting(
        default=90, ge=0, le=10000, help="Percent of one processor, between two looks."
    )
    errors_per_minute: int = setting(
        default=10, ge=0, help="Failures of the bot and its plugins; those of askers do not count."
    )
    latency_ms: int = setting(default=2000, ge=0, help="Milliseconds that the gateway takes to answer.")
    loop_lag_ms: int = setting(
        default=1000, ge=0, help="Milliseconds that something kept the bot from doing anything else."
    )
    late_rows: int = setting(
        default=50, ge=0, help="Timers and messages to be sent that are more than a minute late."
    )
    disk_free_mb: int = setting(default=500, ge=0, help="Megabytes that are left for the data folder.")
    quarantine: bool = setting(default=True, help="When a plugin is quarantined.")
    database: bool = setting(default=True, help="When the database does not answer.")
