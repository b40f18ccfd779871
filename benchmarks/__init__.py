"""Benchmarks: Chandelier with all four plugins against a bare hikari + lightbulb bot, as ratios."""
