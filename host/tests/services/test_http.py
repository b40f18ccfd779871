"""The HTTP client against real servers on loopback: what it fetches, and where it refuses to go."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from ipaddress import ip_address, ip_network

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer

from chandelier.errors import InvalidRequest, ServiceUnavailable
from chandelier.services.addresses import AddressPolicy
from chandelier.services.http import MAX_REDIRECTS, HttpClient, HttpResponse

LOOPBACK = ip_network("127.0.0.0/8")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Names(AbstractResolver):
    """A private DNS: the names of a test and the addresses they lead to."""

    def __init__(self, **addresses: str | list[str]) -> None:
        self.addresses = {name.replace("_", "."): found for name, found in addresses.items()}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        if host not in self.addresses:
            raise OSError(None, f"{host}: no such name")
        found = self.addresses[host]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in ([found] if isinstance(found, str) else found)
        ]

    async def close(self) -> None:
        pass


@asynccontextmanager
async def shop(routes: Mapping[str, Handler]) -> AsyncIterator[TestServer]:
    """A shop's web server on loopback."""
    app = web.Application()
    for path, handler in routes.items():
        app.router.add_get(path, handler)
    async with TestServer(app, host="127.0.0.1") as server:
        yield server


@asynccontextmanager
async def also_on(address: str, server: TestServer) -> AsyncIterator[None]:
    """Serve the same shop on another loopback address and the same port."""
    assert server.runner is not None
    site = web.TCPSite(server.runner, address, server.port)
    await site.start()
    try:
        yield
    finally:
        await site.stop()


