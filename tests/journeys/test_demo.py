"""What `make demo` prepares: tenants, people, the numbers of the documents."""

import json
import time
from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command

from tests import databases
from tests.journeys.programs import Programs, database_url, environment

STATE = """
import json
from accounts.models import ApiToken, Invitation, TenantBranding, User
from leave.models import LeaveRequest
from tenants.context import use, use_control
from tenants.models import Tenant
from workflow.models import Process, ProcessInstance, WorkItem
found = {}
with use_control():
    found["operators"] = list(User.objects.values_list("username", flat=True))
    tenants = {t.slug: t.info() for t in Tenant.objects.order_by("slug")}
for slug, tenant in tenants.items():
    with use(tenant):
        first = WorkItem.objects.select_related("activity", "user").get(pk=1)
        found[slug] = {
            "people": dict(User.objects.people().values_list("username", "pk")),
            "process": Process.objects.published().get(code="leave").pk,
            "owner of 1": LeaveRequest.objects.get(pk=1).requester.username,
            "first": [first.activity.key, first.status, first.user.username,
                      first.instance_id, first.instance.object_id],
            "statuses": sorted(LeaveRequest.objects.values_list("status", flat=True)),
            "roles": dict(User.objects.people().values_list("username", "role")),
            "guests": list(Invitation.objects.values_list("email", "role")),
            "programs": list(ApiToken.objects.values_list("user__username", "name")),
            "logo": bool(TenantBranding.objects.get().logo),
            "rows": [WorkItem.objects.count(), ProcessInstance.objects.count()],
        }
print(json.dumps(found))
"""
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def empty(transactional_db, tmp_path) -> Iterator[Programs]:
    """Return programs on an empty database of their own."""
    name = f"{databases.working()}_demo"
    databases.run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
    databases.run("CREATE DATABASE {}", name)
    env = environment(tmp_path) | {"DATABASE_URL": database_url(name)}
    with Programs(env, tmp_path) as programs:
        yield programs
    databases.run("DROP DATABASE {} WITH (FORCE)", name)


def state(programs: Programs) -> dict:
    done = programs.manage("shell", "--no-imports", "-c", STATE)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_demo_is_prepared_once_and_stays(empty):
    made = empty.manage("demo_prepare")
    assert made.returncode == 0, made.stderr
    found = state(empty)
    assert found["operators"] == ["operator"]
    for slug in ("acme", "globex"):
        tenant = found[slug]
        people = tenant["people"]
        assert set(people) == {"admin", "alice", "bob", "carol"}
        assert people["admin"] == 1
        assert people["alice"] < people["bob"] < people["carol"]
        assert tenant["process"] == 1
        assert tenant["owner of 1"] == "admin"
        assert tenant["first"] == ["request", "inactive", "admin", 1, "1"]
        wanted = ["approved", "draft", "filed", "refused", "waiting", "waiting"]
        assert tenant["statuses"] == wanted
        everybody = dict.fromkeys(people, "member")
        assert tenant["roles"] == everybody | {"admin": "owner", "carol": "admin"}
        assert tenant["guests"] == [[f"newcomer@{slug}.test", "member"]]
        assert tenant["programs"] == [["Payroll", "Monthly run"]]
        assert tenant["logo"] == (slug == "acme")
    begun = time.monotonic()
    again = empty.manage("demo_prepare")
    seconds = time.monotonic() - begun
    assert again.returncode == 0, again.stderr
    assert state(empty) == found
    assert seconds < 10, f"the second preparation took {seconds:.1f} s"


def test_the_demo_is_refused_outside_development(settings):
    settings.DEVELOPMENT_MODE = False
    for command in ("seed_demo", "demo_prepare"):
        with pytest.raises(CommandError, match="development only"):
            call_command(command)
