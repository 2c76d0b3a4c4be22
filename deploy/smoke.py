"""`make smoke`: the demo from a clean clone, driven as a user would, and ended.

It clones HEAD, starts `make demo` on a free port, runs the documented curl examples
word for word, walks a leave request, the account flows and a sign-up by API, stops the
demo, looks for leftovers, and starts it again.
One line a check; the first failure ends it with exit code 1 and the end of the log.
"""

# ruff: noqa: INP001, S603, S607, T201 - a script of its own: it runs make, git and curl
# as they are found, and talks to a person

import contextlib
import http.client
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FIRST_START = 170.0
SECOND_START = 12.0
STOP_WITHIN = 25.0
#: The whole run must end within this time.
DEADLINE = time.monotonic() + 240.0
READY = "Ctrl-C stops it"
#: What this run decides for itself, whatever the caller's environment says.
OWN = (
    *("DATABASE_URL", "CELERY_BROKER_URL", "TENANTRY_DATA_DIR", "DJANGO_ENV"),
    *("DJANGO_SETTINGS_MODULE", "GOFLOW_SCHEDULER_BACKEND", "PORT", "RESET"),
    *("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "VIRTUAL_ENV", "PYTHONPATH"),
    *("EMAIL_DELIVERY_PROVIDER", "ENABLE_EMAIL_DELIVERY", "JWT_KEY_DIR"),
)
PASSWORD = "three calm rivers at dawn"  # noqa: S105 - of a person of this run
NEW_PASSWORD = "seven quiet hills by noon"  # noqa: S105 - as above

#: The examples of the documents, word for word; the port and the token are filled in.
EXAMPLES = {
    "sign-in": """\
curl -X POST http://acme.localhost:8000/api/auth/web/sign-in \\
  -H "Content-Type: application/json" \\
  -d '{"username":"admin","password":"open"}'
""",
    "refresh": """\
curl -X POST http://acme.localhost:8000/api/auth/web/token-refresh \\
	--cookie "refresh=<jwt>"
""",
    "mobile": """\
curl -X POST http://acme.localhost:8000/api/auth/mobile/sign-in \\
	-H "Content-Type: application/json" \\
	-d '{"username":"admin","password":"open"}'
""",
    "me": """\
curl http://acme.localhost:8000/api/protected/me \\
  -H "Authorization: Bearer <jwt>"
""",
    "processes": """\
curl http://acme.localhost:8000/api/protected/processes \\
  -H "Authorization: Bearer <jwt>"
""",
    "activities": """\
curl http://acme.localhost:8000/api/protected/processes/1/activities \\
  -H "Authorization: Bearer <jwt>"
""",
    "workitems": """\
curl http://acme.localhost:8000/api/protected/workitems \\
  -H "Authorization: Bearer <jwt>"
""",
    "my workitems": """\
curl http://acme.localhost:8000/api/protected/my/workitems \\
  -H "Authorization: Bearer <jwt>"
""",
    "activate": """\
curl -X POST http://acme.localhost:8000/api/protected/workitems/1/activate \\
  -H "Authorization: Bearer <jwt>"
""",
    "complete": """\
curl -X POST http://acme.localhost:8000/api/protected/workitems/1/complete \\
  -H "Authorization: Bearer <jwt>" \\
  -H "Content-Type: application/json" \\
  -d '{"condition":"APPROVED"}'
""",
    "start": """\
curl -X POST http://acme.localhost:8000/api/protected/processes/start \\
  -H "Authorization: Bearer <jwt>" \\
  -H "Content-Type: application/json" \\
	-d '{"process_name":"leave","content_app_label":"leave","content_model":"leaverequest","object_id":1,"title":"Vacation request","priority":5}'
""",  # noqa: E501 - one line in the documents
}


class Failed(Exception):
    """A check did not hold."""


@dataclass
class Report:
    """One line a check."""

    passed: int = 0

    def ok(self, what: str) -> None:
        self.passed += 1
        print(f"ok   {what}", flush=True)

    def check(self, what: str, holds: object, found: object = "") -> None:
        """Count a check that holds. Raises Failed with what was found instead."""
        if not holds:
            raise Failed(f"{what}\n     found: {found!r}" if found != "" else what)
        self.ok(what)

    def equal(self, what: str, found: object, wanted: object) -> None:
        if found != wanted:
            raise Failed(f"{what}\n     wanted: {wanted!r}\n     found:  {found!r}")
        self.ok(what)


@dataclass(frozen=True)
class Answer:
    """What an address answered."""

    status: int
    kind: str
    text: str
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def json(self) -> Any:
        try:
            return json.loads(self.text)
        except ValueError:
            raise Failed(f"No JSON: {self.status} {self.text[:300]}") from None


def until(what: str, look: Callable[[], Any], *, within: float) -> Any:
    """Return what `look` finds, as soon as it finds something."""
    end = min(time.monotonic() + within, DEADLINE)
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise Failed(f"{what}: not within {within:.0f} s")
        time.sleep(0.2)


# Processes


def children(pid: int) -> list[int]:
    """Return a process' children and theirs, by the table of processes."""
    parents = parents_by_pid()
    found: list[int] = []
    wanted = {pid}
    while wanted:
        wanted = {child for child, parent in parents.items() if parent in wanted}
        found.extend(sorted(wanted))
    return found


def parents_by_pid() -> dict[int, int]:
    if not Path("/proc/self/stat").exists():
        listed = subprocess.run(
            ["ps", "-axo", "pid=,ppid="], check=True, capture_output=True, text=True
        )
        pairs = (line.split() for line in listed.stdout.splitlines())
        return {int(pid): int(parent) for pid, parent in pairs}
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                found[int(stat.parent.name)] = int(parent)
    return found


def mentioning(word: str) -> list[int]:
    """Return the processes whose command line holds a word."""
    found = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if word.encode() in line.read_bytes():
                found.append(int(line.parent.name))
    return [pid for pid in found if pid != os.getpid()]


def is_alive(pid: int) -> bool:
    return pid in parents_by_pid()


# The demo


class Demo:
    """One `make demo` in the clone."""

    def __init__(self, place: Path, port: int, env: dict[str, str], log: Path) -> None:
        self.place = place
        self.port = port
        self.log = log
        self.begun = time.monotonic()
        with log.open("wb") as out:
            self.make = subprocess.Popen(
                ["make", "demo", f"PORT={port}"],
                cwd=place,
                env=env,
                stdout=out,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def await_ready(self, *, within: float) -> float:
        """Return the seconds until the table of addresses stood there."""

        def look() -> bool:
            if self.make.poll() is not None:
                raise Failed(f"make demo ended with code {self.make.returncode}")
            return READY in self.output()

        until("make demo is ready", look, within=within)
        return time.monotonic() - self.begun

    def family(self) -> list[int]:
        return children(self.make.pid)

    def stop(self) -> tuple[int, list[int]]:
        """Send SIGTERM to the supervisor; return make's exit code and what is left."""
        family = self.family()
        os.kill(family[0], signal.SIGTERM)
        try:
            code = self.make.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            raise Failed(f"The demo did not stop within {STOP_WITHIN:.0f} s") from None
        time.sleep(0.3)
        return code, [pid for pid in family if is_alive(pid)]

    def kill(self) -> None:
        """End whatever is left of it, by process id."""
        for pid in [*reversed(self.family()), self.make.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.make.wait()


class Site:
    """Speaks to the demo: the examples by curl, the rest by http.client."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.tokens: dict[str, str] = {}

    def curl(self, name: str, *, token: str = "", jar: Path | None = None) -> Answer:
        """Run one of the EXAMPLES and return its answer."""
        text = EXAMPLES[name].replace(":8000", f":{self.port}").replace("<jwt>", token)
        words = [word for word in shlex.split(text) if word.strip()]
        words += ["--silent", "--show-error", "--max-time", "20"]
        words += ["--resolve", f"acme.localhost:{self.port}:127.0.0.1"]
        words += ["--write-out", "\\n%{http_code} %{content_type}"]
        if jar is not None:
            words += ["--cookie-jar", str(jar)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        body, _, last = done.stdout.rpartition("\n")
        if done.returncode != 0 or not last:
            raise Failed(f"curl {name}: {done.stderr.strip()}")
        status, _, kind = last.partition(" ")
        return Answer(int(status), kind, body)

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str = "",
        host: str = "acme.localhost",
        **headers: str,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        sent = {"Host": f"{host}:{self.port}", "Connection": "close"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        if body is not None:
            sent["Content-Type"] = "application/json"
        text = body if isinstance(body, str) else json.dumps(body)
        try:
            connection.request(method, path, text if body is not None else None, sent)
            answer = connection.getresponse()
            cookies = dict(
                cookie.partition(";")[0].partition("=")[::2]
                for cookie in answer.headers.get_all("Set-Cookie", [])
            )
            return Answer(
                answer.status,
                answer.headers.get("Content-Type", ""),
                answer.read().decode(errors="replace"),
                cookies,
            )
        except OSError as error:
            raise Failed(f"{method} {host}{path}: {error}") from error
        finally:
            connection.close()

    def token(self, username: str, host: str = "acme.localhost") -> str:
        key = f"{username}@{host}"
        if key not in self.tokens:
            answer = self.call(
                "POST",
                "/api/auth/mobile/sign-in",
                {"username": username, "password": "open"},
                host=host,
            )
            if answer.status != 200:  # noqa: PLR2004 - HTTP's number
                raise Failed(f"{key} cannot sign in: {answer.text}")
            self.tokens[key] = answer.json["access"]
        return self.tokens[key]

    def mail(self, address: str, subject: str, host: str = "acme.localhost") -> Any:
        """Return the newest mail to an address with these words in its subject."""

        def look() -> Any:
            answer = self.call("GET", "/dev/mailbox.json", host=host)
            for letter in answer.json:
                fits = re.search(subject, letter["subject"], re.IGNORECASE)
                if fits and any(address in to for to in letter["to"]):
                    return letter
            return None

        return until(f"a mail to {address} about {subject!r}", look, within=20)

    def code(self, address: str, subject: str, host: str = "acme.localhost") -> str:
        """Return the code in the newest such mail."""
        letter = self.mail(address, subject, host)
        found = re.search(r"^\s*([A-HJ-NP-Z2-9]{6})\s*$", letter["text"], re.MULTILINE)
        if found is None:
            raise Failed(f"no code in {letter['text']!r}")
        return found[1]


# What is checked


def examples(site: Site, report: Report, place: Path) -> None:
    """Run the documented examples in their order and compare shapes."""
    jar = place / "cookies"
    web = site.curl("sign-in", jar=jar)
    report.equal("curl: web sign-in answers the access token", [*web.json], ["access"])
    refresh = re.search(r"\trefresh\t(\S+)", jar.read_text())
    report.check("curl: the refresh token is an HttpOnly cookie", refresh)
    assert refresh is not None  # noqa: S101 - for the type checker; checked above
    renewed = site.curl("refresh", token=refresh[1])
    report.equal("curl: the refresh cookie renews it", [*renewed.json], ["access"])
    mobile = site.curl("mobile")
    report.equal("curl: mobile sign-in", sorted(mobile.json), ["access", "refresh"])
    again = site.call(
        "POST", "/api/auth/mobile/token-refresh", {"refresh": mobile.json["refresh"]}
    )
    report.check("mobile token refresh", "access" in again.json, again.text)
    token = renewed.json["access"]
    me = site.curl("me", token=token).json
    report.equal("curl: me", me, {"username": "admin", "is_authenticated": True})
    processes = site.curl("processes", token=token).json
    report.equal(
        "curl: processes", some(processes[0], PROCESS), {"id": 1, **LEAVE_PROCESS}
    )
    activity = site.curl("activities", token=token).json[0]
    report.equal("curl: activities", some(activity, ACTIVITY), REQUEST_ACTIVITY)
    item = by_id(site.curl("workitems", token=token).json, 1)
    report.equal("curl: workitems", some(item, ITEM), FIRST_ITEM)
    item = by_id(site.curl("my workitems", token=token).json, 1)
    report.equal("curl: my workitems", some(item, ITEM), FIRST_ITEM)
    report.equal(
        "curl: activate",
        site.curl("activate", token=token).json,
        {"status": "activated", "workitem_id": 1},
    )
    report.equal(
        "curl: complete with a condition",
        site.curl("complete", token=token).json,
        {"status": "completed", "workitem_id": 1},
    )
    started = site.curl("start", token=token)
    report.equal("curl: start", started.status, 200)
    report.equal(
        "curl: start answers the seed's keys",
        sorted(some(started.json, ("status", "workitem_id", "instance_id"))),
        ["instance_id", "status", "workitem_id"],
    )


PROCESS = ("id", "title", "enabled")
LEAVE_PROCESS = {"title": "leave", "enabled": True}
ACTIVITY = ("id", "title", "kind", "process_id")
REQUEST_ACTIVITY = {"id": 1, "title": "Request", "kind": "standard", "process_id": 1}
ITEM = ("id", "status", "activity_id", "instance_id", "user_id")
FIRST_ITEM = {
    "id": 1,
    "status": "inactive",
    "activity_id": 1,
    "instance_id": 1,
    "user_id": 1,
}


def some(row: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: row[name] for name in names if name in row}


def by_id(rows: list[dict[str, Any]], number: int) -> dict[str, Any]:
    return next((row for row in rows if row["id"] == number), {})


def errors(site: Site, report: Report) -> None:
    """Ask for what is refused: the status and the code of each."""
    start = {
        "process_name": "leave",
        "content_app_label": "leave",
        "content_model": "leaverequest",
        "object_id": 1,
    }
    admin, alice = site.token("admin"), site.token("alice")
    path = "/api/protected/processes/start"
    cases: list[tuple[str, tuple[Any, ...], str, int, str | None]] = [
        ("no token", ("GET", "/api/protected/me"), "", 401, "unauthenticated"),
        (
            "a wrong token",
            ("GET", "/api/protected/me"),
            "x.y.z",
            401,
            "unauthenticated",
        ),
        (
            "an unknown kind of object",
            ("POST", path, start | {"content_model": "nothing"}),
            admin,
            400,
            "content_type.invalid",
        ),
        (
            "a missing object",
            ("POST", path, start | {"object_id": 999_999}),
            admin,
            404,
            "object.not_found",
        ),
        (
            "a missing process",
            ("POST", path, start | {"process_name": "no such process"}),
            admin,
            404,
            "process.not_found",
        ),
        (
            "a kind of object without process",
            (
                "POST",
                path,
                start | {"content_app_label": "accounts", "content_model": "user"},
            ),
            admin,
            403,
            "content_type.not_allowed",
        ),
        ("a foreign object", ("POST", path, start), alice, 403, "object.not_allowed"),
        ("wrong types", ("POST", path, start | {"object_id": []}), admin, 422, None),
        ("malformed JSON", ("POST", path, "{"), admin, 400, "malformed_json"),
        (
            "a finished work item",
            ("POST", "/api/protected/workitems/1/activate"),
            admin,
            409,
            "workitem.closed",
        ),
    ]
    for what, request, token, status, code in cases:
        answer = site.call(*request, token=token)
        found = (answer.status, answer.kind, answer.json["code"])
        wanted = (status, "application/problem+json", code or answer.json["code"])
        report.equal(f"refused: {what}", found, wanted)
    answer = site.call("GET", "/", host="nobody.localhost")
    report.equal("refused: an unknown host", answer.status, 404)
    answer = site.call("GET", "/api/protected/me", token=admin, host="globex.localhost")
    report.equal("refused: acme's token at globex", answer.status, 401)


def journey(site: Site, report: Report) -> None:
    """Take leave request 1 on to its end: bob approves, carol files."""
    for username, outcome in (("bob", "APPROVED"), ("carol", None)):
        token = site.token(username)
        rows = site.call("GET", "/api/protected/my/workitems", token=token).json
        item = next((row["id"] for row in rows if row["instance_id"] == 1), 0)
        report.check(f"{username} has work on the leave request", item, rows)
        path = f"/api/protected/workitems/{item}"
        site.call("POST", f"{path}/activate", token=token)
        body = {} if outcome is None else {"condition": outcome}
        done = site.call("POST", f"{path}/complete", body, token=token)
        report.equal(f"{username} completes it", done.status, 200)
    path = "/api/protected/leave/requests/1"
    leave = site.call("GET", path, token=site.token("admin")).json
    report.equal("the leave request is filed", leave["status"], "filed")
    letter = site.mail("admin@", "filed")
    report.check("the employee is told by mail", "Acme" in letter["sender"], letter)
    globex = "globex.localhost"
    missing = site.call("GET", path, token=site.token("alice", globex), host=globex)
    report.equal("globex has its own request 1, hidden from alice", missing.status, 404)


def accounts(site: Site, report: Report, host: str) -> None:
    """Register and verify mallory; forget carol's password and set a new one."""
    tenant = host.partition(".")[0]
    mallory, carol = f"mallory@{tenant}.test", f"carol@{tenant}.test"

    def call(path: str, body: dict[str, Any], status: int) -> Any:
        answer = site.call("POST", f"/api/accounts/{path}", body, host=host)
        if answer.status != status:
            raise Failed(f"{host}: {path}: {answer.status} {answer.text}")
        report.ok(f"{host}: {path}")
        return answer.json

    names = {"firstName": "Mallory", "lastName": "Newcomer"}
    account = {**names, "email": mallory, "password": PASSWORD}
    flow = call("register", account, 201)["flow"]
    code = site.code(mallory, "registration", host)
    call("verify-code", {"email": mallory, "code": code, "flow": flow}, 200)
    sign_in(site, report, mallory, PASSWORD, host)
    # An address gets one code a minute, so somebody else forgets.
    flow = call("forgot-password", {"email": carol}, 200)["flow"]
    code = site.code(carol, "new password", host)
    typed = {"email": carol, "code": code, "flow": flow}
    ticket = call("verify-code", typed, 200)["ticket"]
    passwords = {"password": NEW_PASSWORD, "passwordVerify": NEW_PASSWORD}
    call("change-password", {"email": carol, "ticket": ticket, **passwords}, 200)
    sign_in(site, report, "carol", NEW_PASSWORD, host)


def sign_in(site: Site, report: Report, name: str, password: str, host: str) -> None:
    answer = site.call(
        "POST",
        "/api/auth/mobile/sign-in",
        {"username": name, "password": password},
        host=host,
    )
    report.equal(f"{host}: sign-in with the password", answer.status, 200)


def sign_up(site: Site, report: Report) -> None:
    """Order a tenant on the public host and open its door."""
    host, slug = "localhost", "smoke"
    address = f"admin@{slug}.test"
    body = {"email": address, "name": "Smoke test", "slug": slug}
    answer = site.call("POST", "/api/signup", body, host=host)
    report.equal("sign-up: ordered", answer.status, 202)
    order = answer.json
    body = {"secret": order["secret"], "code": site.code(address, "code|sign", host)}
    path = f"/api/signup/{order['id']}"
    verified = site.call("POST", f"{path}/verify", body, host=host)
    report.equal("sign-up: verified", verified.status, 202)

    def look() -> str:
        state = site.call("GET", path, host=host, X_Signup_Secret=order["secret"]).json
        return str(state.get("url") or "")

    url = until("sign-up: the tenant is ready", look, within=40)
    report.check("sign-up: the address is the new tenant's", f"{slug}.localhost" in url)
    page = site.call("GET", "/accounts/sign-in", host=f"{slug}.localhost")
    report.equal("sign-up: the new tenant answers", page.status, 200)


def second_demo(place: Path, env: dict[str, str], port: int, report: Report) -> None:
    """Ask for a second demo, which is refused in one line."""
    done = subprocess.run(
        ["make", "demo", f"PORT={port}"],
        cwd=place,
        env=env,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    lines = done.stdout.strip().splitlines()
    report.check("a second demo is refused in one line", len(lines) == 1, lines)
    report.check("and ends with code 1", "Error 1" in done.stderr, done.stderr)


def nothing_left(demo: Demo, report: Report) -> None:
    # Seen before and gone after: a look that finds nothing at all proves nothing.
    report.check("the demo's processes are seen", mentioning(str(demo.place)))
    code, left = demo.stop()
    report.equal("SIGTERM ends the demo with code 0", code, 0)
    report.equal("no process of it is left", left + mentioning(str(demo.place)), [])
    with socket.socket() as probe:
        probe.settimeout(2)
        taken = probe.connect_ex(("127.0.0.1", demo.port)) == 0
    report.check("the port is free again", not taken)
    files = [path.name for path in demo.place.glob(".data/*/postmaster.pid")]
    report.equal("PostgreSQL went in order", files, [])


# The run


def run(place: Path, report: Report, demos: list[Demo]) -> None:
    clone = place / "tenantry"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    report.ok("cloned")
    port = free_port()
    env = {name: value for name, value in os.environ.items() if name not in OWN}
    demos.append(Demo(clone, port, env, place / "first.log"))
    seconds = demos[-1].await_ready(within=FIRST_START)
    report.ok(f"make demo is ready on a fresh clone ({seconds:.0f} s)")
    site = Site(port)
    examples(site, report, place)
    errors(site, report)
    journey(site, report)
    accounts(site, report, "acme.localhost")
    accounts(site, report, "globex.localhost")
    sign_up(site, report)
    second_demo(clone, env, port, report)
    nothing_left(demos[-1], report)
    demos.append(Demo(clone, port, env, place / "second.log"))
    seconds = demos[-1].await_ready(within=FIRST_START)
    what = f"ready again within {SECOND_START:.0f} s ({seconds:.1f} s)"
    report.check(what, seconds < SECOND_START)
    again = Site(port)
    path = "/api/protected/leave/requests/1"
    leave = again.call("GET", path, token=again.token("admin")).json
    report.equal("the data are still there", leave["status"], "filed")
    nothing_left(demos[-1], report)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def temporary() -> Iterator[Path]:
    place = Path(tempfile.mkdtemp(prefix="tenantry-smoke-"))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def stop_on_signal(number: int, frame: object) -> None:  # noqa: ARG001 - Python's signature
    raise Failed(f"Stopped by signal {number}.")


def main() -> int:
    signal.signal(signal.SIGTERM, stop_on_signal)
    report, demos = Report(), list[Demo]()
    with temporary() as place:
        try:
            run(place, report, demos)
        except (Failed, KeyboardInterrupt, subprocess.SubprocessError) as error:
            print(f"FAIL {error}", flush=True)
            if demos:
                print(log_tail(demos[-1]), flush=True)
            print(f"{report.passed} passed, 1 failed", flush=True)
            return 1
        finally:
            for demo in demos:
                demo.kill()
    print(f"{report.passed} passed, 0 failed", flush=True)
    return 0


def log_tail(demo: Demo) -> str:
    """Return the end of what the demo said, and of its programs' logs."""
    tails = [demo.output()[-3000:]]
    for log in sorted(demo.place.glob(".data/log/*.log")):
        text = log.read_text(errors="replace")
        tails.append(f"--- {log.name}\n{text[-2000:]}")
    return "\n".join(tails)


if __name__ == "__main__":
    sys.exit(main())
