"""The demo: a small lively server in the local Discord, the real host beside it, and a page to act in.

Needs the extra `chandelier[demo]`, which brings `loopcord`.
"""

from __future__ import annotations

from chandelier.demo.show import Demo

__all__ = ["Demo"]
