"""Bad input of every kind: no answer is a 500, and none holds a byte of another tenant.

Hosts, headers, tokens, cookies, keys in paths, queries and bodies, sent to every door
as a server hands them over. With ISOLATION=long each is tried with many more values.
"""

import base64
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from accounts import keys
from tenants import directory
from tenants.hosts import canonical_host
from tenants.testing import rows
from tenants.testing.doors import PARAMETER, Door, Site, doors
from tests.isolation.plan import in_path
from tests.isolation.wire import Answer, Request, ask

pytestmark = pytest.mark.slow

IS_LONG = os.environ.get("ISOLATION") == "long"
MANY = 600 if IS_LONG else 60
ACME, GLOBEX = "acme.localhost", "globex.localhost"
#: What stands in everything of the other tenant: its name is in each address.
FOREIGN = b"globex"
CSRF = "c" * 32
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def fuzz(examples: int = MANY) -> Callable[[Any], Any]:
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=not IS_LONG,
        suppress_health_check=list(HealthCheck),
    )


# What is sent

NASTY = [
    *("", " ", "0", "-1", "-0", "+1", "1.0", "1e3", "1_000", "0x1", "²", "٣", "１"),  # noqa: RUF001 - digits of other scripts
    *("9223372036854775807", "9223372036854775808", "-9223372036854775809"),
    *("2147483648", "9" * 400, "9" * 5_000, "NaN", "Infinity", "true", "null", "[]"),
    *("\x00", "a\x00b", "\r\nX: y", "\x1b[2J", "\x7f", "\x85", "\u2028", "\ufeff"),
    *("..", "../..", "....//", "/etc/passwd", "%00", "%", "%%", "%s%n", "%zz", "\\"),
    *("{{7*7}}", "${x}", "' OR 1=1 --", '";DROP TABLE x', "<script>", "a" * 10_000),
    *("\ud800", "\U0001f600", "\u202e", "\uffff", "é" * 300, "İ", "ß", "ﬁ"),
    *("public", "t_x", "1;2", "1,2", "1&2", "1#2", "1?2", "acme", "id", "__class__"),
]
TEXTS = st.one_of(st.sampled_from(NASTY), st.text(max_size=30))
#: As a path holds them: quoted, half quoted, and quoted into what is no UTF-8.
RAW = [
    *("%00", "1%00", "%FF", "%C0%AF", "%ED%A0%80", "%E0%A4%A", "%2e%2e%2f", "%0a"),
    *("1%0a", "%F0%9F%98%80", "%D9%A3", "%EF%BC%91", "%25", "%", "%2", "1%2F2", "//"),
    *("1;a=b", "%3F", "%23", "%5C", "%7B%7D", "+", "%20", "1%20", "\x80\xff"),
]
SEGMENTS = st.one_of(
    st.sampled_from(RAW),
    TEXTS.map(lambda text: quote(text.encode("utf-8", "surrogatepass"), safe="")),
    st.integers().map(str),
)


@dataclass(frozen=True)
class House:
    """What the tests hold of acme: its doors and two ways in; a token of globex."""

    doors: list[Door]
    cookies: dict[str, str]
    tokens: dict[str, str]
    foreign_token: str
    foreign_schema: str

    def sent(self, request: Request, *, may_name: str = "") -> Answer:
        """Send a request; neither a 500 comes back nor a byte of globex."""
        answer = ask(request)
        assert answer.status < 500, (request, answer)
        # What somebody sends may come back to them.
        if "globex" not in f"{request}{may_name}".lower():
            assert FOREIGN not in answer.all.lower(), (request, answer)
        return answer

    def headers(self, who: str) -> dict[str, str]:
        """Return what lets somebody in, by browser or by program."""
        if who.startswith("program:"):
            return {"Authorization": f"Bearer {self.tokens[who[8:]]}"}
        cookies = {"csrftoken": CSRF}
        if who in self.cookies:
            cookies["sessionid"] = self.cookies[who]
        line = "; ".join(f"{name}={value}" for name, value in cookies.items())
        return {"Cookie": line, "X-CSRFToken": CSRF}

    def of(self, method: str) -> list[Door]:
        return [door for door in self.doors if door.method == method]


