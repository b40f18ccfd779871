"""The story of a run in text: what the bot asked, what Discord announced, one entry a line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

__all__ = ["render"]

_WIDTH = 400
_ARROWS = {"HTTP": "bot  ->", "CLIENT": "bot  ->", "GATEWAY": "bot <- ", "ANSWER": "bot <- "}


def render(entries: Sequence[tuple[str, str, Any]], last: int | None = None) -> str:
    """``entries`` as text, at most the ``last`` ones; long payloads are cut."""
    chosen = list(entries)
    left_out = 0
    if last is not None and len(chosen) > last:
        left_out = len(chosen) - last
        chosen = chosen[-last:]
    lines = [f"… {left_out} earlier entries left out"] if left_out else []
    for kind, what, payload in chosen:
        line = f"{_ARROWS.get(kind, kind)} {what}"
        if payload is not None:
            if isinstance(payload, bytes):  # an event, as it was sent
                payload = json.loads(payload)
            text = json.dumps(payload, ensure_ascii=False, default=repr)
            line += "  " + (text if len(text) <= _WIDTH else text[:_WIDTH] + "…")
        lines.append(line)
    return "\n".join(lines)
