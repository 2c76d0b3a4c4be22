"""What a new tenant has of this app."""

from django.contrib.auth.models import Group

from leave import provisioning
from leave.processes import EMPLOYEES, HR, MANAGERS
from tenants.context import use
from tenants.provisioning import ProvisioningRequest
from workflow.models import Process


def test_a_new_tenant_has_groups_and_process(in_acme):
    names = set(Group.objects.values_list("name", flat=True))
    assert {EMPLOYEES, MANAGERS, HR} <= names
    assert Process.objects.published().get().title == "leave"


def test_its_owner_is_hr_until_others_are(in_acme):
    from accounts.models import User

    owner = User.objects.get(role="owner")
    assert owner.groups.filter(name=HR).exists()
    assert not owner.groups.filter(name=MANAGERS).exists()


def test_a_second_installation_changes_nothing(acme):
    request = ProvisioningRequest(
        tenant=acme, owner_email="owner@acme.test", owner_name="", locale="en"
    )
    with use(acme):
        before = list(Process.objects.values())
        groups = list(Group.objects.values())
        provisioning.install(request)
        assert list(Process.objects.values()) == before
        assert list(Group.objects.values()) == groups