PEOPLE = ("admin", "alice")
WHO = st.sampled_from(["nobody", *PEOPLE, *(f"program:{name}" for name in PEOPLE)])
#: These end what lets somebody in; the tests stay in to the end.
ENDING = re.compile(r"sign-out|logout|password|devices|sessions")


@pytest.fixture
def house(browser_of, token, acme, globex) -> House:
    found = doors(ACME, Site("tenant", "config.urls"), ("get", "post"))
    house = House(
        [door for door in found if not ENDING.search(door.path)],
        {name: browser_of(name).cookies["sessionid"].value for name in PEOPLE},
        {name: token(name) for name in PEOPLE},
        token("admin", GLOBEX),
        globex.schema_name,
    )
    assert len(house.doors) > 180
    return house


@pytest.fixture(autouse=True)
def _everybody_is_still_in(house: House):
    """See at the end that the tests asked as somebody, and that globex is as it was."""
    before = rows.digest(house.foreign_schema)
    yield
    assert rows.changed(before, rows.digest(house.foreign_schema)) == []
    for name in PEOPLE:
        page = ask(Request("/workflow/mywork/", headers=house.headers(name)))
        me = Request("/api/protected/me", headers=house.headers(f"program:{name}"))
        assert (page.status, ask(me).status) == (200, 200), name


def plain(door: Door) -> str:
    return door.address(in_path)


# Where it is sent


HOSTS = st.one_of(
    TEXTS,
    st.builds(
        "{}{}{}".format,
        st.sampled_from(["", " ", ".", "a.", "@", "//", "x@", "\t", f"{ACME},"]),
        st.sampled_from([ACME, GLOBEX, "localhost", "ACME.LOCALHOST", "127.0.0.1"]),
        st.sampled_from(["", ".", "..", ":80", ":x", ":99999", "/", "\x00", ",a", "#"]),
    ),
)


def test_no_host_is_a_500_and_only_its_own_name_leads_to_a_tenant(house: House):
    @fuzz()
    @given(host=HOSTS, path=st.sampled_from(["/", "/api/protected/me", "/accounts/x"]))
    def tried(host: str, path: str) -> None:
        answer = house.sent(Request(path, host=host), may_name=host)
        named = canonical_host(host)
        if named not in {ACME, GLOBEX}:
            assert b"acme" not in answer.body.lower() or "acme" in host.lower()
        if named != GLOBEX:
            assert b"Globex" not in answer.body

    tried()


FORWARDED = (
    *("X-Forwarded-Host", "X-Forwarded-Server", "X-Forwarded-Proto", "X-Real-Ip"),
    *("X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Prefix", "Forwarded"),
    *("X-Original-Url", "X-Rewrite-Url", "X-Http-Method-Override", "X-Host", "Via"),
    *("X-Original-Host", "X-Script-Name", "X-Forwarded-Uri", "X-Tenant", "Origin"),
    *("Referer", "Accept-Language", "Accept", "Range", "If-None-Match", "Content-Md5"),
    *("If-Modified-Since", "User-Agent", "X-Request-Id", "Hx-Request", "Hx-Target"),
    *("Hx-Current-Url", "Accept-Encoding", "Transfer-Encoding", "Connection", "Expect"),
)
SPOOFED = st.dictionaries(
    st.sampled_from(FORWARDED),
    st.one_of(TEXTS, st.sampled_from([GLOBEX, f"https://{GLOBEX}/", f"host={GLOBEX}"])),
    min_size=1,
    max_size=4,
)


def test_no_header_leads_to_another_tenant(house: House):
    pages = [door for door in house.of("get") if not PARAMETER.search(door.path)]

    @fuzz()
    @given(door=st.sampled_from(pages), who=WHO, spoofed=SPOOFED)
    def tried(door: Door, who: str, spoofed: dict[str, str]) -> None:
        headers = {**spoofed, **house.headers(who)}
        answer = house.sent(Request(plain(door), headers=headers))
        assert b"@globex.test" not in answer.body
        assert GLOBEX not in answer.headers.get("Location", "")

    tried()


# Who sends it


