"""Features: what a plan brings with it, and what is agreed for one tenant."""

import pytest

from tenants import directory
from tenants.context import NoTenantError, use, use_control
from tenants.models import Feature, Plan, Tenant, TenantFeature
from tenants.plans import features
from tests import twins


@pytest.fixture
def plan(in_control) -> Plan:
    plan = Plan.objects.create(code="full", name="Full")
    Feature.objects.create(plan=plan, code="reports")
    Feature.objects.create(plan=plan, code="history", value=30)
    Feature.objects.create(plan=plan, code="off", value=False)
    Tenant.objects.filter(slug="acme").update(plan=plan)
    return plan


def test_a_feature_of_the_plan_is_there_for_its_tenants_alone(plan):
    with use(twins.info("acme")):
        assert features.enabled("reports")
        assert features.value("history") == 30
        assert not features.enabled("off")
        assert not features.enabled("unheard-of")
        assert features.value("unheard-of", default=7) == 7
    with use(twins.info("globex")):
        assert not features.enabled("reports")


def test_a_tenants_own_word_stands_above_the_plans(plan):
    acme = Tenant.objects.get(slug="acme")
    TenantFeature.objects.create(tenant=acme, code="reports", value=False)
    TenantFeature.objects.create(tenant=acme, code="beta")
    with use(twins.info("acme")):
        assert not features.enabled("reports")
        assert features.enabled("beta")


def test_a_value_that_somebody_changes_is_their_own_copy(plan):
    Feature.objects.create(plan=plan, code="colours", value=["red"])
    with use(twins.info("acme")):
        features.value("colours").append("blue")
        assert features.value("colours") == ["red"]


def test_asking_costs_no_statement(plan, django_assert_num_queries):
    acme = twins.info("acme")
    with use(acme), django_assert_num_queries(0):
        assert features.enabled("reports")


def test_without_a_tenant_there_are_no_features(in_control):
    with pytest.raises(NoTenantError):
        features.enabled("reports")


@pytest.mark.django_db(transaction=True)
def test_a_change_of_a_plan_is_told_to_every_process(psql_hears):
    def change() -> None:
        with use_control():
            plan = Plan.objects.create(code="told", name="Told")
            feature = Feature.objects.create(plan=plan, code="reports")
            feature.delete()
            plan.delete()

    assert psql_hears(change) == {"everything"}


@pytest.fixture
def psql_hears():
    """Return what is said on the channel while something is done."""
    from tenants import listener

    def hears(act) -> set[str]:
        with use_control():
            connection = listener.connect()
        try:
            act()
            return {n.payload for n in connection.notifies(timeout=0.2)}
        finally:
            connection.close()

    return hears


def test_a_new_look_up_knows_the_change(plan):
    assert directory.find("acme.localhost").tenant.limits.plan == "full"
    Feature.objects.filter(code="reports").delete()
    found = directory.find("acme.localhost").tenant
    with use(found):
        assert not features.enabled("reports")
