"""Whose a row and a query are, from being made to being given away."""

import ast
import importlib
import logging
import pickle
import sys
from pathlib import Path
from uuid import UUID

import pytest
from django import forms
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import path
from django.views.generic import ListView

from accounts.models import User
from leave.models import LeaveRequest
from tenants import stamp
from tenants.context import (
    CONTROL_UUID,
    NoTenantError,
    as_owner,
    current_or_none,
    use,
    use_control,
)
from tenants.models import Domain, Tenant
from tenants.stamp import UnboundQuerySetError, WrongPlaneError, WrongTenantError
from tests.tenants.stamped import refused, waiting

ROOT = Path(__file__).resolve().parents[2]

#: Built for nobody, as those of forms and generic views are.
EMPLOYEES = Group.objects.filter(name="Employees")
ALL_GROUPS = Group.objects.all()


def stamp_of(row) -> UUID | None:
    return row._state.stamp


# Instances


def test_a_row_bears_the_uuid_of_its_context(acme, globex) -> None:
    with use(acme):
        assert stamp_of(User()) == acme.uuid
        assert {stamp_of(user) for user in User.objects.all()} == {acme.uuid}
        with use(globex):
            assert stamp_of(User.objects.earliest("pk")) == globex.uuid
    with use_control():
        assert stamp_of(Domain.objects.earliest("pk")) == CONTROL_UUID
    assert stamp_of(User()) is None


def test_the_owner_of_the_tables_is_the_same_tenant(acme) -> None:
    with use(acme):
        group = Group.objects.get(name="Employees")
        rows = Group.objects.filter(name="Employees")
    with use(as_owner(acme)):
        group.save()
        assert list(rows) == [group]


def test_what_was_made_for_nobody_belongs_to_who_uses_it_first(acme, globex) -> None:
    group = Group(name="Newcomers")
    with use(globex):
        group.save()
    assert stamp_of(group) == globex.uuid
    with use(acme):
        with refused():
            group.delete()
        assert not Group.objects.filter(name="Newcomers").exists()


def test_a_row_is_not_saved_in_no_context(acme) -> None:
    with use(acme):
        group = Group.objects.get(name="Employees")
    with refused(NoTenantError):
        group.save()


def test_what_is_known_of_a_row_may_be_looked_at_in_no_context(acme) -> None:
    with use(acme):
        users = User.objects.prefetch_related("groups")
        alice = users.get(username="alice")
    assert [group.name for group in alice.groups.all()] == ["Employees"]


def test_an_instance_shapes_no_query_in_no_context(acme) -> None:
    with use(acme):
        alice = User.objects.get(username="alice")
    with pytest.raises(NoTenantError):
        LeaveRequest.objects.filter(requester=alice)
    with pytest.raises(NoTenantError):
        alice.groups.filter(name="Employees")


def test_in_no_context_a_row_without_an_owner_goes_to_that_of_its_relation(
    acme, globex
) -> None:
    with use(acme):
        alice = User.objects.get(username="alice")
    request = LeaveRequest(requester=alice)
    assert stamp_of(request) == acme.uuid
    newcomer = User()
    request.requester = newcomer
    assert stamp_of(newcomer) == acme.uuid
    with use(globex), refused():
        newcomer.save()


# Pickling and giving away


def test_a_pickled_row_keeps_its_stamp(acme, globex) -> None:
    with use(acme):
        kept = pickle.dumps(User.objects.select_related(None).get(username="alice"))
    alice = pickle.loads(kept)
    assert stamp_of(alice) == acme.uuid
    with use(globex), refused():
        alice.save()
    with use(acme):
        alice.refresh_from_db()


def test_a_row_pickled_before_there_were_stamps_is_nobodys(acme) -> None:
    group = Group(name="Employees")
    assert "stamp" not in vars(group._state)
    with use(acme):
        pickle.loads(pickle.dumps(group)).validate_constraints()


def test_a_pickled_query_keeps_its_stamp(acme, globex) -> None:
    with use(acme):
        rows = Group.objects.filter(name="Employees")
        kept, query = pickle.dumps(rows), pickle.dumps(rows.query)
    again = Group.objects.all()
    again.query = pickle.loads(query)
    with use(globex):
        with refused():
            list(pickle.loads(kept))
        with refused():
            list(again)
        with refused():
            list(again.all())
    with use(acme):
        assert list(pickle.loads(kept)) == list(again) == list(rows)