def packed(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


STRANGER = generate_private_key(65537, 2048)
KIDS = st.one_of(
    TEXTS,
    st.sampled_from(
        ["../jwt-signing", "/dev/null", "retired-x", "x' UNION SELECT 1", 7, None, []]
    ),
)
ALGORITHMS = st.sampled_from(
    ["none", "None", "nOnE", "HS256", "HS512", "RS512", "PS256", "ES256", "", None, 7]
)


@st.composite
def bad_tokens(draw: Any, good: str, foreign: str) -> str:
    """Return a token that is not the good one, made of it or from nothing."""
    head, body, seal = good.split(".")
    claims = jwt.decode(good, options={"verify_signature": False})
    own = keys.current()
    cut = draw(st.integers(0, len(good) - 1))
    changed = {**claims, draw(st.sampled_from([*claims, "x"])): draw(KIDS)}
    spare = {"typ": "JWT", "kid": draw(KIDS)}
    stolen = {"alg": draw(ALGORITHMS), "typ": "JWT", "kid": own.kid}
    made = {
        "cut": good[:cut],
        "one letter": good[:cut] + ("A" if good[cut] != "A" else "B") + good[cut + 1 :],
        "longer": good + draw(st.sampled_from(["A", "=", ".", "x" * 5_000, "\x00"])),
        "unsigned": f"{packed(stolen)}.{body}.",
        "unsealed": f"{packed(stolen)}.{packed(changed)}.{seal}",
        "same seal": f"{head}.{packed(changed)}.{seal}",
        "other key": jwt.encode(claims, STRANGER, "RS256", headers={"kid": "x"}),
        "own kid": jwt.encode(claims, STRANGER, "RS256", headers={"kid": own.kid}),
        "public key": f"{packed(stolen)}.{body}.{packed({'key': own.public.hex()})}",
        "embedded key": f"{packed({**spare, 'alg': 'RS256', 'jwk': {}})}.{body}.{seal}",
        "odd kid": f"{packed({**spare, 'alg': 'RS256'})}.{body}.{seal}",
        "no object": f"{packed(spare)}.{base64.b64encode(b'[1]').decode()}.{seal}",
        "foreign": foreign,
        "refresh": "rt_" + "a" * 43,
        "text": draw(TEXTS),
        "deep": base64.b64encode(b"[" * 20_000).decode() + f".{body}.{seal}",
    }
    return made[draw(st.sampled_from(sorted(made)))]


def test_no_token_but_the_good_one_lets_anybody_in(house: House):
    good = house.tokens["admin"]
    guarded = [door for door in house.doors if door.is_guarded]
    assert len(guarded) > 10
    schemes = st.sampled_from(["Bearer {}", "bearer {}", "Bearer  {}", "{}", "Jwt {}"])

    @fuzz()
    @given(
        token=bad_tokens(good, house.foreign_token),
        scheme=schemes,
        door=st.sampled_from(guarded),
    )
    def tried(token: str, scheme: str, door: Door) -> None:
        assume(token.strip() != good)
        assume(not {"\0", "\r", "\n"} & set(token))  # no header at all
        line = {"Authorization": scheme.format(token)}
        answer = house.sent(Request(plain(door), door.method.upper(), headers=line))
        assert answer.status == 401, (token, answer)

    tried()


COOKIES = st.lists(
    st.tuples(
        st.one_of(
            st.sampled_from(["sessionid", "csrftoken", "refresh", "theme", "messages"]),
            st.sampled_from(["flow_reset", "reset_ticket", "__Host-session", "$Path"]),
            TEXTS,
        ),
        st.one_of(
            TEXTS,
            st.binary(max_size=60).map(lambda value: value.decode("latin-1")),
            st.sampled_from(['"', '"\\000"', "a" * 70_000, "a=b", "a;b", "=", '"\\"']),
        ),
    ),
    max_size=6,
)


def test_no_cookie_breaks_a_page_and_none_is_mistaken(house: House):
    pages = [*house.of("get"), *house.of("post")]

    @fuzz()
    @given(door=st.sampled_from(pages), cookies=COOKIES)
    def tried(door: Door, cookies: list[tuple[str, str]]) -> None:
        line = "; ".join(f"{name}={value}" for name, value in cookies)
        request = Request(plain(door), door.method.upper(), headers={"Cookie": line})
        answer = house.sent(request)
        assert b"@acme.test" not in answer.body

    tried()


# What is asked for


def test_no_key_in_a_path_breaks_a_door(house: House):
    with_keys = [door for door in house.doors if PARAMETER.search(door.path)]
    assert len(with_keys) > 60

    @fuzz()
    @given(door=st.sampled_from(with_keys), who=WHO, data=st.data())
    def tried(door: Door, who: str, data: Any) -> None:
        path = PARAMETER.sub(lambda _: data.draw(SEGMENTS), door.path)
        house.sent(
            Request(path, door.method.upper(), headers=house.headers(who), kind=JSON)
        )

    tried()


def test_no_path_at_all_breaks_the_site(house: House):
    @fuzz()
    @given(
        parts=st.lists(st.one_of(SEGMENTS, st.sampled_from(PLACES)), max_size=5),
        who=WHO,
        method=st.sampled_from(METHODS),
        slash=st.sampled_from(["", "/", "//"]),
    )
    def tried(parts: list[str], who: str, method: str, slash: str) -> None:
        path = "/" + "/".join(parts) + slash
        house.sent(Request(path, method, headers=house.headers(who)))

    tried()


PLACES = (
    *("api", "admin", "accounts", "workflow", "leave", "files", "static", "protected"),
    *("workitems", "instances", "jsi18n", "autocomplete", "r", "auth", "dev"),
)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "X" * 9)
QUERY_KEYS = st.one_of(
    st.sampled_from(
        [
            *(
                "page",
                "show",
                "limit",
                "after",
                "status",
                "process",
                "activity",
                "held",
            ),
            *("instance", "next", "q", "o", "p", "e", "all", "_popup", "_to_field"),
            *("_facets", "_changelist_filters", "status__exact", "id__exact", "id__in"),
            *(
                "created_at__year",
                "at__gte",
                "user__password__startswith",
                "pk",
                "term",
            ),
            *("app_label", "model_name", "field_name", "tenant_id", "code", "email"),
            *("process__id__exact", "role__exact", "action", "lang", "theme", "v"),
        ]
    ),
    TEXTS,
)
QUERIES = st.lists(st.tuples(QUERY_KEYS, st.one_of(TEXTS, SEGMENTS)), max_size=5)


