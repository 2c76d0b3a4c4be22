"""The routes of leave requests: works, refused, foreign, missing, malformed."""

import json

import pytest

from leave.models import LeaveRequest
from tenants.context import use
from workflow.models import ProcessInstance

PATH = "/api/protected/leave/requests"


@pytest.fixture
def body(first_day) -> dict[str, str]:
    return {
        "kind": "holiday",
        "start_date": first_day.isoformat(),
        "end_date": first_day.isoformat(),
        "reason": "A wedding.",
    }


@pytest.fixture
def post(api):
    def send(path, body=None, username="alice", method="post"):
        client = api(username)
        call = getattr(client, method)
        return call(path, body or {}, content_type="application/json")

    return send


def problem(answer, status: int, code: str) -> dict:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == code
    return answer.json()


def test_ask_for_leave(post, body):
    answer = post(PATH, body)
    assert answer.status_code == 201
    made = answer.json()
    assert made["status"] == "waiting"
    assert made["requester"] == "alice"
    assert made["days"] == 1
    assert {name: made[name] for name in body} == body


def test_my_requests_are_listed_latest_first(post, api, body):
    first, second = (post(PATH, body).json()["id"] for _ in range(2))
    client = api("alice")
    assert [row["id"] for row in client.get(PATH).json()] == [second, first]
    assert [row["id"] for row in client.get(f"{PATH}?limit=1").json()] == [second]
    older = client.get(f"{PATH}?before={second}").json()
    assert [row["id"] for row in older] == [first]


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=x", "before=-1"])
def test_a_wrong_page_is_refused(api, query):
    problem(api("alice").get(f"{PATH}?{query}"), 422, "invalid_body")


def test_a_request_is_shown_to_its_requester_and_its_manager(post, api, body):
    number = post(PATH, body).json()["id"]
    for username in ("alice", "bob"):
        assert api(username).get(f"{PATH}/{number}").json()["id"] == number


def test_a_colleagues_request_looks_missing(post, api, body):
    number = post(PATH, body).json()["id"]
    hidden = api("carol").get(f"{PATH}/{number}")
    missing = api("carol").get(f"{PATH}/999999")
    assert hidden.json() == missing.json()
    problem(hidden, 404, "leave.not_found")


def test_another_tenants_request_looks_missing(post, api, body):
    number = post(PATH, body).json()["id"]
    answer = api("alice", "globex.localhost").get(f"{PATH}/{number}")
    problem(answer, 404, "leave.not_found")


@pytest.mark.parametrize("number", [2**63, 10**30])
def test_a_number_beyond_all_rows_is_missing(api, number):
    problem(api("alice").get(f"{PATH}/{number}"), 404, "leave.not_found")


def test_a_token_is_needed(visitor, body):
    for answer in (
        visitor().get(PATH),
        visitor().get(f"{PATH}/1"),
        visitor().post(PATH, body, content_type="application/json"),
        visitor().patch(f"{PATH}/1", body, content_type="application/json"),
        visitor().post(f"{PATH}/1/send"),
        visitor().post(f"{PATH}/1/withdraw"),
    ):
        problem(answer, 401, "unauthenticated")


def test_acmes_token_is_nothing_at_globex(token, visitor):
    stranger = visitor("globex.localhost", authorization=f"Bearer {token('alice')}")
    problem(stranger.get(PATH), 401, "unauthenticated")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"kind": "sabbatical"}, "leave.kind_unknown"),
        ({"reason": "x" * 1001}, "leave.reason_too_long"),
        ({"reason": "a\x00b"}, "invalid_text"),
        ({"start_date": "2001-01-01"}, "leave.too_far_back"),
        ({"start_date": "9999-12-31", "end_date": "9999-12-31"}, "leave.too_far_ahead"),
        ({"end_date": "2001-01-01"}, "leave.ends_before_start"),
        ({"end_date": "9999-12-31"}, "leave.too_long"),
        ({"start_date": "tomorrow"}, "invalid_body"),
        ({"start_date": None}, "invalid_body"),
        ({"start_date": [1]}, "invalid_body"),
        ({"start_date": 1e300}, "invalid_body"),
        ({"reason": 5}, "invalid_body"),
        ({"kind": {"a": 1}}, "invalid_body"),
    ],
)
def test_a_wrong_value_is_a_clear_error(post, body, acme, change, code):
    problem(post(PATH, body | change), 422, code)
    with use(acme):
        assert not LeaveRequest.objects.exists()
        assert not ProcessInstance.objects.exists()


def test_a_lone_surrogate_is_no_text(api, body):
    text = json.dumps(body).replace("A wedding.", "\\ud800")
    answer = api("alice").post(PATH, text, content_type="application/json")
    assert answer.status_code in {400, 422}
    assert answer.json()["code"] in {"malformed_json", "invalid_body", "invalid_text"}


@pytest.mark.parametrize("text", ["{", "", "[]", "null", '"x"'])
def test_a_body_that_is_no_object_is_refused(api, text):
    answer = api("alice").post(PATH, text, content_type="application/json")
    assert answer.status_code in {400, 422}
    assert answer.json()["code"] in {"malformed_json", "invalid_body"}


@pytest.fixture
def refused(post, body, acme, person, finish_as) -> int:
    number = post(PATH, body).json()["id"]
    finish_as(number, "bob", "REJECTED")
    return number


@pytest.fixture
def finish_as(acme, person):
    from leave.standing import items_of

    def done(number: int, username: str, outcome: str) -> None:
        someone = person(username)
        with use(acme):
            item = items_of(LeaveRequest.objects.get(pk=number)).open().get()
            item.activate(someone)
            item.complete(someone, condition=outcome)

    return done


def test_correct_and_send_a_refused_request(post, refused):
    path = f"{PATH}/{refused}"
    corrected = post(path, {"kind": "unpaid"}, method="patch").json()
    assert (corrected["kind"], corrected["status"]) == ("unpaid", "refused")
    assert post(f"{path}/send").json()["status"] == "waiting"


def test_withdraw_a_refused_request(post, refused):
    answer = post(f"{PATH}/{refused}/withdraw")
    assert answer.json()["status"] == "withdrawn"
    problem(post(f"{PATH}/{refused}/withdraw"), 409, "leave.not_correctable")


def test_a_correction_obeys_the_same_rules(post, refused):
    path = f"{PATH}/{refused}"
    answer = post(path, {"end_date": "2001-01-01"}, method="patch")
    problem(answer, 422, "leave.ends_before_start")
    problem(post(path, {"kind": "?"}, method="patch"), 422, "leave.kind_unknown")


def test_the_manager_cannot_correct_it(post, refused):
    answer = post(f"{PATH}/{refused}", {"kind": "sick"}, "bob", method="patch")
    problem(answer, 409, "leave.not_correctable")
    problem(post(f"{PATH}/{refused}/send", None, "bob"), 409, "leave.not_correctable")


def test_a_waiting_request_cannot_be_corrected(post, body):
    number = post(PATH, body).json()["id"]
    for verb, method in (("", "patch"), ("/send", "post"), ("/withdraw", "post")):
        answer = post(f"{PATH}/{number}{verb}", method=method)
        problem(answer, 409, "leave.not_correctable")


def test_a_colleague_cannot_touch_it(post, refused):
    for verb, method in (("", "patch"), ("/send", "post"), ("/withdraw", "post")):
        answer = post(f"{PATH}/{refused}{verb}", None, "carol", method)
        problem(answer, 404, "leave.not_found")
