"""A process is tried with no code: pages for starting it and for doing its work."""

from collections.abc import Iterator
from copy import deepcopy

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import models

from leave.models import LeaveRequest
from tenants.context import use
from tests.workflow.conftest import statements
from tests.workflow.processes import END, A, T, at, do, install
from tests.workflow.processes import process as made
from workflow import handlers, new_documents, samples, starting
from workflow.errors import DocumentInvalid
from workflow.finishing import finish_with_document
from workflow.handlers import document
from workflow.models import (
    AuditEvent,
    DefaultAppModel,
    Process,
    ProcessInstance,
    WorkItem,
)

PAGES = "/workflow"


@pytest.fixture(scope="module")
def shared(sharing) -> Iterator[Process]:
    with sharing() as within:
        with within("acme"):
            process = samples.install()[0]
        yield process


@pytest.fixture
def sample(shared, acme) -> Process:
    return deepcopy(shared)


def proto(process: Process) -> str:
    return f"{PAGES}/start_proto/{process.pk}/"


def started(acme) -> ProcessInstance:
    with use(acme):
        return ProcessInstance.objects.select_related("process", "user").get()


# Starting


def test_the_samples_are_offered_to_everybody(browser_of, sample):
    client = browser_of("alice")
    assert f'href="{PAGES}/start/"' in client.get(f"{PAGES}/mywork/").content.decode()
    page = client.get(f"{PAGES}/start/").content.decode()
    assert f'href="{proto(sample)}"' in page
    assert "Test parallel workflow" in page
    assert 'href="/leave/new/"' in page


def test_without_more_processes_nothing_is_offered(browser_of, acme):
    with use(acme):
        Process.objects.exclude(code="leave").update(enabled=False)
    client = browser_of("alice")
    page = client.get(f"{PAGES}/myrequests/").content.decode()
    assert f'href="{PAGES}/start/"' not in page


def test_a_process_for_others_is_not_listed(browser_of, acme):
    with use(acme):
        install(simple(start_groups=("HR",)))
    assert "Simple" not in browser_of("bob").get(f"{PAGES}/start/").content.decode()
    assert "Simple" in browser_of("carol").get(f"{PAGES}/start/").content.decode()


def simple(**values):
    return made(
        A("ask", "Ask"), END, ways=(T("ask", "end", "Send"),), code="Simple", **values
    )


def test_a_look_at_the_form_writes_nothing(browser_of, acme, sample):
    page = browser_of("alice").get(proto(sample))
    assert page.status_code == 200
    assert "have it reviewed" in page.content.decode()
    with use(acme):
        assert not ProcessInstance.objects.exists()
        assert not DefaultAppModel.objects.exists()


def test_a_process_is_tried_from_end_to_end_with_a_browser_alone(
    browser_of, acme, sample, alice
):
    mine, manager = browser_of("alice"), browser_of("bob")
    answer = mine.post(
        proto(sample), {"title": "New chairs", "document-comment": "Six of them"}
    )
    instance = started(acme)
    assert (instance.title, instance.user) == ("New chairs", alice)
    with use(acme):
        first = at(instance, "request")
        assert DefaultAppModel.objects.get().history.startswith("Init\n")
    assert answer.url == f"{PAGES}/workitems/{first.pk}/"
    assert "Six of them" in mine.get(answer.url).content.decode()
    mine.post(answer.url, {"comment": "Please <b>hurry</b>"})

    with use(acme):
        review = at(instance, "review")
    page = manager.get(f"{PAGES}/default_app/{review.pk}/").content.decode()
    for value in ("APPROVED", "REWORK", "REJECTED"):
        assert f'value="{value}"' in page
    assert "Please &lt;b&gt;hurry&lt;/b&gt;" in page
    assert "Cancel" in page
    manager.post(
        f"{PAGES}/default_app/{review.pk}/", {"outcome": "APPROVED", "comment": "Fine."}
    )
    with use(acme):
        instance.refresh_from_db()
        assert (instance.status, instance.condition) == ("complete", "APPROVED")
        lines = DefaultAppModel.objects.get().history.splitlines()
    assert [line[17:] if line[:2] == "20" else line for line in lines] == [
        "Init",
        "Alice Acme: Request: Send",
        "Please <b>hurry</b>",
        "Bob Acme: Review: Approve",
        "Fine.",
        "Notice",
    ]


def test_without_a_title_the_instance_is_named_after_process_and_document(
    browser_of, acme, sample
):
    browser_of("alice").post(proto(sample), {})
    instance = started(acme)
    assert instance.title == f"Sample process: default document {instance.object_id}"


@pytest.mark.parametrize(
    "form", [{"title": "x" * 256}, {"title": "a\x00b"}, {"document-comment": "a\x00b"}]
)
def test_what_cannot_be_stored_is_refused_with_the_field(
    browser_of, acme, sample, form
):
    answer = browser_of("alice").post(proto(sample), form)
    assert answer.status_code == 422
    assert "field__error" in answer.content.decode()
    with use(acme):
        assert not DefaultAppModel.objects.exists()