def test_only_who_detaches_a_row_gives_it_away(acme, globex) -> None:
    with use(acme):
        alice = User.objects.prefetch_related("groups").get(username="alice")
        request = LeaveRequest(requester=alice)
    assert stamp.detach(alice) is alice
    assert stamp_of(alice) is None
    stamp.detach(request)
    with use(globex):
        theirs = User.objects.get(username="alice")
        assert list(alice.groups.all()) == list(theirs.groups.all())
        assert request.requester.last_name == "Globex"
        alice.refresh_from_db()
    assert (stamp_of(alice), alice.last_name) == (globex.uuid, "Globex")


def test_nothing_in_the_product_detaches_a_row() -> None:
    callers = [
        str(source.relative_to(ROOT))
        for folder in ("platform", "tenants", "accounts", "workflow")
        for source in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(source.read_text()))
        if "detach" in {getattr(node, "id", ""), getattr(node, "attr", "")}
    ]
    assert callers == []


# Queries that were built for nobody


def test_what_was_built_for_nobody_is_each_context_that_clones_it(acme, globex) -> None:
    for tenant in (acme, globex):
        with use(tenant):
            assert [group.pk for group in EMPLOYEES.all()] == [EMPLOYEES.get().pk]
            assert EMPLOYEES.count() == 1
            assert EMPLOYEES[0].user_set.get(username="alice").last_name == (
                tenant.slug.capitalize()
            )
    assert EMPLOYEES.query.stamp is None
    assert EMPLOYEES._result_cache is None


@pytest.mark.parametrize(
    "read",
    [
        list,
        len,
        bool,
        pickle.dumps,
        lambda rows: next(rows.iterator()),
        lambda rows: str(rows.query),
    ],
)
def test_it_is_not_read_itself(read, acme) -> None:
    with use(acme), refused(UnboundQuerySetError):
        read(EMPLOYEES)
    assert EMPLOYEES._result_cache is None


def test_what_it_was_made_to_hold_is_not_shown(acme) -> None:
    rows = Group.objects.all()
    rows._result_cache = [Group(name="of nobody")]
    with use(acme), refused(UnboundQuerySetError):
        list(rows)
    assert len(rows) == 1


def test_a_raw_query_that_was_built_for_nobody_is_cloned_too(acme, globex) -> None:
    rows = Group.objects.raw("SELECT * FROM auth_group WHERE name = 'Employees'")
    for tenant in (acme, globex):
        with use(tenant):
            with refused(UnboundQuerySetError):
                list(rows)
            assert [g.name for g in rows.prefetch_related("user_set")] == ["Employees"]
            assert [g.name for g in rows.using("default")] == ["Employees"]


def test_it_may_be_part_of_another_query(acme, globex) -> None:
    both = ALL_GROUPS.filter(pk=-1).union(EMPLOYEES)
    for tenant in (acme, globex):
        with use(tenant):
            groups = Group.objects.filter(pk__in=EMPLOYEES)
            assert [group.name for group in groups] == ["Employees"]
            inner = EMPLOYEES.filter(pk=OuterRef("pk"))
            assert Group.objects.filter(Exists(inner)).count() == 1
            nothing = Group.objects.filter(pk=-1)
            assert [group.name for group in nothing | EMPLOYEES] == ["Employees"]
            assert [group.name for group in nothing.union(EMPLOYEES)] == ["Employees"]
            assert [group.name for group in both.all()] == ["Employees"]


def test_with_a_tenants_query_in_it_it_is_that_tenants(acme, globex) -> None:
    with use(acme):
        mine = Group.objects.filter(name="Employees")
    rows = ALL_GROUPS & mine
    assert rows.query.stamp == acme.uuid
    with use(globex), refused():
        list(rows.all())


class GroupForm(forms.Form):
    group = forms.ModelChoiceField(queryset=ALL_GROUPS)


class Groups(ListView):
    queryset = EMPLOYEES.order_by("pk")
    paginate_by = 1


def test_a_form_of_a_module_offers_each_tenant_its_own(acme, globex) -> None:
    with use(globex):
        added = Group.objects.create(name="Newcomers")
    for tenant, valid in ((acme, False), (globex, True)):
        with use(tenant):
            form = GroupForm({"group": added.pk})
            assert form.is_valid() is valid
            assert ("Newcomers" in str(form["group"])) is valid


def test_a_generic_view_shows_each_tenant_its_own(acme, globex) -> None:
    with use(globex):
        Group.objects.filter(name="Employees").delete()
    shown = []
    for tenant in (acme, globex):
        with use(tenant):
            answer = Groups.as_view()(RequestFactory().get("/"))
            shown.append([group.name for group in answer.context_data["object_list"]])
    assert shown == [["Employees"], []]


MODULE = """
from django.contrib.auth.models import Group
from tenants.context import current_or_none

EMPLOYEES = Group.objects.filter(name="Employees")
CONTEXT = current_or_none()
"""


