"""Every answer carries what a browser and a program need."""

import pytest

from kernel import answers
from kernel.errors import ApplicationError

PAGES = ["/accounts/sign-in", "/nowhere", "/api/openapi.json", "/api/nowhere"]


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_carries_the_headers_that_keep_a_page_to_itself(visitor, path):
    answer = visitor().get(path)
    assert "object-src 'none'" in answer["Content-Security-Policy"]
    assert "unsafe-inline" not in answer["Content-Security-Policy"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert len(answer["X-Request-ID"]) == 12


def test_an_api_error_is_problem_json_with_a_stable_code(visitor):
    answer = visitor().get("/api/nowhere")
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:tenantry:error:not_found",
        "title": "Not Found",
        "status": 404,
        "detail": "There is nothing here.",
        "code": "not_found",
    }


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "malformed_json"),
        (b"\xff\xfe", 400, "malformed_json"),
        (b"[" * 200_000, 400, "malformed_json"),
        (b"[]", 422, "invalid_body"),
        (b'{"username": 1, "password": []}', 422, "invalid_body"),
        (b'{"username": "admin"}', 422, "invalid_body"),
    ],
)
def test_a_bad_body_is_said_to_be_bad(visitor, body, status, code):
    answer = visitor().post(
        "/api/auth/web/sign-in", body, content_type="application/json"
    )
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"


def test_a_page_error_names_the_reference_that_stands_in_the_logs(visitor):
    answer = visitor().get("/nowhere")
    assert answer.status_code == 404
    assert answer["X-Request-ID"] in answer.text


def test_the_api_is_described_and_has_a_page(visitor):
    assert visitor().get("/api/docs").status_code == 200
    document = visitor().get("/api/openapi.json").json()
    assert "/api/protected/processes/start" in document["paths"]
    assert "/api/signup" not in document["paths"]


def test_the_public_site_has_its_own_api(visitor):
    document = visitor("localhost").get("/api/openapi.json").json()
    assert "/api/signup" in document["paths"]
    assert not [path for path in document["paths"] if "protected" in path]


def test_a_page_of_the_one_site_is_missing_on_the_other(visitor):
    assert visitor("localhost").get("/leave/").status_code == 404
    assert visitor("acme.localhost").get("/signup/").status_code == 404
    assert visitor("acme.localhost").get("/health/").status_code == 404


def test_the_platform_says_that_it_is_alive(visitor):
    assert visitor("localhost").get("/health/").json() == {"status": "ok"}


def test_an_unlisted_status_still_has_a_page(rf):
    error = ApplicationError("Short and stout.")
    error.status = 418
    answer = answers.page(rf.get("/tea"), error, framed=False)
    assert answer.status_code == 418
    assert "<h1>" in answer.content.decode()