@pytest.mark.parametrize("method", ["get", "post"])
def test_trying_needs_the_right_to_start(browser_of, acme, method):
    with use(acme):
        closed = install(simple(start_groups=("HR",)))
    answer = getattr(browser_of("bob"), method)(proto(closed))
    assert answer.status_code == 403
    with use(acme):
        assert not DefaultAppModel.objects.exists()


def test_a_retired_version_is_not_there(browser_of, acme, sample):
    with use(acme):
        first = install(simple())
        second = install(simple(description="New."))
        third = install(simple(priority=2))
    assert (first.pk, second.pk) != (third.pk, third.pk)
    client = browser_of("alice")
    assert client.get(proto(first)).status_code == 404
    assert client.get(proto(third)).status_code == 200
    assert client.get(f"{PAGES}/start_proto/{2**63}/").status_code == 404


def test_a_process_of_another_tenant_is_not_there(browser_of, sample):
    page = browser_of("alice", "globex.localhost").get(proto(sample))
    assert page.status_code == 404


def test_a_start_that_is_refused_leaves_no_document(process, alice):
    process.install(simple())
    with pytest.raises(DocumentInvalid):
        new_documents.start_about(LeaveLike(), process="Simple", by=alice)
    assert not ProcessInstance.objects.exists()


class LeaveLike:
    _meta = DefaultAppModel._meta.get_field("requester").related_model._meta


# One decorator


@pytest.fixture
def errand(acme):
    """Return a model of an app with one decorator; its table is there already."""
    from django.apps import apps

    @document(fields={"history": "string"})
    class Errand(models.Model):
        requester = models.ForeignKey(
            "accounts.User", null=True, on_delete=models.PROTECT, related_name="+"
        )
        history = models.TextField("What is to be done")
        comment = models.TextField(blank=True)
        tenant_id = models.CharField(max_length=100, editable=False)

        class Meta:
            app_label = "leave"
            managed = False
            db_table = DefaultAppModel._meta.db_table

        def __str__(self):
            return f"errand {self.pk}"

        def save(self, *args, **kwargs):
            self.tenant_id = str(
                DefaultAppModel._meta.get_field("tenant_id").pre_save(
                    DefaultAppModel(), add=True
                )
            )
            super().save(*args, **kwargs)

    yield Errand
    # Its row is rolled back with the test.
    with use(acme):
        ContentType.objects.clear_cache()
    del handlers.documents.entries["leave.errand"]
    del apps.all_models["leave"]["errand"]
    apps.clear_cache()


def fast_or_slow():
    return made(
        A(
            "ask",
            "Ask",
            application="start_application",
            app_param={"model": "leave.errand"},
            split_mode="xor",
        ),
        A("slow", "Slow"),
        END,
        ways=(
            T("ask", "end", "Send", "wfobject.history == 'fast'", order=1),
            T("ask", "slow", "Send", order=2),
            T("slow", "end", "Done"),
        ),
        code="errands",
    )


def test_a_model_becomes_a_document_with_one_decorator(process, errand, alice):
    process.install(fast_or_slow())
    thing = errand.objects.create(requester=alice, history="fast")
    instance = process.start("errands", as_=alice, document=thing)
    assert instance.document == thing
    instance.complete("ask", as_=alice)
    instance.assert_complete()


def test_r105_a_document_without_a_form_of_its_own_is_made_on_the_start_page(
    browser_of, acme, errand, alice
):
    with use(acme):
        install(fast_or_slow())
    client = browser_of("alice")
    page = client.get(f"{PAGES}/start/").content.decode()
    address = f"{PAGES}/start/leave/errand/?process=errands"
    assert f'href="{address}"' in page
    form = client.get(address).content.decode()
    assert "What is to be done" in form
    assert 'name="document-comment"' in form
    assert 'name="document-requester"' not in form
    assert client.post(address, {"document-history": ""}).status_code == 422

    answer = client.post(address, {"document-history": "slow", "title": "Coffee"})
    instance = started(acme)
    with use(acme):
        first = at(instance, "ask")
        assert errand.objects.get().requester == alice
        assert errand.objects.get().history == "slow"
    assert answer.url == f"{PAGES}/app/start_application/{first.pk}/"

    client.post(answer.url, {"document-history": "fast"})
    with use(acme):
        instance.refresh_from_db()
        assert instance.status == "complete"
        assert errand.objects.get().history == "fast"