def test_a_module_is_nobodys_though_a_tenant_needs_it_first(
    acme, globex, tmp_path, monkeypatch
) -> None:
    (tmp_path / "loaded_late.py").write_text(MODULE)
    (tmp_path / "broken_late.py").write_text("raise ZeroDivisionError")
    monkeypatch.syspath_prepend(tmp_path)
    with use(acme):
        loaded = importlib.import_module("loaded_late")
        assert current_or_none() == acme
        with pytest.raises(ZeroDivisionError):
            importlib.import_module("broken_late")
        assert current_or_none() == acme
    del sys.modules["loaded_late"]
    assert loaded.CONTEXT is None
    for tenant in (acme, globex):
        with use(tenant):
            assert loaded.EMPLOYEES.count() == len(loaded.EMPLOYEES.all()) == 1


# Planes


def test_a_tenant_asks_nothing_of_the_control_plane(acme) -> None:
    with use(acme):
        for ask in (
            lambda: list(Domain.objects.all()),
            Tenant.objects.count,
            lambda: Domain.objects.filter(tenant__slug="acme").exists(),
            lambda: Domain.objects.update(is_primary=False),
            lambda: Domain.objects.filter(pk=1).delete(),
            lambda: Domain(domain="globex.test").save_base(),
            lambda: Domain.objects.bulk_create([Domain(domain="globex.test")]),
            lambda: len(Domain.objects.raw("SELECT * FROM public.tenants_domain")),
            lambda: waiting(Domain.objects.acount),
            lambda: list(Group.objects.filter(pk__in=Domain.objects.values("pk"))),
        ):
            with refused(WrongPlaneError):
                ask()


def test_the_control_plane_asks_nothing_of_a_tenant() -> None:
    with use_control():
        for ask in (
            lambda: list(LeaveRequest.objects.all()),
            LeaveRequest.objects.count,
            lambda: LeaveRequest(status="approved").save(),
            lambda: LeaveRequest.objects.filter(pk=1).update(status="approved"),
        ):
            with refused(WrongPlaneError):
                ask()


def test_what_is_in_both_planes_is_asked_in_both(acme) -> None:
    for context in (use(acme), use_control()):
        with context:
            assert ContentType.objects.filter(app_label="auth").exists()
            assert MigrationRecorder(connection).applied_migrations()


def test_an_app_in_neither_list_is_asked_nowhere(acme, monkeypatch) -> None:
    monkeypatch.setattr(Group._meta, "app_label", "elsewhere")
    for context in (use(acme), use_control()):
        with context, refused(WrongPlaneError):
            Group.objects.count()


def test_a_query_for_no_table_is_asked_in_both(acme) -> None:
    for context in (use(acme), use_control()):
        with context:
            assert Q(a__gt=1).check({"a": 2})


def test_models_of_old_migrations_are_asked_as_they_were(acme, globex) -> None:
    with use(acme):
        loader = MigrationExecutor(connection).loader
        past = loader.project_state(("leave", "0001_initial")).apps
        old = past.get_model("auth", "Group")
        group = old.objects.get(name="Employees")
        group.save()
        assert past.get_model("leave", "LeaveRequest").objects.count() == 0
    with use(globex), refused():
        group.save()
    with use_control(), refused(WrongPlaneError):
        past.get_model("leave", "LeaveRequest").objects.count()


# What is told


def test_the_log_names_both_tenants_and_the_error_neither(acme, globex, caplog) -> None:
    with use(acme):
        alice = User.objects.get(username="alice")
    with use(globex), pytest.raises(WrongTenantError) as caught:
        alice.save()
    for word in (str(acme.uuid), str(globex.uuid), "acme", "globex", "alice"):
        assert word not in repr(vars(caught.value)).lower()
        assert word not in str(caught.value).lower()
    (line,) = [r for r in caplog.records if r.name == "tenants.stamp"]
    assert line.levelno == logging.ERROR
    assert line.getMessage() == "stamp.wrong_tenant"
    told = (line.owner, line.here, line.model)
    assert told == (str(acme.uuid), str(globex.uuid), "accounts.User")


kept: list[User] = []


def save_what_was_kept(request: HttpRequest) -> HttpResponse:
    kept[0].save()
    return HttpResponse("saved")


urlpatterns = [path("save", save_what_was_kept)]


def test_an_answer_names_no_tenant(acme, globex, visitor, settings) -> None:
    settings.ROOT_URLCONF = __name__
    with use(acme):
        kept[:] = [User.objects.get(username="alice")]
    answer = visitor("globex.localhost").get("/save")
    assert answer.status_code == 500
    for word in (str(acme.uuid), str(globex.uuid), "acme", "alice"):
        assert word not in answer.content.decode().lower()
    with use(globex):
        assert User.objects.get(username="alice").last_name == "Globex"
