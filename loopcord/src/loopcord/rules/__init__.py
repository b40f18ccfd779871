"""Discord's rules on what may be asked and done, for requests and for people alike.

:mod:`loopcord.rules.limits` has the numbers, :mod:`loopcord.rules.forms` the checking of bodies, and
:mod:`loopcord.rules.table` says which rules a request meets before anything answers it.
"""
