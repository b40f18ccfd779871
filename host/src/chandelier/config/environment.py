"""Settings from environment variables: their names, and what their text means.

``CHANDELIER_<SETTING>`` is for ``[chandelier]``; ``CHANDELIER_PLUGINS__MODERATION__LIMITS__WARNS`` for
``limits.warns`` in ``[plugins.moderation]``. A secret may also stand in a file that ``…_FILE`` names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from chandelier.config.problems import Problem, nearest
from chandelier.config.schema import Setting, settings

__all__ = [
    "FILE_SUFFIX",
    "HOST",
    "OTHER_VARIABLES",
    "PREFIX",
    "read_secret_file",
    "unknown_variables",
    "variable",
]

HOST: Final = "chandelier"
"""The name of the host's own section, ``[chandelier]``; all others are ``[plugins.NAME]``."""
PREFIX: Final = "CHANDELIER_"
FILE_SUFFIX: Final = "_FILE"
OTHER_VARIABLES: Final = frozenset({"CHANDELIER_CONFIG"})
"""Variables that are no settings: where the config file is."""
TEST_PREFIX: Final = "CHANDELIER_TEST_"


def variable(section: str, path: Iterable[str]) -> str:
    """The name of the variable of a setting: ``variable("moderation", ("limits", "warns"))``."""
    parts = [*([] if section == HOST else ["plugins", section]), *path]
    return PREFIX + "__".join(re.sub(r"[^A-Z0-9]+", "_", part.upper()) for part in parts)


def read_secret_file(path: Path) -> str:
    """The text of a file that holds one secret, without the line end that editors add.

    Raises ValueError with the reason when it cannot be read or is empty.
    """
    try:
        text = path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ValueError(f"the file {path} cannot be read: {reason}") from error
    if not text:
        raise ValueError(f"the file {path} is empty: it should hold the secret")
    return text


def unknown_variables(
    environ: Mapping[str, str], schemas: Mapping[str, type], *, also: Iterable[str] = ()
) -> Iterator[Problem]:
    """A warning for each ``CHANDELIER_…`` variable that is no setting, with the nearest that is."""
    known = {*OTHER_VARIABLES, *also}
    for name, schema in schemas.items():
        for setting in settings(schema):
            known.update(variables_of(name, setting))
    for one in sorted(environ):
        if one.startswith(PREFIX) and not one.startswith(TEST_PREFIX) and one not in known:
            guess = nearest(one, known)
            hint = f"; did you mean {guess}?" if guess else "; is its plugin installed?"
            yield Problem(file="environment", path=one, message=f"there is no such setting{hint}")


def variables_of(section: str, setting: Setting) -> Iterator[str]:
    """The variables that a setting can come from."""
    name = variable(section, setting.path)
    yield name
    if setting.secret:
        yield name + FILE_SUFFIX
