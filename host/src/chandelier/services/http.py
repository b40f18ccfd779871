"""The one HTTP client of the host, for pages whose addresses people typed: bounded, and it never leads
into the operator's own network.
"""

from __future__ import annotations

import asyncio
import codecs
import re
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Final, Self

import aiohttp
import attrs
from aiohttp.abc import AbstractResolver
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from chandelier.errors import ChandelierError, InvalidRequest, ServiceUnavailable
from chandelier.languages import Messages
from chandelier.services.addresses import AddressPolicy, GuardedResolver, Network

__all__ = ["MAX_BYTES", "MAX_REDIRECTS", "TIMEOUT", "HttpClient", "HttpResponse"]

_ = Messages(__package__)

MAX_BYTES: Final = 2 * 1024 * 1024
"""Default limit of a body, in bytes, after decompression."""
MAX_REDIRECTS: Final = 5
TIMEOUT: Final = 20.0
"""Default limit of a whole request with its redirects, in seconds."""

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_FOR_ANYONE: Final = frozenset({"accept", "accept-language", "user-agent"})
"""Headers that go on to another server than the one they were given for; any other may hold a key."""
_MAX_URL: Final = 4096
_LONGEST_NAME: Final = 254  # with the dot at its end
_LONGEST_LABEL: Final = 63
_CHUNK: Final = 64 * 1024
_CHARSET: Final = re.compile(r"""charset\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE)
_META_CHARSET: Final = re.compile(
    rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE
)
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def _user_agent() -> str:
    """``chandelier/<version> (+<homepage>)``, as far as the installed metadata states them."""
    facts = metadata.metadata("chandelier")
    pages = [entry.partition(",")[2].strip() for entry in facts.get_all("Project-URL") or ()]
    return f"chandelier/{facts['Version']}" + (f" (+{pages[0]})" if pages else "")


@attrs.frozen
class HttpResponse:
    """What a server answered, read completely. Any status is an answer, 404 and 503 too."""

    status: int
    url: str
    """Where the answer came from, after redirects."""
    headers: Mapping[str, str]
    """Names in any case; of a repeated header the first."""
    body: bytes = attrs.field(repr=False)

    def text(self) -> str:
        """The body as text: byte order mark, then Content-Type, then ``<meta charset>``, then UTF-8.

        Bytes that do not fit become U+FFFD: a page with one broken byte is still worth reading.
        """
        for mark, encoding in _BOMS:
            if self.body.startswith(mark):
                return self.body.decode(encoding, "replace")
        declared = _CHARSET.search(self.headers.get("Content-Type", ""))
        label = declared[1] if declared else None
        if label is None and (meta := _META_CHARSET.search(self.body[:1024])):
            label = meta[1].decode("ascii", "replace")
        return self.body.decode(_known_encoding(label), "replace")


def _known_encoding(label: str | None) -> str:
    """Python's codec for a declared charset; UTF-8 for one that is unknown or no charset of the web."""
    try:
        name = codecs.lookup(label or "utf-8").name
    except (LookupError, ValueError):
        return "utf-8"
    if name in {"iso8859-1", "ascii"}:
        return "cp1252"  # what the web means by them: https://encoding.spec.whatwg.org/#names-and-labels
    known = name.startswith(("utf", "iso8859", "cp", "koi8", "gb", "big5", "euc", "shift_jis", "mac"))
    return name if known else "utf-8"


class HttpClient:
    """Fetches pages for plugins, over one pool of connections. Made by the host, closed by the host.

    - http and https only, no user name or password in the URL, at most `MAX_REDIRECTS` redirects, each
      checked like the first URL;
    - connects to public addresses only, and to those in ``allow``;
    - no cookies are kept, so plugins and people share none; after a redirect to another server it is told
      nothing but what the client likes to read;
    - no proxy is taken from the environment: it would resolve names by itself, past the guard.

    Limits of time are real seconds, not the injected clock's: they bound real sockets.
    """

    def __init__(
        self,
        *,
        allow: Sequence[Network] = (),
        resolver: AbstractResolver | None = None,
        user_agent: str | None = None,
    ) -> None:
        """``allow`` are networks that are fine although they are not public, such as ``127.0.0.0/8``."""
        self._policy = AddressPolicy(allow)
        self._resolver = resolver
        self._user_agent = user_agent or _user_agent()
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection; requests made later raise ServiceUnavailable."""
        self._closed = True
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = MAX_BYTES,
        timeout: float = TIMEOUT,
    ) -> HttpResponse:
        """Fetch ``url`` and follow redirects; ``timeout`` is in seconds and covers everything.

        Raises InvalidRequest when the URL may not be fetched (also when a redirect leads there), and
        ServiceUnavailable when no complete answer came: no connection, too slow, more than ``max_bytes``
        after decompression, too many redirects.
        """
        target = self._parse(url)
        sent = CIMultiDict(headers or {})
        sent.setdefault("User-Agent", self._user_agent)
        host = target.raw_host
        try:
            async with asyncio.timeout(timeout):
                for _hop in range(MAX_REDIRECTS + 1):
                    host = target.raw_host
                    answer = await self._once(target, sent, max_bytes)
                    if isinstance(answer, HttpResponse):
                        return answer
                    if answer.origin() != target.origin():
                        for name in [name for name in sent if name.lower() not in _FOR_ANYONE]:
                            sent.popall(name, None)
                    target = answer
        except ChandelierError:
            raise
        except TimeoutError:
            raise ServiceUnavailable(
                _("{host} did not answer within {seconds} s", host=host, seconds=f"{timeout:g}")
            ) from None
        except (aiohttp.ClientError, OSError) as error:
            raise ServiceUnavailable(_failure(host, error)) from error
        raise ServiceUnavailable(_("{host} redirected more than {most} times", host=host, most=MAX_REDIRECTS))

    async def _once(self, url: URL, headers: CIMultiDict[str], max_bytes: int) -> HttpResponse | URL:
        """One request: the answer, or where it redirects to."""
        async with self._pool().get(url, headers=headers, allow_redirects=False) as response:
            location = response.headers.get("Location")
            if response.status in _REDIRECTS and location is not None:
                return self._parse(location, base=url)
            if (response.content_length or 0) > max_bytes:
                raise _too_large(url, max_bytes)
            body = bytearray()
            async for chunk in response.content.iter_chunked(_CHUNK):
                body += chunk
                if len(body) > max_bytes:
                    raise _too_large(url, max_bytes)
            return HttpResponse(
                response.status, str(url), CIMultiDictProxy(CIMultiDict(response.headers)), bytes(body)
            )

    def _parse(self, text: str, base: URL | None = None) -> URL:
        """The URL to fetch, judged as far as that is possible before its name is resolved."""
        try:
            if len(text) > _MAX_URL:
                raise ValueError(f"it is longer than {_MAX_URL} characters")
            url = URL(text.strip())
            url = (url if base is None else base.join(url)).with_fragment(None)
            scheme, host, _port = url.scheme, url.raw_host, url.port
            secret = url.raw_user is not None or url.raw_password is not None
        except ValueError as error:
            raise InvalidRequest(_("this is not a URL that can be fetched: {error}", error=error)) from None
        if scheme not in {"http", "https"} or not host:
            raise InvalidRequest(_("only full addresses that start with http:// or https:// can be fetched"))
        if secret:
            raise InvalidRequest(
                _("the address contains a user name or password; leave out what stands before the @")
            )
        self._policy.check_host(host)
        if not _may_stand_in_dns(host):
            raise InvalidRequest(
                _("this is not a URL that can be fetched: there cannot be a host of that name")
            )
        return url

    def _pool(self) -> aiohttp.ClientSession:
        if self._closed:
            raise ServiceUnavailable(_("the bot is stopping and fetches nothing any more"))
        if self._session is None:
            # Made at the first use: a session wants a running event loop.
            connector = aiohttp.TCPConnector(
                resolver=GuardedResolver(self._resolver or aiohttp.DefaultResolver(), self._policy),
                limit=64,
                limit_per_host=8,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None),
                trust_env=False,  # a proxy would resolve names itself, past the guard
                headers={"Accept-Encoding": "gzip, deflate"},
            )
        return self._session


def _may_stand_in_dns(host: str) -> bool:
    """Whether a resolver can be asked for this name; on others they fail in ways of their own.

    The lengths are those of RFC 1035, section 2.3.4.
    """
    labels = host.removesuffix(".").split(".")
    if len(host) > _LONGEST_NAME or any(not 0 < len(label) <= _LONGEST_LABEL for label in labels):
        return False
    try:
        host.encode("ascii").decode("idna")
    except UnicodeError:
        return False
    return True


def _too_large(url: URL, max_bytes: int) -> ServiceUnavailable:
    most = f"{max_bytes:,}"
    return ServiceUnavailable(
        _("{host} sent more than {most} bytes, the limit for one page", host=url.host, most=most)
    )


def _failure(host: str | None, error: Exception) -> str:
    """Why a page did not come, without the addresses that error messages of sockets name."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return _("{host} could not be reached: no such name in DNS", host=host)
    if isinstance(error, aiohttp.ClientSSLError):
        return _("{host} could not be reached: its certificate or encryption is not right", host=host)
    if isinstance(error, aiohttp.ClientConnectorError):
        return _("{host} could not be reached: no connection", host=host)
    return _("{host} could not be reached: {error}", host=host, error=type(error).__name__)
