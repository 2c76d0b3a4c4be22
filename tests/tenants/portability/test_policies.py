"""PRT-3: every table of a tenant is declared, and what of it goes where."""

import dataclasses
from itertools import pairwise

import pytest
from django.apps import apps

from tenants.checks import export_policies
from tenants.portability import masks, policies, rows
from tenants.portability.catalog import Table
from tenants.portability.policies import CREDENTIAL, Keep, Policies, Policy, data
from workflow.models.tenant_id import TenantIdField


def test_prt_3_every_model_of_a_tenant_has_a_policy() -> None:
    assert export_policies(None) == []


@pytest.mark.parametrize("label", sorted(policies.by_model()))
def test_prt_3_a_model_without_a_policy_is_told(label) -> None:
    (said,) = (
        text
        for text in policies.problems([without(label)])
        if label in text and "no policy" in text
    )
    assert said == f"{label} has no policy in TENANT_EXPORT_POLICIES."


def without(label: str) -> Policies:
    rest = {name: p for name, p in policies.by_model().items() if name != label}
    return Policies(rest)


WRONG = {
    "leave.LeaveRequest": data(masks={"colour": masks.nothing}),
    "accounts.User": CREDENTIAL,
    "leave.NoSuch": data(),
}


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("leave.LeaveRequest", "has no column 'colour'"),
        ("accounts.User", "may be left behind"),
        ("leave.NoSuch", "no tenant has its table"),
    ],
)
def test_a_policy_that_cannot_be_kept_is_told(label, words) -> None:
    declared = Policies({**policies.by_model(), label: WRONG[label]})
    assert any(words in text for text in policies.problems([declared]))


def test_a_setting_that_leads_nowhere_is_told(settings) -> None:
    settings.TENANT_EXPORT_POLICIES = ["leave.nowhere.POLICIES"]
    assert [m.id for m in export_policies(None)] == ["tenants.E020"]


def test_a_key_that_is_none_is_told(settings) -> None:
    settings.TENANT_EXPORT_KEYS = ["c2hvcnQ="]
    assert [m.id for m in export_policies(None)] == ["tenants.E022"]


def test_every_column_with_the_tenants_uuid_is_declared_as_bound() -> None:
    declared = policies.by_model()
    for model in apps.get_models():
        for column in model._meta.local_fields:
            if isinstance(column, TenantIdField):
                policy = declared[model._meta.label]
                is_left_out = policy.kind != "data"
                assert is_left_out or column.column in policy.bound, model


def test_what_a_mask_writes_is_a_value_of_a_row_again() -> None:
    table = Table("t", ("id", "name", "note"), ("id",))
    policy = data(masks={"name": lambda value, key: f"{key}\t{value}\\\n"})
    shaped = rows.shape(table, policy, masked=True)
    assert shaped is not None
    line = shaped(b"7\ta\\tb\\\\c\t\\N\n")
    assert line == b"7\t7\\ta\\tb\\\\c\\\\\\n\t\\N\n"
    assert rows.plain(line.split(b"\t")[1]) == "7\ta\tb\\c\\\n"


def test_nothing_is_masked_where_nothing_stands() -> None:
    table = Table("t", ("id", "name"), ("id",))
    shaped = rows.shape(table, data(masks={"name": masks.fixed("x")}), masked=True)
    assert shaped is not None
    assert shaped(b"7\t\\N\n") == b"7\t\\N\n"


def test_each_kind_is_kept_by_what_is_wider() -> None:
    widths = [Keep.DATA, Keep.RESTORED, Keep.ALL]
    for narrow, wide in pairwise(widths):
        assert narrow.kinds < wide.kinds


def test_a_policy_is_a_value() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Policy(policies.Kind.DATA).kind = policies.Kind.CREDENTIAL  # type: ignore[misc]
