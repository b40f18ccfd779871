"""The pinger: whoever pings @everyone, @here or a role without being allowed to is reported, once."""
