"""Each thing that can be done with a row, in a context of somebody else."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import NestedObjects
from django.contrib.auth.models import Group
from django.db.models import Q, prefetch_related_objects

from accounts.models import User
from leave.models import LeaveRequest
from tests.tenants.stamped import (
    WRITTEN,
    Context,
    crossings,
    entered,
    filled,
    refused,
    row_of,
    waiting,
)


@pytest.fixture
def everywhere(acme, globex) -> dict[str, Context]:
    return filled(acme, globex)


def state_of(row: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    values = {name: value for name, value in vars(row).items() if name[0] != "_"}
    # Empty until something is known; a copy makes it.
    return values, {k: v for k, v in vars(row._state).items() if v != {}}


def field_of(row: Any) -> str:
    return WRITTEN[type(row)][0]


def manager_of(row: Any) -> Any:
    return type(row)._base_manager


# Any row

OF_A_ROW: dict[str, Callable[[Any], object]] = {
    "save": lambda row: row.save(),
    "save here": lambda row: row.save(using="default"),
    "save some": lambda row: row.save(update_fields=[field_of(row)]),
    "insert": lambda row: row.save(force_insert=True),
    "save as loaded data": lambda row: row.save_base(raw=True, using="default"),
    "asave": lambda row: waiting(row.asave),
    "delete": lambda row: row.delete(),
    "delete here": lambda row: row.delete(using="default"),
    "adelete": lambda row: waiting(row.adelete),
    "what an admin would delete": lambda row: NestedObjects("default").collect([row]),
    "refresh": lambda row: row.refresh_from_db(),
    "refresh here": lambda row: row.refresh_from_db(using="default"),
    "arefresh": lambda row: waiting(row.arefresh_from_db),
    "bulk_create": lambda row: manager_of(row).bulk_create([row]),
    "bulk_create of a stream": lambda row: manager_of(row).bulk_create(
        row for _ in range(1)
    ),
    "abulk_create": lambda row: waiting(manager_of(row).abulk_create, [row]),
    "bulk_update": lambda row: manager_of(row).bulk_update([row], [field_of(row)]),
    "abulk_update": lambda row: waiting(
        manager_of(row).abulk_update, [row], [field_of(row)]
    ),
    "contains": lambda row: manager_of(row).contains(row),
    "acontains": lambda row: waiting(manager_of(row).acontains, row),
    "validate": lambda row: row.full_clean(),
    "validate its keys": lambda row: row.validate_unique(),
    "validate its rules": lambda row: row.validate_constraints(),
    "copy": lambda row: copy.copy(row).save(),
    "deep copy": lambda row: copy.deepcopy(row).save(),
    "pickle": lambda row: pickle.loads(pickle.dumps(row)).save(),
}


@pytest.mark.parametrize("model", WRITTEN)
def test_a_row_is_used_in_its_own_context_only(model, everywhere) -> None:
    for home, away in crossings(model):
        row = row_of(model, everywhere[home])
        before = state_of(row)
        for what, use_it in OF_A_ROW.items():
            with entered(everywhere[away]), refused(doing=what):
                use_it(row)
        assert state_of(row) == before


def test_what_was_only_made_in_a_context_is_used_there_too(everywhere) -> None:
    for model in WRITTEN:
        for home, away in crossings(model):
            with entered(everywhere[home]):
                row = model()
            with entered(everywhere[away]), refused():
                row.save()
            assert row._state.adding


def test_one_row_of_somebody_else_stops_a_whole_batch(acme, globex) -> None:
    with entered(acme):
        theirs = Group(name="of acme")
    with entered(globex):
        with refused():
            Group.objects.bulk_create([Group(name="own"), theirs], batch_size=1)
        assert not Group.objects.filter(name__in=["own", "of acme"]).exists()


def test_what_was_collected_is_not_deleted_elsewhere(acme, globex) -> None:
    with entered(acme):
        collector = NestedObjects("default")
        collector.collect([Group.objects.get(name="Employees")])
    with entered(globex):
        with refused():
            collector.delete()
        assert Group.objects.filter(name="Employees").exists()


# Rows with relations

OF_A_USER: dict[str, Callable[[Any], object]] = {
    "many to many": lambda user: user.groups,
    "its rows": lambda user: user.groups.count(),
    "many to one": lambda user: user.leave_requests.exists(),
    "filter": lambda user: LeaveRequest.objects.filter(requester=user),
    "filter in": lambda user: LeaveRequest.objects.filter(requester__in=[user]),
    "filter by a condition": lambda user: LeaveRequest.objects.filter(
        Q(requester=user) | Q(pk=1)
    ),
    "filter through": lambda user: Group.objects.filter(user=user),
    "exclude": lambda user: LeaveRequest.objects.exclude(requester=user),
    "get": lambda user: LeaveRequest.objects.get(requester=user),
    "get_or_create": lambda user: LeaveRequest.objects.get_or_create(requester=user),
    "create": lambda user: LeaveRequest.objects.create(requester=user),
    "update": lambda user: LeaveRequest.objects.update(requester=user),
    "assign": lambda user: setattr(LeaveRequest(), "requester", user),
    "make": lambda user: LeaveRequest(requester=user),
    "prefetch": lambda user: prefetch_related_objects([user], "leave_requests"),
    "prefetch groups": lambda user: prefetch_related_objects([user], "groups"),
}


def test_a_row_leads_to_no_row_of_somebody_else(everywhere) -> None:
    alice = row_of(User, everywhere["acme"])
    before = state_of(alice)
    with entered(everywhere["globex"]):
        for what, use_it in OF_A_USER.items():
            with refused(doing=what):
                use_it(alice)
        assert LeaveRequest.objects.count() == 1
    assert state_of(alice) == before


def test_in_its_own_context_a_row_leads_anywhere(everywhere) -> None:
    for what in OF_A_USER.keys() - {"create"}:
        with entered(everywhere["acme"]):
            OF_A_USER[what](User.objects.earliest("pk"))


@pytest.mark.parametrize("name", ["user", "content_type"])
def test_a_foreign_key_is_not_followed_elsewhere(name, everywhere) -> None:
    for home, away in crossings(LogEntry):
        entry = row_of(LogEntry, everywhere[home])
        with entered(everywhere[away]), refused():
            getattr(entry, name)
        with entered(everywhere[home]):
            assert getattr(entry, name).pk == getattr(entry, f"{name}_id")
        # Now it is known, and no SQL would be needed.
        with entered(everywhere[away]), refused():
            getattr(entry, name)


def test_each_row_of_a_join_has_its_stamp(everywhere) -> None:
    with entered(everywhere["acme"]):
        user = LogEntry.objects.select_related("user").earliest("pk").user
    with entered(everywhere["globex"]), refused():
        user.save()


def test_a_field_that_was_left_out_is_not_read_elsewhere(everywhere) -> None:
    for model, (field, _) in WRITTEN.items():
        for home, away in crossings(model):
            with entered(everywhere[home]):
                row = model._base_manager.defer(field).earliest("pk")
            with entered(everywhere[away]), refused():
                getattr(row, field)
            assert field not in vars(row)


def test_nothing_of_somebody_else_is_put_into_a_relation(everywhere) -> None:
    employees = row_of(Group, everywhere["acme"])
    with entered(everywhere["globex"]):
        groups = User.objects.get(username="bob").groups
        before = set(groups.values_list("name", flat=True))
        for what, put in {
            "add": groups.add,
            "remove": groups.remove,
            "set": lambda group: groups.set([group]),
            "aadd": lambda group: waiting(groups.aadd, group),
            "aremove": lambda group: waiting(groups.aremove, group),
            "aset": lambda group: waiting(groups.aset, [group]),
        }.items():
            with refused(doing=what):
                put(employees)
        assert set(groups.values_list("name", flat=True)) == before


def test_nothing_of_two_contexts_is_related_in_none(everywhere) -> None:
    alice, request = (
        row_of(User, everywhere["acme"]),
        row_of(LeaveRequest, everywhere["globex"]),
    )
    with refused():
        request.requester = alice


# Managers that were kept

KEPT_MANAGER: dict[str, Callable[[Any], object]] = {
    "all": lambda kept: list(kept.all()),
    "here": lambda kept: list(kept.using("default")),
    "count": lambda kept: kept.count(),
    "exists": lambda kept: kept.exists(),
    "filter": lambda kept: kept.filter(pk=1).first(),
    "create": lambda kept: kept.create(),
    "get_or_create": lambda kept: kept.get_or_create(pk=1),
    "update_or_create": lambda kept: kept.update_or_create(pk=1),
    "by another manager": lambda kept: list(kept(manager="objects").all()),
    "add": lambda kept: kept.add(1),
    "remove": lambda kept: kept.remove(1),
    "set": lambda kept: kept.set([1]),
    "clear": lambda kept: kept.clear(),
    "aadd": lambda kept: waiting(kept.aadd, 1),
    "acount": lambda kept: waiting(kept.acount),
}
OF_MANY_TO_ONE = KEPT_MANAGER.keys() - {"add", "remove", "set", "clear", "aadd"}


def test_a_manager_that_was_kept_asks_whose_it_is(acme, globex, person) -> None:
    with entered(acme):
        kept = person("alice").groups
    with entered(globex):
        for what, use_it in KEPT_MANAGER.items():
            with refused(doing=what):
                use_it(kept)
        groups = person("alice", globex).groups
        assert [group.name for group in groups.all()] == ["Employees"]


def test_so_does_one_of_many_rows_to_one(acme, globex, person) -> None:
    with entered(acme):
        kept = person("alice").leave_requests
    with entered(globex):
        for what in OF_MANY_TO_ONE:
            with refused(doing=what):
                KEPT_MANAGER[what](kept)
        assert not LeaveRequest.objects.exists()


def test_a_manager_that_was_kept_asks_nothing_in_no_context(acme, globex) -> None:
    with entered(acme):
        kept = User.objects.earliest("pk").groups
    with pytest.raises(Exception, match="No tenant"):
        kept.all()


def test_rows_of_two_tenants_are_not_equal_though_their_keys_are(acme, globex) -> None:
    mine, theirs = row_of(User, acme), row_of(User, globex)
    assert mine.pk == theirs.pk
    assert mine != theirs
    assert {mine: "permitted"}.get(theirs) is None
    assert mine == row_of(User, acme)
    assert mine == User(pk=mine.pk)  # which is nobody's yet
