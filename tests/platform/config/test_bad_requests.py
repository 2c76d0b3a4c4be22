"""What no view can read is refused: in the words of the kernel, and never by a 500."""

import psycopg
import pytest
from django.db import close_old_connections, connection

SIGN_IN = "/api/auth/web/sign-in"
FORM = "application/x-www-form-urlencoded"


def assert_problem(answer, status: int, code: str) -> None:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == code
    assert answer.json()["status"] == status


def test_a_body_above_the_limit_is_too_large(visitor):
    body = b'{"username": "' + b"x" * 2_000_000 + b'"}'
    answer = visitor().post(SIGN_IN, body, content_type="application/json")
    assert_problem(answer, 413, "too_large")


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "text/plain"])
def test_nothing_longer_than_an_upload_may_be_is_read(visitor, settings, kind):
    settings.TENANTRY_UPLOAD_MAX_BYTES = 2_000
    within, above = (
        visitor().post("/accounts/sign-in", b"x" * length, content_type=kind)
        for length in (1_000, 3_000)
    )
    assert (within.status_code, above.status_code) != (413, 413)
    assert above.status_code == 413


@pytest.mark.parametrize("digits", [19, 5_000])
@pytest.mark.parametrize("kind", [FORM, "application/json", "text/plain"])
def test_a_length_that_no_body_has_is_refused(visitor, digits, kind):
    sent = {"content_type": kind, "CONTENT_LENGTH": "9" * digits}
    assert_problem(visitor().post(SIGN_IN, b"{}", **sent), 400, "bad_request")
    assert visitor().post("/accounts/sign-in", b"", **sent).status_code == 400


@pytest.mark.parametrize("method", ["put", "delete", "trace", "options"])
def test_a_wrong_method_of_the_api_is_a_problem_that_names_the_right_ones(
    visitor, method
):
    answer = getattr(visitor(), method)(SIGN_IN)
    assert_problem(answer, 405, "method_not_allowed")
    assert answer["Allow"] == "POST"


@pytest.mark.parametrize("path", ["/api/", "/api/nowhere"])
def test_a_missing_address_of_the_api_is_a_problem_for_every_method(visitor, path):
    assert_problem(visitor().get(path), 404, "not_found")
    strict = visitor()
    strict.handler.enforce_csrf_checks = True
    assert strict.post(path)["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
@pytest.mark.parametrize("path", ["/leave", "/admin", "/api"])
def test_what_is_sent_to_an_address_without_its_slash_finds_nothing(
    visitor, settings, path, method
):
    settings.DEBUG = True
    assert getattr(visitor(), method)(path).status_code == 404


def test_what_is_read_at_an_address_without_its_slash_is_led_to_it(visitor):
    answer = visitor().get("/leave")
    assert (answer.status_code, answer["Location"]) == (301, "/leave/")


@pytest.mark.parametrize("name", ["sessionid", "csrftoken", "flow_reset", "theme"])
def test_a_cookie_that_cannot_be_stored_counts_as_none(visitor, name):
    client = visitor(cookie=f'{name}="aaaaaaaaaaaa\\000"')
    assert client.get("/").status_code == 302
    assert client.get("/accounts/sign-in").status_code == 200


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("charset", ["utf-7", "utf-16", "nonsense"])
def test_a_form_in_another_encoding_is_refused(visitor, settings, charset, debug):
    settings.DEBUG = debug
    client = visitor()
    client.handler.enforce_csrf_checks = True
    answer = client.generic(
        "POST", "/accounts/sign-in", b"a=b", content_type=f"{FORM}; charset={charset}"
    )
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        "user/?role__exact=%00",
        "securityevent/?at__year=99999",
        "mailmessage/?created_at__year=99999999",
        "user/?q=%00",
    ],
)
def test_a_filter_of_the_admin_that_cannot_be_is_refused(browser_of, query):
    answer = browser_of("admin").get(f"/admin/accounts/{query}")
    assert answer.status_code in {200, 302, 400}


class Kill:
    """Ends the connection at the server when a statement names a table: really."""

    def __init__(self, table: str) -> None:
        self.table = table
        self.pid = 0

    def __call__(self, execute, sql, params, many, context):
        if self.table in sql and not self.pid:
            self.pid = connection.connection.info.backend_pid
            end(self.pid)
        return execute(sql, params, many, context)


def end(pid: int) -> None:
    values = connection.get_connection_params()
    names = ("dbname", "user", "password", "host", "port")
    with psycopg.connect(**{n: values[n] for n in names if n in values}) as other:
        other.execute("SELECT pg_terminate_backend(%s, 2000)", [pid])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("table", ["tenants_domain", "accounts_limitcounter"])
def test_a_database_that_goes_away_is_a_503_and_the_next_request_works(visitor, table):
    body = {"username": "bob", "password": "open"}
    client = visitor()
    kill = Kill(table)
    with connection.execute_wrapper(kill):
        answer = client.post(SIGN_IN, body, content_type="application/json")
    assert kill.pid
    assert answer.status_code == 503, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert int(answer["Retry-After"]) > 0
    close_old_connections()  # as a server does between requests
    again = client.post(SIGN_IN, body, content_type="application/json")
    assert again.status_code == 200


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("table", ["tenants_domain", "workflow_workitem"])
def test_a_page_without_its_database_says_to_come_back(browser_of, table):
    client = browser_of("bob")
    kill = Kill(table)
    with connection.execute_wrapper(kill):
        answer = client.get("/workflow/mywork/")
    assert kill.pid
    assert answer.status_code == 503
    assert int(answer["Retry-After"]) > 0
    close_old_connections()
    assert client.get("/workflow/mywork/").status_code == 200
