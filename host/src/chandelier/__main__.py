"""``python -m chandelier``: the same as the command ``chandelier``."""

from __future__ import annotations

from chandelier.cli import main

if __name__ == "__main__":
    main(prog_name="chandelier")
