"""What one twin's rows hold is seen by nobody else, whatever way it leaves (KIT-4)."""

import base64
import logging
import smtplib
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from itertools import chain
from uuid import uuid4

import pytest
from celery import shared_task
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.mail import EmailMultiAlternatives
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path

from accounts.mail import devbox, outbox
from accounts.models import User
from config.celery import app
from kernel import clock
from leave.models import LeaveRequest
from tenants.context import use, use_control
from tenants.testing.canary import Leaked, Watch, strictly, watching
from tenants.testing.markers import found_in, new_marker, within_base64
from tenants.testing.matrix import Matrix
from tenants.testing.twins import Twin, Twins
from tests.tenants import worker
from workflow import tasks
from workflow.models import WorkItem

# All that two tenants do, one after another


def test_nobody_sees_anything_of_the_other_on_a_day_with_everything(
    canaries: Watch, matrix: Matrix
):
    alike = [list(visits(matrix, twin)) for twin in matrix.twins]
    for visit in chain.from_iterable(zip(*alike, strict=True)):
        visit()
    with worker.cornered(app, f"tests-{uuid4().hex}:"):
        for twin in matrix.twins:
            work(twin)
    assert canaries.looks.keys() >= {
        "answer's headers",
        "answer's body",
        "cache, put in",
        "cache, taken out",
        "file, put in",
        "file, taken out",
        "mail",
        "task's arguments",
        "task's message",
        "task's run",
        "log line",
    }


def visits(matrix: Matrix, twin: Twin) -> list[Callable[[], None]]:
    """Return the visits of the admin to every page and list, and a new request."""
    kinds = ("session cookie", "access token")
    session, token = (matrix.plan.kind(n).mint(twin, matrix.visit) for n in kinds)
    browser = matrix.visit(twin.host)
    for name, value in session.cookies.items():
        browser.cookies[name] = value
    program = matrix.visit(twin.host, **token.headers)
    shown: list[bool] = []

    def see(address: str, client=browser) -> None:
        answer = client.get(address)
        shown.append(found_in(answer.getvalue(), twin.marker))

    def ask() -> None:
        day = str(clock.now().date() + timedelta(days=28))
        body = {"kind": "holiday", "start_date": day, "end_date": day, "reason": "Sea"}
        sent = program.post(
            "/api/protected/leave/requests", body, content_type="application/json"
        )
        assert sent.status_code == 201, sent.content
        # Names, titles, reasons: what is the tenant's own shows nearly everywhere.
        assert sum(shown) > 20

    addresses = [
        (door.address(matrix.plan.in_path), program if door.is_operation else browser)
        for door in matrix.doors()
        if door.site == "tenant" and door.method == "get" and is_shown(door.path)
    ]
    return [*(lambda one=one: see(*one) for one in addresses), ask]


def is_shown(path: str) -> bool:
    """Leave out of the admin what each of its models has alike."""
    if path.startswith("/admin/"):
        return path.endswith(("/admin/", "/user/", "/leaverequest/", "/mailmessage/"))
    return path != "/api/docs"


def work(twin: Twin) -> None:
    """Do what workers do, and what a fork may do with caches and files."""
    with use(twin.tenant):
        item = WorkItem.objects.open().first()
        tasks.notification_task.apply([item.user_id, [item.pk]])
        tasks.timeout_scan_task.delay()
        outbox.run_due(100)
        assert found_in(devbox.letters()[0].text.encode(), twin.marker)
        words = str(LeaveRequest.objects.first().reason)
        assert cache.get("reason", words) == words
        cache.set("reason", words)
        name = default_storage.save("reason.txt", ContentFile(words))
        with default_storage.open(name) as file:
            assert file.read().decode() == words
        logging.getLogger("fork").info("day.over", extra={"words": words})


# Each way out, with a foreign marker in it


@shared_task(name="tests.canary_note")
def note(words: str) -> None:
    """Stand for a task that takes words."""


def by_cache(words: str) -> None:
    cache.set("greeting", {"words": [words]})


def by_mail(words: str) -> None:
    letter = EmailMultiAlternatives("Hello", "Hello", to=["alice@globex.test"])
    letter.attach_alternative(f"<p>{words}</p>", "text/html")
    letter.send()


def by_attachment(words: str) -> None:
    letter = EmailMultiAlternatives("Hello", "Hello", to=["alice@globex.test"])
    letter.attach("a.txt", words, "text/plain")
    letter.send()


def by_smtp(words: str) -> None:
    smtplib.SMTP().sendmail("a@globex.test", ["b@globex.test"], f"Hello {words}")


def by_file(words: str) -> None:
    default_storage.save("a.txt", ContentFile(words))


def by_name_of_a_file(words: str) -> None:
    default_storage.save(f"{words}.txt", ContentFile("Hello"))


def by_task(words: str) -> None:
    note.delay(words)


def by_task_by_name(words: str) -> None:
    app.send_task("tests.canary_note", [words])


def by_run_of_a_task(words: str) -> None:
    note.apply([words])


def by_log_line(words: str) -> None:
    logging.getLogger("fork").warning("Hello %s", words)


def by_extra_of_a_log_line(words: str) -> None:
    logging.getLogger("fork").warning("hello", extra={"words": words})


def by_error_in_the_log(words: str) -> None:
    logging.getLogger("fork").error("hello", exc_info=ValueError(words))


WAYS = [value for name, value in sorted(globals().items()) if name.startswith("by_")]