def test_no_query_breaks_a_door(house: House):
    @fuzz()
    @given(door=st.sampled_from(house.of("get")), who=WHO, query=QUERIES)
    def tried(door: Door, who: str, query: list[tuple[str, str]]) -> None:
        line = "&".join(f"{escaped(name)}={value}" for name, value in query)
        path = f"{plain(door)}?{line.replace('#', '')}"
        house.sent(Request(path, headers=house.headers(who)))

    tried()


def escaped(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


# What is sent along

VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        TEXTS.map(str),
        st.just({}),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)
    ),
    max_leaves=8,
)
BROKEN_JSON = [
    *(b"", b" ", b"{", b"}", b"[", b'{"a"', b'{"a":}', b"{'a':1}", b"nul", b"\x00"),
    *(b"[" * 100_000, b'{"a":' * 50_000, b"1e999", b"-", b"9" * 5_000, b"NaN", b"[1,]"),
    *(b'"\xff"', b'"\xed\xa0\x80"', b'"\\ud800"', b'"\\u0000"', b"\xef\xbb\xbf{}"),
    *(b'{"a":1,"a":2}', b"\xff\xfe{\x00}\x00", b'"' + b"a" * 900_000 + b'"'),
]
BROKEN_FORMS = [
    *(b"", b"&&&", b"=", b"%", b"a=%", b"a=%zz", b"a=%00", b"a=%FF", b"a;b=c", b"\xff"),
    *(b"&".join(b"a%d=1" % n for n in range(1_200)), b"a=" + b"b" * 900_000),
]
BOUNDARY = b"--b\r\n"
DISPOSITION = b'Content-Disposition: form-data; name="username"'
MULTIPART = [
    *(b"", b"--b--", BOUNDARY, b"--b\r\n\r\n\r\n--b--\r\n", b"--c\r\n\r\n"),
    BOUNDARY + DISPOSITION + b"\r\n\r\nbob\r\n--b--\r\n",
    BOUNDARY + DISPOSITION + b'; filename="../x\x00.png"\r\n\r\nbob\r\n--b--\r\n',
    BOUNDARY + DISPOSITION + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n!\r\n--b--",
    BOUNDARY + b"Content-Disposition: form-data\r\n\r\nx\r\n--b--\r\n",
    BOUNDARY + b'Content-Disposition: form-data; name="a\xff"\r\n\r\n\xff\r\n--b--\r\n',
    BOUNDARY + b"X" * 3_000 + b"\r\n\r\n\r\n--b--",
]
KINDS = [
    *(JSON, f"{JSON}; charset=utf-16", f"{JSON}; charset=nonsense", "text/json", ""),
    *(FORM, f"{FORM}; charset=utf-7", "multipart/form-data", "text/plain", "a/b/c"),
    *("multipart/form-data; boundary=b", "multipart/form-data; boundary="),
    *(f"multipart/form-data; boundary={'b' * 300}", "multipart/mixed; boundary=b"),
    *("application/xml", "\x00", "application/json; boundary=\xff", "*/*"),
    *("multipart/form-data; boundary=b; charset=\x00", "application/octet-stream"),
]
FIELDS = (
    *("username", "password", "email", "code", "action", "outcome", "comment", "kind"),
    *("start_date", "end_date", "reason", "next", "csrfmiddlewaretoken", "_save"),
    *("_selected_action", "select_across", "index", "flow", "first_name", "days"),
    *("form-TOTAL_FORMS", "form-INITIAL_FORMS", "activities-TOTAL_FORMS", "_continue"),
)


