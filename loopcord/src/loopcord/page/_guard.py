"""Who may talk to the page: only the browser that was given its secret address, from that very page.

The page can act as any of its members, so other web pages, other machines and names that merely
resolve to this machine (DNS rebinding) must stay outside.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping

__all__ = ["Guard"]


class Guard:
    """Holds the secret part of the address and judges requests by it, their Host and their Origin."""

    def __init__(self, image_origins: Iterable[str] = ()) -> None:
        self.secret = secrets.token_urlsafe(24)
        self._port = 0
        self._images = " ".join(("'self'", "blob:", "data:", *image_origins))

    def listen(self, port: int) -> None:
        """Tell the port once the socket is bound; until then every request is refused."""
        self._port = port

    def refusal(self, method: str, secret: str, headers: Mapping[str, str]) -> str | None:
        """Why a request is refused, or None when it may pass."""
        hosts = {f"127.0.0.1:{self._port}", f"localhost:{self._port}"}
        if headers.get("Host", "") not in hosts:
            return "this page answers only to 127.0.0.1"
        if not secrets.compare_digest(secret.encode(), self.secret.encode()):
            return "the address is incomplete: open the whole link that was printed at the start"
        origin = headers.get("Origin")
        if origin is not None and origin not in {f"http://{host}" for host in hosts}:
            return "another site may not use this page"
        if headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}:
            return "another site may not use this page"
        if method == "POST" and not headers.get("Content-Type", "").startswith("application/json"):
            return "acts are sent as application/json"
        return None

    @property
    def headers(self) -> dict[str, str]:
        """Headers of every answer: nothing is cached, framed, sniffed, inlined or fetched elsewhere."""
        return {
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Content-Security-Policy": (
                "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
                f"img-src {self._images}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
            ),
        }
