"""Automod: rules that say which messages may not stay, and the engine that finds those they mean.

``rules``, ``triggers`` and ``actions`` are the model, ``plain`` its written form (TOML, JSON), ``check`` says
what is wrong with a rule, ``content`` is what of a message is looked at, ``engine`` finds the rules that hit.
None of these knows a connection to Discord, a database or a clock.
"""
