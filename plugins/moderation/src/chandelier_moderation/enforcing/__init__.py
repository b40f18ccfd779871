"""Automod at work: keeps a server's rules, watches what is written, and does what the rules say.

``store`` and ``guilds`` hold the rules, ``watch`` and ``names`` look at what happens, ``memory`` knows what
came before, ``hits`` writes down what was found, ``deeds`` and ``ladder`` act. What a rule is and what it
finds is decided in ``automod``.
"""