def test_what_is_missing_and_not_asked_for_is_a_refusal(browser_of, acme, errand):
    with use(acme):
        install(fast_or_slow())
    handlers.documents.entries["leave.errand"] = handlers.Document(
        label="leave.errand",
        named_owner_fields=("requester",),
        fields={"history": "string"},
        card=None,
        url=None,
        form_fields=("comment",),
    )
    answer = browser_of("alice").post(
        f"{PAGES}/start/leave/errand/?process=errands", {"document-comment": "x"}
    )
    assert answer.status_code == 422
    assert "history: " in answer.content.decode()


@pytest.mark.parametrize(
    "path",
    [
        "start/leave/leaverequest/",
        "start/leave/nothing/",
        "start/accounts/user/",
        "start/workflow/defaultappmodel/?process=nothing",
        "start/workflow/defaultappmodel/?process=a%00b",
    ],
)
def test_what_is_made_elsewhere_or_unknown_is_not_made_here(browser_of, acme, path):
    client = browser_of("alice")
    assert client.get(f"{PAGES}/{path}").status_code in {404, 422}
    assert client.post(f"{PAGES}/{path}", {"status": "approved"}).status_code in {
        404,
        422,
    }
    with use(acme):
        assert not LeaveRequest.objects.exists()


# Applications


def with_application(name, *, ways=None, **activity):
    return made(
        A("ask", "Ask"),
        A("work", "Work", application=name, split_mode="xor", **activity),
        END,
        ways=(
            T("ask", "work", "Send"),
            *(ways or (T("work", "end", "Go on"),)),
        ),
    )


ANSWERS = (
    T("work", "end", "", "EQ: YES", order=1),
    T("work", "ask", "", "in: NO , LATER", order=2),
)


@pytest.fixture
def at_work(acme, alice):
    """Return a starter: the item at `work`, open to everybody."""

    def go(name, **values) -> WorkItem:
        with use(acme):
            install(with_application(name, **values))
            about = new_documents.default_document(by=alice)
            first = starting.start_process("test", document=about, by=alice)
            do(first, alice)
            return at(first.instance, "work")

    return go


def app_page(name, item) -> str:
    return f"{PAGES}/app/{name}/{item.pk}/"


def test_r106_one_button_for_each_outcome_of_an_xor_split(browser_of, at_work):
    item = at_work(None, ways=ANSWERS)
    page = browser_of("bob").get(f"{PAGES}/default_app/{item.pk}/").content.decode()
    for value in ("YES", "NO", "LATER"):
        assert page.count(f'name="outcome" value="{value}"') == 1


def test_r106_the_choice_works_with_normalised_conditions(browser_of, acme, at_work):
    item = at_work("choice_application", ways=ANSWERS)
    client, page = browser_of("bob"), app_page("choice_application", item)
    assert client.get(f"{PAGES}/workitems/{item.pk}/").url == page
    shown = client.get(page).content.decode()
    assert 'value="YES"' in shown
    assert 'id="comment"' not in shown
    client.post(page, {"outcome": "LATER"})
    with use(acme):
        assert at(item.instance, "work").condition == "LATER"
        assert at(item.instance, "ask").is_open


def test_an_item_is_opened_by_its_own_application_only(browser_of, at_work):
    item = at_work("choice_application", ways=ANSWERS)
    client = browser_of("bob")
    for name in ("edit_model", "default_app", "nowhere"):
        assert client.get(app_page(name, item)).status_code == 404
        assert client.post(app_page(name, item)).status_code == 404


def test_the_application_of_others_work_is_not_there(browser_of, at_work):
    item = at_work("choice_application", ways=ANSWERS, roles=("HR",))
    for method in ("get", "post"):
        client = browser_of("bob")
        answer = getattr(client, method)(app_page("choice_application", item))
        assert answer.status_code == 404


def test_the_object_is_changed_with_the_answer_or_not_at_all(browser_of, acme, at_work):
    item = at_work("edit_model", ways=ANSWERS)
    client, page = browser_of("bob"), app_page("edit_model", item)
    assert 'name="document-comment"' in client.get(page).content.decode()
    refused = client.post(page, {"document-comment": "changed", "outcome": "MAYBE"})
    assert refused.status_code == 422
    with use(acme):
        assert DefaultAppModel.objects.get().comment == ""
    client.post(page, {"document-comment": "changed", "outcome": "YES"})
    with use(acme):
        assert DefaultAppModel.objects.get().comment == "changed"
        assert at(item.instance, "work").status == "complete"


def test_the_words_of_the_page_are_the_activitys(browser_of, at_work):
    item = at_work(
        "view_application",
        app_param={
            "ok_values": ["Seen"],
            "cancel_value": "Not now",
            "submit_name": "pressed",
            "redirect": "/leave/",
        },
    )
    client, page = browser_of("bob"), app_page("view_application", item)
    shown = client.get(page).content.decode()
    assert 'name="pressed" value="Seen"' in shown
    assert "Not now" in shown
    answer = client.post(page, {"pressed": "Seen"})
    assert answer.url == "/leave/"


