"""A process that has imported everything and forks a bot whenever it is told to.

So a start costs tenths of a second, and what is killed is a real process all the same: it forks before there
is any loop or thread. Lines on stdin: ``start`` forks (the answer is the child's process id), ``reap`` waits
for its end (the answer is its exit code, negative for a signal).
"""

from __future__ import annotations

import importlib
import os
import sys

MODULES = (
    "aiosqlite",
    "alembic",
    "asyncpg",
    "sqlalchemy.dialects.postgresql.asyncpg",
    "sqlalchemy.dialects.sqlite.aiosqlite",
    "chandelier.app",
    "chandelier.builtin.plugin",
    "chandelier.cli.run",
    "chandelier.connection",
    "made_crash",
)


def main(words: list[str]) -> None:
    """Serve until stdin ends. The words are those after ``chandelier``."""
    for module in MODULES:
        importlib.import_module(module)
    from chandelier.services import claims

    claims.LEASE = 0.5  # what a dead process had claimed on PostgreSQL is not waited for for a minute
    child = 0
    for line in sys.stdin:
        if line == "start\n":
            child = os.fork()
            if child == 0:
                run(words)
            print(child, flush=True)  # noqa: T201 - the answer
        else:
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201


def run(words: list[str]) -> None:
    """What ``chandelier run`` does, in a process of its own."""
    from chandelier.cli import main as chandelier

    code = 1
    try:
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(2, 1)
        code = chandelier(words, standalone_mode=False) or 0
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