def page(body: bytes | str = "a page", *, seen: list[web.Request] | None = None, **headers: str) -> Handler:
    """A handler that answers with this page and notes the request."""

    async def answer(request: web.Request) -> web.Response:
        if seen is not None:
            seen.append(request)
        content = body.encode() if isinstance(body, str) else body
        return web.Response(body=content, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return answer


def redirect(to: str, status: int = 302, seen: list[web.Request] | None = None) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        if seen is not None:
            seen.append(request)
        return web.Response(status=status, headers={"Location": to})

    return answer


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    """A client whose operator allows loopback, where the shops of these tests are."""
    names = Names(shop_example="127.0.0.1", rival_example="127.0.0.1")
    async with HttpClient(allow=[LOOPBACK], resolver=names) as client:
        yield client


class TestFetching:
    async def test_a_page_is_read_whole_with_its_status_and_headers(self, http: HttpClient) -> None:
        async with shop({"/lamp": page("a lamp, €20", Content_Type="text/html; charset=utf-8")}) as server:
            answer = await http.get(str(server.make_url("/lamp")))

        assert (answer.status, answer.text()) == (200, "a lamp, €20")
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.url.endswith("/lamp")

    async def test_a_missing_page_is_an_answer_not_an_error(self, http: HttpClient) -> None:
        async with shop({}) as server:
            assert (await http.get(str(server.make_url("/gone")))).status == 404

    async def test_the_client_says_honestly_who_it_is(self, http: HttpClient) -> None:
        seen: list[web.Request] = []
        async with shop({"/": page(seen=seen)}) as server:
            await http.get(str(server.make_url("/")))

        assert seen[0].headers["User-Agent"].startswith("chandelier/")

    async def test_a_plugin_can_send_headers_such_as_a_condition(self, http: HttpClient) -> None:
        async def fresh(request: web.Request) -> web.Response:
            return web.Response(status=304 if request.headers.get("If-None-Match") == '"v1"' else 200)

        async with shop({"/": fresh}) as server:
            answer = await http.get(str(server.make_url("/")), headers={"If-None-Match": '"v1"'})

        assert answer.status == 304

    async def test_cookies_of_one_request_are_not_sent_with_the_next(self, http: HttpClient) -> None:
        seen: list[web.Request] = []
        async with shop({"/": page(seen=seen, Set_Cookie="basket=7")}) as server:
            url = str(server.make_url("/")).replace("127.0.0.1", "shop.example")
            await http.get(url)
            await http.get(url)

        assert "Cookie" not in seen[1].headers

    async def test_connections_are_reused(self, http: HttpClient) -> None:
        ports: list[object] = []

        async def note(request: web.Request) -> web.Response:
            assert request.transport is not None
            ports.append(request.transport.get_extra_info("peername"))
            return web.Response()

        async with shop({"/": note}) as server:
            await http.get(str(server.make_url("/")))
            await http.get(str(server.make_url("/")))

        assert ports[0] == ports[1]


class TestText:
    @pytest.mark.parametrize(
        ("body", "content_type", "text"),
        [
            ("größe".encode(), "text/html; charset=UTF-8", "größe"),
            ("größe".encode("latin-1"), 'text/html; charset="ISO-8859-1"', "größe"),
            ("“20 €”".encode("cp1252"), "text/html; charset=latin1", "“20 €”"),
            ("値段".encode("shift_jis"), "text/html; charset=Shift_JIS", "値段"),
            (
                b"<meta charset='koi8-r'>" + "цена".encode("koi8-r"),
                "text/html",
                "<meta charset='koi8-r'>цена",
            ),
            ("\ufeffgröße".encode("utf-8-sig").removeprefix(b"\xef\xbb\xbf"), "text/html", "größe"),
            ("größe".encode("utf-16"), "text/html; charset=utf-8", "größe"),
            ("größe".encode(), "text/html; charset=nonsense", "größe"),
            ("größe".encode(), "text/html; charset=idna", "größe"),
            ("größe".encode(), "text/html; charset=hex", "größe"),
            (b"a\xffb", "text/html; charset=utf-8", "a\ufffdb"),
            ("größe".encode(), "", "größe"),
        ],
    )
    def test_the_charset_is_found_as_browsers_find_it(
        self, body: bytes, content_type: str, text: str
    ) -> None:
        assert HttpResponse(200, "http://shop.example/", {"Content-Type": content_type}, body).text() == text


class TestSize:
    async def test_a_body_over_the_limit_is_refused_before_it_is_read(self, http: HttpClient) -> None:
        async with shop({"/": page(b"x" * 1001)}) as server:
            with pytest.raises(ServiceUnavailable, match="more than 1,000 bytes"):
                await http.get(str(server.make_url("/")), max_bytes=1000)
            assert len((await http.get(str(server.make_url("/")), max_bytes=1001)).body) == 1001

    async def test_a_body_of_unannounced_length_is_cut_off_while_it_streams(self, http: HttpClient) -> None:
        async def endless(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            try:
                while True:
                    await response.write(b"x" * 65536)
            finally:
                gave_up.set()

        gave_up = asyncio.Event()
        async with shop({"/": endless}) as server:
            with pytest.raises(ServiceUnavailable, match="more than"):
                await http.get(str(server.make_url("/")))
            await asyncio.wait_for(gave_up.wait(), 60)

    async def test_a_small_body_that_decompresses_to_a_big_one_is_refused(self, http: HttpClient) -> None:
        bomb = gzip.compress(bytes(100 * 1024 * 1024), compresslevel=9)
        assert len(bomb) < 200_000

        async with shop({"/": page(bomb, Content_Encoding="gzip")}) as server:
            with pytest.raises(ServiceUnavailable, match="more than"):
                await http.get(str(server.make_url("/")))

    async def test_a_compressed_page_is_read(self, http: HttpClient) -> None:
        async with shop({"/": page(gzip.compress(b"a lamp"), Content_Encoding="gzip")}) as server:
            assert (await http.get(str(server.make_url("/")))).text() == "a lamp"


class TestFailures:
    async def test_a_server_that_does_not_answer_is_given_up(self, http: HttpClient) -> None:
        async def silent(request: web.Request) -> web.Response:
            await asyncio.Event().wait()
            raise AssertionError

        async with shop({"/": silent}) as server:
            with pytest.raises(ServiceUnavailable, match=r"did not answer within 0\.05 s"):
                await http.get(str(server.make_url("/")), timeout=0.05)

    async def test_a_server_that_drips_is_given_up_too(self, http: HttpClient) -> None:
        """Every byte comes soon after the last: only a limit of the whole request helps (slow loris)."""

        async def drip(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            while True:
                await response.write(b"x")
                await asyncio.sleep(0.01)

        async with shop({"/": drip}) as server:
            with pytest.raises(ServiceUnavailable, match=r"did not answer within 0\.2 s"):
                await http.get(str(server.make_url("/")), timeout=0.2)

    async def test_a_closed_port_is_a_service_that_is_not_there(self, http: HttpClient) -> None:
        with socket.socket() as taken:  # and nobody listens: a port that is free may be another test's soon
            taken.bind(("127.0.0.1", 0))
            with pytest.raises(ServiceUnavailable, match="could not be reached: no connection"):
                await http.get(f"http://shop.example:{taken.getsockname()[1]}/")

    async def test_an_unknown_name_is_a_service_that_is_not_there(self, http: HttpClient) -> None:
        with pytest.raises(ServiceUnavailable, match="no such name in DNS"):
            await http.get("http://nowhere.example/")

    async def test_a_connection_cut_in_the_middle_is_no_page(self, http: HttpClient) -> None:
        async def cut(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Length": "1000"})
            await response.prepare(request)
            await response.write(b"half a page")
            assert request.transport is not None
            request.transport.abort()
            return response

        async with shop({"/": cut}) as server:
            with pytest.raises(ServiceUnavailable, match="could not be reached"):
                await http.get(str(server.make_url("/")))

    async def test_nothing_is_fetched_after_the_host_closed_the_client(self, http: HttpClient) -> None:
        await http.close()

        with pytest.raises(ServiceUnavailable, match="stopping"):
            await http.get("http://shop.example/")


class TestRedirects:
    async def test_a_redirect_is_followed_and_the_last_url_is_told(self, http: HttpClient) -> None:
        async with shop({"/old": redirect("/new#reviews"), "/new": page("here")}) as server:
            answer = await http.get(str(server.make_url("/old")))
            last = str(server.make_url("/new"))

        assert (answer.text(), answer.url) == ("here", last)

    async def test_a_circle_of_redirects_ends(self, http: HttpClient) -> None:
        seen: list[web.Request] = []
        async with shop({"/": redirect("/", seen=seen)}) as server:
            with pytest.raises(ServiceUnavailable, match="redirected more than 5 times"):
                await http.get(str(server.make_url("/")))

        assert len(seen) == MAX_REDIRECTS + 1

    async def test_authorization_stays_with_the_host_it_was_meant_for(self, http: HttpClient) -> None:
        at_home: list[web.Request] = []
        abroad: list[web.Request] = []
        async with shop({"/": page(seen=abroad)}) as rival:
            away = str(rival.make_url("/")).replace("127.0.0.1", "rival.example")
            routes = {"/": redirect("/again", seen=at_home), "/again": redirect(away, seen=at_home)}
            async with shop(routes) as server:
                await http.get(
                    str(server.make_url("/")),
                    headers={"Authorization": "Bearer x", "cookie": "a=b", "X-Api-Key": "k", "Accept": "x/y"},
                )

        assert [request.headers.get("Authorization") for request in at_home] == ["Bearer x", "Bearer x"]
        assert "Authorization" not in abroad[0].headers
        assert "Cookie" not in abroad[0].headers
        assert "X-Api-Key" not in abroad[0].headers
        assert abroad[0].headers["Accept"] == "x/y"

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    async def test_a_redirect_into_the_private_network_is_refused(self, status: int) -> None:
        secrets: list[web.Request] = []
        async with shop({"/": page("secret", seen=secrets)}) as intranet:
            port = intranet.port
            async with shop({"/": redirect(f"http://127.0.0.1:{port}/", status)}) as server:
                # Only 127.0.0.2, where this shop is reached, counts as public here.
                names = Names(shop_example="127.0.0.2")
                assert server.port is not None
                async with (
                    also_on("127.0.0.2", server),
                    HttpClient(allow=[ip_network("127.0.0.2/32")], resolver=names) as http,
                ):
                    with pytest.raises(InvalidRequest, match="not lead to a public address"):
                        await http.get(f"http://shop.example:{server.port}/")

        assert secrets == []

    @pytest.mark.parametrize("to", ["file:///etc/passwd", "ftp://shop.example/", "javascript:alert(1)"])
    async def test_a_redirect_to_something_else_than_the_web_is_refused(
        self, http: HttpClient, to: str
    ) -> None:
        async with shop({"/": redirect(to)}) as server:
            with pytest.raises(InvalidRequest, match="http:// or https://"):
                await http.get(str(server.make_url("/")))

    async def test_a_redirect_with_a_password_in_it_is_refused(self, http: HttpClient) -> None:
        async with shop({"/": redirect("http://root:toor@shop.example/")}) as server:
            with pytest.raises(InvalidRequest, match="user name or password"):
                await http.get(str(server.make_url("/")))


class TestGuard:
    """SSRF: a member types a URL, the bot's machine must not become a door to the operator's network."""

    @pytest.mark.parametrize(
        "url",
        [
            "file:///etc/passwd",
            "ftp://shop.example/",
            "gopher://shop.example/",
            "//shop.example/",
            "shop.example",
            "/etc/passwd",
            "http:///path",
            "",
            "http://[::1",
            "http://shop.example:99999/",
            "http://shop.example/" + "a" * 5000,
            "http://" + "a" * 64 + ".example/",
            "http://" + "a." * 130 + "example/",
            "http://shop..example/",
            "http://xn--/",
        ],
    )
    async def test_only_full_web_addresses_are_fetched(self, http: HttpClient, url: str) -> None:
        with pytest.raises(InvalidRequest):
            await http.get(url)

    @pytest.mark.parametrize(
        "url", ["http://me:pw@shop.example/", "http://me@shop.example/", "http://:pw@x.de/"]
    )
    async def test_no_password_travels_in_a_url(self, http: HttpClient, url: str) -> None:
        with pytest.raises(InvalidRequest, match="user name or password"):
            await http.get(url)

    @pytest.mark.parametrize(
        "host",
        [
            "127.0.0.1",
            "10.0.0.5",
            "192.168.1.1",
            "172.16.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",  # noqa: S104 - an address to refuse
            "224.0.0.1",
            "255.255.255.255",
            "[::1]",
            "[::]",
            "[fe80::1]",
            "[fe80::1%25eth0]",
            "[fc00::1]",
            "[fec0::1]",
            "[ff02::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::127.0.0.1]",
            "[64:ff9b::127.0.0.1]",
            "[64:ff9b::a00:5]",
            "[64:ff9b:1::1]",
            "[2002:7f00:1::]",
            "[2001:0:7f00:1::]",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0x7f.0.0.1",
            "0177.0.0.1",
            "127.0.0.1.",
            "127。0。0。1",
            "192.88.99.1",
            "[3fff::1]",
            "[5f00::1]",
            "１２７.0.0.1",
        ],
    )
    async def test_an_address_that_is_not_public_is_refused_in_every_notation(self, host: str) -> None:
        async with HttpClient() as http:
            with pytest.raises(InvalidRequest):
                await http.get(f"http://{host}/", timeout=5)

    @pytest.mark.parametrize(
        "authority",
        [
            "%31%32%37.0.0.1:{port}",
            "127.0.0.1%00.example:{port}",
            "127.0.0.1\t:{port}",
            "127.0.0.1 :{port}",
            "shop.example@127.0.0.1:{port}",
            "127.0.0.1:{port}#@shop.example",
            "127.0.0.1:{port}\\@shop.example",
            "shop.example\\@127.0.0.1:{port}",
            "127.0.0.1:{port}?@shop.example",
            "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:{port}",
            "localhost.:{port}",
            "LOCALHOST:{port}",
            "localhost.localdomain:{port}",
            "ip6-localhost:{port}",
            "0:{port}",
            "017700000001:{port}",
            "0x7f.1:{port}",
            "127.0.1:{port}",
            "127.0.0.0x1:{port}",
            "127.0.0.1..:{port}",
            "٣.٠.٠.١:{port}",
            "[0:0:0:0:0:ffff:127.0.0.1]:{port}",
            "[::ffff:0:127.0.0.1]:{port}",
            "[::1%25lo]:{port}",
            "[::1%lo]:{port}",
        ],
    )
    @pytest.mark.parametrize("by", ["typed", "redirected"])
    async def test_no_disguise_gets_a_request_through(self, authority: str, by: str) -> None:
        secrets: list[web.Request] = []
        async with shop({"/": page(seen=secrets), "/secret": page(seen=secrets)}) as intranet:
            url = f"http://{authority.format(port=intranet.port)}/secret"
            async with shop({"/": redirect(url)}) as public, also_on("127.0.0.2", public):
                start = url if by == "typed" else f"http://127.0.0.2:{public.port}/"
                async with HttpClient(allow=[ip_network("127.0.0.2/32")]) as http:
                    with pytest.raises((InvalidRequest, ServiceUnavailable)):
                        await http.get(start, timeout=30)

        assert secrets == []

    async def test_no_proxy_is_taken_from_the_environment(
        self, http: HttpClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        proxied: list[web.Request] = []
        async with shop({"/": page("a lamp")}) as server, shop({"/": page(seen=proxied)}) as proxy:
            for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
                monkeypatch.setenv(name, str(proxy.make_url("/")))
            assert (await http.get(str(server.make_url("/")))).text() == "a lamp"

        assert proxied == []

    async def test_a_name_that_leads_into_the_private_network_is_refused(self) -> None:
        secrets: list[web.Request] = []
        async with (
            shop({"/": page(seen=secrets)}) as intranet,
            HttpClient(resolver=Names(innocent_example="127.0.0.1")) as http,
        ):
            with pytest.raises(InvalidRequest, match=r"`innocent\.example`") as refused:
                await http.get(f"http://innocent.example:{intranet.port}/")

        assert secrets == []
        assert "127.0.0.1" not in str(refused.value), "the answer must not map the network"

    async def test_the_systems_own_resolver_is_guarded_too(self) -> None:
        async with shop({"/": page()}) as intranet, HttpClient() as http:
            with pytest.raises(InvalidRequest, match="`localhost`"):
                await http.get(f"http://localhost:{intranet.port}/")

    async def test_of_several_addresses_only_the_permitted_are_used(self) -> None:
        secrets: list[web.Request] = []
        async with shop({"/": page(seen=secrets)}) as server:
            names = Names(shop_example=["127.0.0.1", "127.0.0.2"])
            async with HttpClient(allow=[ip_network("127.0.0.2/32")], resolver=names) as http:
                with pytest.raises(ServiceUnavailable, match="no connection"):  # nothing listens on .2
                    await http.get(f"http://shop.example:{server.port}/")

        assert secrets == []

    async def test_a_name_that_changes_its_address_gains_nothing(self) -> None:
        secrets: list[web.Request] = []
        names = Names(rebind_example="127.0.0.2")
        async with shop({"/": page(seen=secrets)}) as server, also_on("127.0.0.2", server):
            async with HttpClient(allow=[ip_network("127.0.0.2/32")], resolver=names) as first:
                assert (await first.get(f"http://rebind.example:{server.port}/")).status == 200
            names.addresses["rebind.example"] = "127.0.0.1"
            async with HttpClient(allow=[ip_network("127.0.0.2/32")], resolver=names) as later:
                with pytest.raises(InvalidRequest):
                    await later.get(f"http://rebind.example:{server.port}/")

        assert len(secrets) == 1

    @pytest.mark.parametrize(
        "address",
        [
            "93.184.216.34",
            "2606:2800:220:1::1",
            "64:ff9b::5db8:d822",
            "2002:5db8:d822::",
            "::ffff:93.184.216.34",
        ],
    )
    def test_public_addresses_are_fine(self, address: str) -> None:
        assert AddressPolicy().permits(ip_address(address))

    @pytest.mark.parametrize("address", ["10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::a01:203"])
    def test_the_operator_can_allow_a_network_and_it_holds_for_every_notation(self, address: str) -> None:
        assert AddressPolicy([ip_network("10.0.0.0/8")]).permits(ip_address(address))
        assert not AddressPolicy([ip_network("10.9.0.0/16")]).permits(ip_address(address))

    def test_allowing_a_network_does_not_open_its_neighbours(self) -> None:
        policy = AddressPolicy([ip_network("fd00::/64"), ip_network("10.0.0.0/30")])

        assert policy.permits(ip_address("fd00::5"))
        assert not policy.permits(ip_address("fd00:0:0:1::5"))
        assert not policy.permits(ip_address("10.0.0.4"))