@pytest.mark.parametrize(
    "param",
    [
        {"redirect": "https://evil.test/"},
        {"redirect": "//evil.test/"},
        {"redirect": "/\\evil.test"},
        {"redirect": "javascript:alert(1)"},
        {"redirect": "leave/"},
        {"submit_name": "csrfmiddlewaretoken"},
        {"submit_name": 'x" onclick="y'},
        {"ok_values": 3},
        {"ok_values": [3]},
        {"cancel_value": ["x"]},
    ],
)
def test_r81_what_is_no_name_and_no_path_of_this_site_is_not_published(
    installed, param
):
    from workflow.errors import ProcessInvalid

    with pytest.raises(ProcessInvalid) as refusal:
        installed(with_application("view_application", app_param=param))
    [error] = refusal.value.extra["errors"]
    assert error["code"] == "application.param"


@pytest.mark.parametrize(
    "template", ["errors/500.html", "../../etc/passwd", "django.forms.Form", "os"]
)
def test_r81_a_template_outside_the_registry_is_refused(installed, template):
    from workflow.errors import ProcessInvalid

    with pytest.raises(ProcessInvalid) as refusal:
        installed(
            with_application("view_application", app_param={"template": template})
        )
    assert refusal.value.extra["errors"][0]["code"] == "application.param"


@pytest.mark.parametrize("name", ["os.system", "builtins.print", "leave.views.mine"])
@pytest.mark.parametrize("autostart", [False, True])
def test_r80_the_name_of_an_application_imports_no_code(installed, name, autostart):
    from workflow.errors import ProcessInvalid

    with pytest.raises(ProcessInvalid) as refusal:
        installed(with_application(name, autostart=autostart))
    assert "handler.missing" in {
        error["code"] for error in refusal.value.extra["errors"]
    }


def test_r70_no_page_makes_processes_or_members(browser_of, acme, at_work):
    from django.contrib.auth.models import Group

    item = at_work("choice_application", ways=ANSWERS)
    with use(acme):
        before = Process.objects.count(), list(Group.objects.values())
    client = browser_of("bob")
    client.get(app_page("choice_application", item))
    client.get(f"{PAGES}/start/")
    with use(acme):
        assert (Process.objects.count(), list(Group.objects.values())) == before


def test_r71_no_page_makes_rows_of_a_model_that_is_no_document(browser_of, acme):
    client = browser_of("admin")
    for label in ("accounts/user", "auth/group", "workflow/process", "tenants/tenant"):
        assert client.get(f"{PAGES}/start/{label}/?process=leave").status_code == 404
        assert client.post(f"{PAGES}/start/{label}/?process=leave").status_code == 404


def test_a_mail_is_sent_without_code_and_only_once(process, alice, carol):
    process.install(
        process_with_mail(subject="Your {{ request }}", text="It is <done>.")
    )
    instance = process.start("test", as_=alice, title="New chairs")
    instance.complete("ask", as_=alice)
    instance.assert_complete()
    [letter] = process.outbox()
    assert (letter.to, letter.subject) == ([alice.email], "Your {{ request }}")
    assert "It is <done>." in letter.text
    assert "It is &lt;done&gt;." in letter.html


def test_a_mail_goes_to_a_group(process, alice, carol):
    process.install(process_with_mail(subject="News", to="HR"))
    instance = process.start("test", as_=alice)
    instance.complete("ask", as_=alice)
    assert carol.email in {to for letter in process.outbox() for to in letter.to}


def process_with_mail(**params):
    return made(
        A("ask", "Ask"),
        A("tell", "Tell", application="sendmail", app_param=params, autostart=True),
        END,
        ways=(T("ask", "tell", "Send"), T("tell", "end", "Sent")),
    )


# The step


def test_pressing_a_button_is_one_step_of_five_statements(process, alice, bob):
    samples.install()
    instance = process.start("Sample process", as_=alice)
    instance.complete("request", as_=alice)
    item = instance.item("review")
    with statements() as counted:
        finish_with_document(item, by=bob, outcome="REWORK", comment="More, please.")
    assert len(counted.seen) <= 5
    assert instance.document.history.endswith(
        "Bob Acme: Review: Rework\nMore, please.\n"
    )
    told = AuditEvent.objects.of_instance(instance.pk)
    assert {"workitem.assigned", "workitem.activated"} <= {e.action for e in told}


def test_leave_keeps_its_own_history(in_acme, alice, bob):
    from datetime import date

    row = LeaveRequest.objects.create(
        requester=alice,
        kind="holiday",
        start_date=date(2026, 8, 3),
        end_date=date(2026, 8, 3),
    )
    install(simple())
    first = starting.start_process("Simple", document=row, by=alice)
    finish_with_document(first, by=alice)
    row.refresh_from_db()
    assert row.history == ""