@st.composite
def bodies(draw: Any, door: Door) -> tuple[str | None, bytes]:
    """Return a content type and a body, which may fit each other and the door."""
    way = draw(st.sampled_from(["json", "broken", "form", "odd", "any"]))
    if way == "json":
        names = st.sampled_from([*door.properties, *FIELDS[:3]])
        some = st.dictionaries(names, VALUES, max_size=6)
        value = draw(st.one_of(some, some, VALUES))
        return JSON, json.dumps(value).encode("utf-8", "surrogatepass")
    if way == "broken":
        return JSON, draw(st.sampled_from(BROKEN_JSON))
    if way == "form":
        pairs = draw(st.lists(st.tuples(st.sampled_from(FIELDS), TEXTS), max_size=8))
        return FORM, "&".join(f"{n}={escaped(v)}" for n, v in pairs).encode()
    kind = draw(st.sampled_from(KINDS))
    odd = st.sampled_from([*BROKEN_JSON, *BROKEN_FORMS, *MULTIPART])
    return kind, draw(odd if way == "odd" else st.binary(max_size=200))


LENGTHS = st.sampled_from([None, None, None, None, "", "0", "-1", "x", "5", "99999999"])


def test_no_body_breaks_a_door(house: House):
    @fuzz(MANY * 2)
    @given(door=st.sampled_from(house.of("post")), who=WHO, data=st.data())
    def tried(door: Door, who: str, data: Any) -> None:
        kind, body = data.draw(bodies(door))
        house.sent(
            Request(
                plain(door),
                "POST",
                headers=house.headers(who),
                body=body,
                kind=kind,
                length=data.draw(LENGTHS),
            )
        )

    tried()


@pytest.mark.parametrize("length", ["x", "-1", "1e3", "0x5", "5, 5", "\xb2"])
def test_a_length_that_is_no_number_is_refused(house: House, length: str):
    request = Request(
        "/api/auth/web/sign-in", "POST", body=b"{}", kind=JSON, length=length
    )
    assert house.sent(request).status == 400


def test_a_door_that_breaks_is_noticed(house: House, monkeypatch):
    request = Request("/workflow/mywork/", headers=house.headers("alice"))
    with monkeypatch.context() as patch:
        patch.setattr("workflow.worklist.counts", lambda user: 1 / 0)
        with pytest.raises(AssertionError):
            house.sent(request)


def test_a_byte_of_another_tenant_is_noticed(house: House, globex, monkeypatch):
    """Whoever asks acme here gets globex, as if the look-up were wrong."""
    with monkeypatch.context() as patch:
        patch.setattr(directory, "find", lambda host: directory.Found(globex))
        with pytest.raises(AssertionError):
            house.sent(Request("/accounts/sign-in"))
