"""No group and no person is deleted while a version of a process names them."""

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import transaction

from accounts.admin import GroupAdmin, UserAdmin
from accounts.models import User
from kernel.admin import FixedRows
from tenants.context import use
from tests.workflow.designing import everything, plain
from tests.workflow.processes import install, start
from workflow import graph
from workflow.drafts import clone_process, delete_draft
from workflow.errors import ProcessNamesIt
from workflow.models import Process
from workflow.publishing import retire_process

#: Whether it is a group or a person, and how a version comes to name one.
RELATIONS = {
    "start_groups": (Group, lambda row, one: row.start_groups.add(one)),
    **{
        name: (
            User if name == "allowed_users" else Group,
            lambda row, one, name=name: getattr(
                row.activities.get(key="check"), name
            ).add(one),
        )
        for name in ("roles", "allowed_groups", "allowed_users", "sla_roles")
    },
}
WAYS = {
    "the row": lambda one: one.delete(),
    "many rows": lambda one: type(one)._default_manager.filter(pk=one.pk).delete(),
}


@pytest.fixture
def draft(in_acme, admin) -> Process:
    return clone_process(install(plain()), by=admin)


def new(model):
    if model is Group:
        return Group.objects.create(name="Auditors")
    return User.objects.create(username="dave", email_norm="dave@acme.example")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("relation", RELATIONS)
def test_a_draft_keeps_whom_it_names(draft, relation, way):
    """Without its only role an activity would be open to everybody."""
    model, becomes_named = RELATIONS[relation]
    one = new(model)
    becomes_named(draft, one)
    with pytest.raises(ProcessNamesIt) as refusal:
        WAYS[way](one)
    assert (refusal.value.status, refusal.value.code) == (409, "process.names_it")
    assert refusal.value.detail.endswith("deleted: drawn (version 2).")
    assert model._default_manager.filter(pk=one.pk).exists()


@pytest.mark.parametrize("relation", RELATIONS)
def test_whom_nobody_names_any_more_can_go(draft, relation, admin):
    model, becomes_named = RELATIONS[relation]
    one = new(model)
    becomes_named(draft, one)
    delete_draft(draft, by=admin)
    one.delete()
    assert not model._default_manager.filter(pk=one.pk).exists()


@pytest.mark.parametrize("status", ["published", "retired"])
@pytest.mark.parametrize("name", ["HR", "Managers", "Employees"])
def test_a_version_keeps_its_groups_and_is_what_was_published(
    in_acme, admin, name, status
):
    made = install(everything())
    if status == "retired":
        retire_process(made, by=admin)
    for delete in WAYS.values():
        with pytest.raises(ProcessNamesIt, match=r"drawn \(version 1\)"):
            delete(Group.objects.get(name=name))
    made.refresh_from_db()
    graph._cache.clear()
    assert graph.of(made).nodes


def test_a_version_keeps_its_people_who_may_still_be_switched_off(in_acme, bob):
    made = install(everything())
    with pytest.raises(ProcessNamesIt, match=r"deleted: drawn \(version 1\)"):
        bob.delete()
    User.objects.filter(pk=bob.pk).update(is_active=False)
    graph._cache.clear()
    assert graph.of(made).nodes
    assert not User.objects.get(pk=bob.pk).is_active


def test_every_version_that_names_it_is_told(in_acme, admin):
    made = install(everything())
    clone_process(made, by=admin)
    with pytest.raises(ProcessNamesIt) as refusal:
        Group.objects.get(name="HR").delete()
    assert refusal.value.detail == (
        "A process names this group, so it cannot be deleted:"
        " drawn (version 1), drawn (version 2), leave (version 1)."
    )


def test_several_groups_of_which_one_is_named_all_stay(in_acme):
    install(plain())
    Group.objects.create(name="Auditors")
    with pytest.raises(ProcessNamesIt), transaction.atomic():
        Group.objects.filter(name__in=("Auditors", "HR")).delete()
    assert Group.objects.filter(name__in=("Auditors", "HR")).count() == 2


def test_a_renamed_group_is_still_the_one_that_was_named(in_acme, alice):
    made = install(plain())
    Group.objects.filter(name="HR").update(name="People")
    graph._cache.clear()
    assert graph.of(made).nodes
    assert start(alice, made.code).pk


def test_the_admin_of_a_tenant_deletes_neither(browser_of, acme):
    client = browser_of("admin")
    with use(acme):
        group, person = Group.objects.get(name="HR"), User.objects.get(username="bob")
    for address in (f"auth/group/{group.pk}", f"accounts/user/{person.pk}"):
        assert client.post(
            f"/admin/{address}/delete/", {"post": "yes"}
        ).status_code in {
            403,
            404,
        }


def test_an_admin_that_may_delete_is_told_what_stands_in_the_way(
    browser_of, acme, monkeypatch
):
    with use(acme):
        install(everything())
        group, person = Group.objects.get(name="HR"), User.objects.get(username="bob")
    for kind in (GroupAdmin, UserAdmin):
        assert issubclass(kind, FixedRows)
        monkeypatch.setattr(kind, "has_delete_permission", lambda *_, **__: True)
    client = browser_of("admin")
    for address in (f"auth/group/{group.pk}", f"accounts/user/{person.pk}"):
        for ask in (client.get, lambda url: client.post(url, {"post": "yes"})):
            answer = ask(f"/admin/{address}/delete/")
            assert answer.status_code == 200
            assert "Process: drawn (version 1)" in answer.text
    with use(acme):
        assert Group.objects.filter(pk=group.pk).exists()
        assert User.objects.filter(pk=person.pk).exists()


def test_no_migration_is_needed_for_it(in_acme):
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)