@pytest.fixture
def marked(acme, globex) -> Twins:
    """Return the tenants with markers that no row holds."""
    return Twins(Twin(acme, new_marker()), Twin(globex, new_marker()))


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_the_first_foreign_marker_fails_the_test(marked: Twins, way):
    with watching(marked) as watch, use(marked.b.tenant):
        with pytest.raises(Leaked, match="something of acme reaches globex"):
            way(marked.a.marker)
        assert watch.leaks != []


def test_a_marker_of_ones_own_fails_nothing(marked: Twins):
    with worker.cornered(app, f"tests-{uuid4().hex}:"):
        for way in set(WAYS) - {by_smtp}:
            with watching(marked) as watch, use(marked.a.tenant):
                way(marked.a.marker)
            assert watch.leaks == [], way
            assert sum(watch.looks.values()) > 0, way


def test_what_was_put_into_a_cache_past_the_watch_is_seen_when_it_comes_out(marked):
    with use(marked.b.tenant):
        cache.set("greeting", marked.a.marker)
        with watching(marked), pytest.raises(Leaked, match="cache, taken out"):
            cache.get("greeting")


def test_a_file_with_foreign_words_is_seen_when_it_is_opened(marked):
    with use(marked.b.tenant):
        name = default_storage.save("a.txt", ContentFile(marked.a.marker))
        with watching(marked), pytest.raises(Leaked, match="file, taken out"):
            default_storage.open(name)


def test_the_control_plane_and_nobody_see_no_marker_at_all(marked):
    with watching(marked, is_strict=False) as watch:
        with use_control():
            cache.set("greeting", marked.a.marker)
        logging.getLogger("fork").warning(marked.b.marker)
    assert list(map(str, watch.leaks)) == [
        "cache, put in: something of acme reaches the control plane",
        "log line: something of globex reaches nobody",
    ]


def test_a_message_that_names_another_tenant_is_a_leak(marked):
    headers = {"tenant": str(marked.b.tenant.uuid)}
    with (
        watching(marked, is_strict=False) as watch,
        use(marked.a.tenant),
        worker.cornered(app, f"tests-{uuid4().hex}:"),
        app.producer_pool.acquire() as producer,
    ):
        producer.publish({}, headers=headers)
    assert list(map(str, watch.leaks)) == [
        "task's header: something of acme reaches globex"
    ]


def test_a_row_with_foreign_words_is_a_leak(twins):
    with watching(twins, is_strict=False) as watch:
        with use(twins.b.tenant):
            LeaveRequest.objects.update(reason=twins.a.marker)
        with use_control():
            User.objects.create_user("operator", "operator@tenantry.test", "open")
            User.objects.update(first_name=twins.b.marker)
        watch.look_at_rows()
    assert list(map(str, watch.leaks)) == [
        "rows of leave_leaverequest: something of acme reaches globex",
        "rows of accounts_user: something of globex reaches the control plane",
    ]


# Answers


class Words:
    """What the views of these tests say."""

    marker = ""


def in_body(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"Hello {Words.marker.upper()}")


def in_header(request: HttpRequest) -> HttpResponse:
    return HttpResponse(headers={"X-Hello": Words.marker})


def in_cookie(request: HttpRequest) -> HttpResponse:
    answer = HttpResponse()
    answer.set_cookie("hello", Words.marker)
    return answer


def in_stream(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(iter([Words.marker[:9], Words.marker[9:]]))


def in_base64(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"xx" + within_base64(Words.marker.encode(), 2) + b"==")


urlpatterns = [
    path(view.__name__, view)
    for view in (in_body, in_header, in_cookie, in_stream, in_base64)
]


@pytest.fixture
def words(marked: Twins, settings, monkeypatch) -> Twins:
    settings.ROOT_URLCONF = settings.PUBLIC_SCHEMA_URLCONF = __name__
    monkeypatch.setattr(Words, "marker", marked.a.marker)
    return marked


@pytest.mark.parametrize("name", ["body", "header", "cookie", "stream", "base64"])
def test_an_answer_with_foreign_words_is_a_leak(words: Twins, visitor, name):
    with watching(words, is_strict=False) as watch:
        for host in (words.b.host, "localhost"):
            visitor(host).get(f"/in_{name}").getvalue()
        assert [leak.seeing for leak in watch.leaks] == ["globex", "the control plane"]
        visitor(words.a.host).get(f"/in_{name}").getvalue()
        assert len(watch.leaks) == 2


def test_a_strict_watch_stops_the_answer(words: Twins, visitor):
    with watching(words), pytest.raises(Leaked, match="answer's body"):
        visitor(words.b.host).get("/in_body")


def test_markers_are_found_in_either_case_and_at_every_offset_of_base64():
    marker = new_marker()
    assert found_in(marker.upper().encode(), marker)
    for before in (b"", b"a", b"ab", b"abc"):
        coded = base64.b64encode(before + marker.encode() + b"more")
        assert found_in(coded, marker)
    assert not found_in(new_marker().encode(), marker)


# At the end of a test


def test_a_leak_that_was_swallowed_fails_the_test_at_its_end(twins: Twins):
    with (
        pytest.raises(Leaked, match="cache, put in: something of acme reaches globex"),
        strictly(twins),
        use(twins.b.tenant),
        suppress(Leaked),
    ):
        cache.set("greeting", twins.a.marker)


def test_a_row_that_was_written_fails_the_test_at_its_end(twins: Twins):
    with (
        pytest.raises(Leaked, match="rows of leave_leaverequest: something of acme"),
        strictly(twins),
        use(twins.b.tenant),
    ):
        LeaveRequest.objects.update(reason=twins.a.marker)


def test_the_cast_of_all_tests_is_the_pair_of_the_plan(isolation_plan, acme, globex):
    assert isolation_plan.pair() == (acme, globex)
