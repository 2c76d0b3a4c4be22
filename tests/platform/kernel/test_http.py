"""Outgoing calls are bounded in time and size, and reach no private address."""

import contextlib
import gzip
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from kernel import http, outgoing


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.seen.append((self.command, self.path, dict(self.headers)))
        getattr(self, f"say_{self.path.strip('/')}", self.say_hello)()

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        self.server.bodies.append(self.rfile.read(length))
        self.do_GET()

    def answer(self, status, body, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def say_hello(self):
        self.answer(200, b"hello", Set_Cookie="a=b")

    def say_away(self):
        self.answer(302, b"", Location="/elsewhere")

    def say_busy(self):
        self.answer(503, b"busy")

    def say_long(self):
        self.answer(200, b"x" * 200_000)

    def say_bomb(self):
        self.answer(200, gzip.compress(b"x" * 50_000_000), Content_Encoding="gzip")

    def say_nothing(self):
        time.sleep(3)

    def say_drops(self):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        for _ in range(30):
            self.wfile.write(b"x")
            time.sleep(0.1)

    def say_slow_head(self):
        for letter in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 30:
            self.wfile.write(bytes([letter]))
            time.sleep(0.1)

    def say_garbage(self):
        self.wfile.write(b"this is no HTTP\r\n\r\n")

    def log_message(self, *args):
        pass

    def handle(self):
        # The client has left, as it should.
        with contextlib.suppress(OSError):
            super().handle()


@pytest.fixture
def server(settings):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.seen, server.bodies = True, [], []
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{server.server_port}"
    settings.OUTGOING_PRIVATE_HOSTS = [f"127.0.0.1:{server.server_port}"]
    yield server
    server.shutdown()
    server.server_close()


def test_a_named_host_is_asked_and_its_answer_returned(server):
    answer = http.get(f"{server.url}/hello", headers={"X-Own": "yes"})
    assert (answer.status, answer.text, answer.is_good) == (200, "hello", True)
    assert server.seen[0][2]["X-Own"] == "yes"


def test_fields_files_and_a_password_are_posted_once(server):
    answer = http.post(
        f"{server.url}/busy",
        data=[("to", "bob@acme.test"), ("to", "carol@acme.test")],
        files=[("attachment", ("a.txt", b"content", "text/plain"))],
        auth=("api", "key"),
    )
    assert (answer.status, answer.is_good) == (503, False)
    assert len(server.seen) == 1
    assert server.seen[0][2]["Authorization"] == "Basic YXBpOmtleQ=="
    assert server.bodies[0].count(b'name="to"') == 2
    assert b"content" in server.bodies[0]


def test_a_redirect_is_an_answer_and_not_followed(server):
    answer = http.get(f"{server.url}/away")
    assert (answer.status, answer.headers["Location"]) == (302, "/elsewhere")
    assert [path for _, path, _ in server.seen] == ["/away"]


def test_nothing_is_kept_between_two_calls(server):
    for _ in range(2):
        http.get(f"{server.url}/hello")
    assert "Cookie" not in server.seen[1][2]


@pytest.mark.parametrize("path", ["long", "bomb"])
def test_a_long_answer_is_cut(server, path):
    answer = http.get(f"{server.url}/{path}", limit=1000)
    assert (len(answer.content), answer.is_cut) == (1000, True)


@pytest.mark.parametrize("path", ["nothing", "drops", "slow_head"])
def test_a_server_that_takes_its_time_is_left(server, path):
    begun = time.monotonic()
    with pytest.raises(http.TimedOut):
        http.get(f"{server.url}/{path}", timeout=0.5)
    assert time.monotonic() - begun < 1.5


def test_what_is_no_http_is_no_answer(server):
    with pytest.raises(http.NotReached):
        http.get(f"{server.url}/garbage")


def nothing_may_leave() -> bool:
    return False


def test_where_the_guard_says_no_nobody_is_asked(server, settings):
    settings.OUTGOING_GUARD = f"{__name__}.nothing_may_leave"
    for ask in (http.get, http.post):
        with pytest.raises(http.Refused):
            ask(f"{server.url}/hello")
    assert server.seen == []


def test_nobody_at_home_is_told_without_the_address(settings):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings.OUTGOING_PRIVATE_HOSTS = ["127.0.0.1"]
    with pytest.raises(http.NotReached) as told:
        http.get(f"http://127.0.0.1:{port}/secret-path")
    assert "127.0.0.1" not in str(told.value)
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://example.com:8443/",
        "https://user:word@example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "https://",
        "https://[::1",
        "https://example.com:x/",
        "",
    ],
)
def test_an_address_of_the_wrong_kind_is_refused(url):
    with pytest.raises(http.Refused):
        http.get(url)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "localhost",
        "10.0.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[fc00::1]",
        "[ff02::1]",
    ],
)
def test_a_private_address_is_not_asked(host):
    with pytest.raises(http.Refused, match="private"):
        http.get(f"https://{host}/")


def test_a_named_port_opens_no_other(server, settings):
    settings.OUTGOING_PRIVATE_HOSTS = ["127.0.0.1:1"]
    with pytest.raises(http.Refused):
        http.get(f"{server.url}/hello")
    assert server.seen == []


def test_a_name_that_has_one_private_address_is_not_asked(monkeypatch):
    def resolve(host, port, **more):
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in ("93.184.215.14", "127.0.0.1")
        ]

    monkeypatch.setattr(outgoing.socket, "getaddrinfo", resolve)
    with pytest.raises(http.Refused, match="private"):
        http.get("https://rebound.example/")


def test_the_address_that_was_looked_at_is_the_one_that_is_asked(server, monkeypatch):
    answers = []
    real = socket.getaddrinfo

    def resolve(*args, **more):
        answers.append(args)
        return real(*args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    http.get(f"{server.url}/hello")
    assert len(answers) == 1


def test_a_proxy_of_the_environment_is_not_used(server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert http.get(f"{server.url}/hello").status == 200
