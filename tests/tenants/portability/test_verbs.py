"""`manage.py tenant export|import|swap|clone|archive|purge`: words, keys, codes."""

import io
import json
import re
import time
from pathlib import Path
from zlib import crc32

import pytest
from django.core.management import CommandError, call_command

from accounts.models import ApiToken, User
from tenants.advisory import half
from tenants.context import current_or_none, use, use_control
from tenants.models import OperatorEvent, Tenant
from tenants.provisioning import provision
from tests import databases
from tests.tenants.portability.conftest import tenant
from workflow import verification
from workflow.models import Comment, ProcessInstance

INSTANTS = ("created_at", "ordered_at", "purged_at")


def run(*words: object, command: str = "tenant") -> str:
    """Return what a verb prints."""
    out = io.StringIO()
    call_command(command, *map(str, words), stdout=out, stderr=io.StringIO())
    assert current_or_none() is None
    return out.getvalue()


def answer(*words: object) -> dict:
    return json.loads(run(*words, "--json"))


def fails(*words: object, command: str = "tenant") -> tuple[int, str]:
    """Return the exit code and the line of a verb that does not work."""
    with pytest.raises(CommandError) as caught:
        run(*words, command=command)
    assert current_or_none() is None
    return caught.value.returncode, str(caught.value)


@pytest.fixture
def nova(world, request) -> Tenant:
    slug = f"verb-{crc32(request.node.name.encode()):x}"
    return provision(slug=slug, name="Nova", owner_email="o@nova.test", by="tests")


def test_export_says_what_it_wrote(world, tmp_path) -> None:
    facts = answer("export", "acme", "--output", tmp_path / "a.tenantry")
    assert set(facts) == {
        "path",
        "rows",
        "files",
        "unreferenced",
        "bytes",
        "sha256",
    }
    assert facts["files"] == 1
    lines = run("export", "acme", "--output", tmp_path / "b.tenantry", "--no-files")
    assert [line.split()[0] for line in lines.splitlines()] == list(facts)
    with use_control():
        event = OperatorEvent.objects.filter(action="tenant.exported").latest("at")
    assert event.tenant == tenant("acme").uuid


def test_export_ends_with_3_4_and_7(world, tmp_path) -> None:
    path = tmp_path / "x"
    assert fails("export", "nobody", "--output", path)[0] == 3
    path.write_text("mine")
    code, line = fails("export", "acme", "--output", path)
    assert (code, line.endswith("(file_exists)")) == (4, True)
    keys = half(tenant("acme").uuid.bytes), half(b"portability.export")
    with databases.server(databases.working()) as there:
        there.execute("SELECT pg_advisory_lock(%s, %s)", keys)
        code, line = fails("export", "acme", "--output", tmp_path / "y")
    assert (code, line.endswith("(tenant_busy)")) == (7, True)


def test_a_file_that_cannot_be_written_is_a_refusal(world, tmp_path) -> None:
    (tmp_path / "file").write_text("mine")
    for path in (Path("/proc/a.tenantry"), tmp_path / "file" / "a.tenantry"):
        code, line = fails("export", "acme", "--output", path)
        assert (code, line.endswith("(file_unwritable)")) == (4, True)
        assert str(path) in line


def test_a_key_that_is_none_is_named(world, tmp_path) -> None:
    (tmp_path / "junk.pem").write_text("junk")
    for name, why in (("none.pem", "cannot be read"), ("junk.pem", "holds no private")):
        words = ("--output", tmp_path / "x", "--sign", tmp_path / name)
        code, line = fails("export", "acme", *words)
        assert (code, f"{tmp_path / name} {why}" in line) == (2, True)


def test_an_archived_tenant_is_not_brought_back_by_a_dry_run(nova, tmp_path) -> None:
    run("archive", nova.slug, "--output", tmp_path / "nova")
    facts = answer("resume", nova.slug, "--dry-run")
    assert (facts["before"], facts["state"]) == ("archived", "active")
    assert facts["dry_run"]
    assert tenant(nova.slug).state == "archived"
    (tmp_path / "nova").rename(tmp_path / "moved")
    code, line = fails("resume", nova.slug, "--dry-run")
    assert (code, line.endswith("(archive_missing)")) == (3, True)


def test_import_says_what_it_would_make_and_what_it_made(acme_file) -> None:
    words = ("import", acme_file, "--as", "verbal")
    would = answer(*words, "--dry-run")
    assert would["dry_run"] is True
    with use_control():
        assert not Tenant.objects.filter(slug="verbal").exists()
    facts = answer(*words)
    assert set(facts) == {
        "slug",
        "uuid",
        "from",
        "keeps",
        "rows",
        "files",
        "migrations",
        "state",
        "url",
    }
    assert (facts["slug"], facts["state"], facts["keeps"]) == (
        "verbal",
        "active",
        "data",
    )
    code, line = fails(*words)
    assert (code, line.endswith("(slug_taken)")) == (4, True)


def test_import_ends_with_2_3_4_and_6(acme_file, tmp_path, capsys) -> None:
    (tmp_path / "foreign").write_text("Dear Sir or Madam")
    whole = acme_file.read_bytes()
    (tmp_path / "half").write_bytes(whole[: len(whole) // 2])
    for path, word, code in (
        (tmp_path / "foreign", "archive_foreign", 2),
        (tmp_path / "none", "archive_missing", 3),
        (tmp_path / "half", "archive_truncated", 6),
    ):
        found, line = fails("import", path, "--as", "nobody-yet")
        assert (found, line.endswith(f"({word})")) == (code, True), line
    assert fails("import", acme_file, "--as", "www")[0] == 2
    assert fails("import", acme_file, "--as", "Up")[0] == 2
    code, line = fails("import", acme_file, "--keep-credentials")
    assert (code, line.endswith("(uuid_taken)")) == (4, True)
    assert fails("import", acme_file, "--beside", "nobody")[0] == 3
    assert fails("import", acme_file, "--beside", "globex")[0] == 4
    assert fails("import", acme_file, "--beside", "acme", "--keep-credentials")[0] == 2


def test_a_refusal_as_json_has_its_code(tmp_path) -> None:
    out = io.StringIO()
    with pytest.raises(CommandError):
        call_command(
            "tenant", "import", str(tmp_path), "--json", stdout=out, stderr=out
        )
    assert json.loads(out.getvalue())["error"] == "archive_missing"


def test_l20_a_clone_carries_no_credentials(world) -> None:
    facts = answer("clone", "acme", "acme-twin")
    assert (facts["of"], facts["state"]) == ("acme", "active")
    assert facts["url"].startswith("http://acme-twin.localhost")
    with use(tenant("acme-twin")):
        assert not ApiToken.objects.exists()
        assert not User.objects.exclude(password="!").exists()
        assert User.objects.filter(email="alice@acme.test").exists()
        assert verification.verify().findings == []
    assert fails("clone", "acme", "acme-twin")[0] == 4
    assert fails("clone", "acme", "www")[0] == 2


def test_prt_8_an_anonymised_clone_names_nobody(world) -> None:
    answer("clone", "acme", "acme-nobody", "--anonymise")
    with use(tenant("acme-nobody")):
        assert ProcessInstance.objects.count() == 3
        assert not User.objects.filter(email__endswith="acme.test").exists()
        assert not User.objects.filter(first_name="Alice").exists()
        assert set(Comment.objects.values_list("text", flat=True)) == {"Comment 1"}
        assert verification.verify().findings == []
    text = dumped("acme-nobody")
    for word in ("alice", "Hills", "printer", "Soon."):
        assert word not in text, word


def dumped(slug: str) -> str:
    """Return all rows of a tenant as text."""
    out = io.StringIO()
    call_command("tenant", "run", slug, "--", "dumpdata", stdout=out)
    return out.getvalue()


def test_a_shadow_is_looked_at_and_swapped(acme_file, monkeypatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    slug = answer("import", acme_file, "--beside", "acme")["slug"]
    assert slug == "acme-shadow"
    assert "alice@acme.test" in dumped(slug)
    assert answer("swap", "acme", "--with", slug, "--dry-run")["dry_run"] is True
    before = tenant("acme").generation
    assert answer("swap", "acme", "--with", slug)["generation"] == before + 1
    run("swap", "acme", "--with", slug)
    code, line = fails("swap", "acme", "--with", "globex")
    assert (code, line.endswith("(swap_refused)")) == (4, True)


def test_archive_and_resume(nova, tmp_path) -> None:
    path = tmp_path / "nova.tenantry"
    words = ("archive", nova.slug, "--output", path)
    would = answer(*words, "--dry-run")
    assert would.pop("table_bytes") > 0
    assert would == {
        "slug": nova.slug,
        "state": "active",
        "files": 0,
        "file_bytes": 0,
        "dry_run": True,
    }
    facts = answer(*words)
    assert (facts["state"], facts["path"]) == ("archived", str(path))
    assert fails(*words)[0] == 4
    assert fails("export", nova.slug, "--output", tmp_path / "y")[0] == 4
    back = answer("resume", nova.slug)
    assert (back["before"], back["state"]) == ("archived", "active")


def test_purge_closes_first_and_deletes_when_it_is_confirmed(nova) -> None:
    facts = answer("purge", nova.slug, "--grace", "12h")
    assert (facts["before"], facts["state"]) == ("active", "deleting")
    code, line = fails("purge", nova.slug, "--now", "--confirm", "acme")
    assert (code, f"--confirm {nova.slug}" in line) == (4, True)
    would = answer("purge", nova.slug, "--now", "--confirm", nova.slug, "--dry-run")
    assert would.pop("table_bytes") > 0
    assert would == {
        "slug": nova.slug,
        "state": "deleting",
        "files": 0,
        "file_bytes": 0,
        "purge_after": None,
        "dry_run": True,
    }
    certificate = answer("purge", nova.slug, "--now", "--confirm", nova.slug)
    instants = [certificate[name] for name in INSTANTS]
    assert all(re.fullmatch(r"[-0-9]{10}T[:0-9]{8}Z", at) for at in instants), instants
    assert certificate["tenant_uuid"] == str(nova.uuid)
    assert fails("purge", nova.slug)[0] == 3
    assert answer("purge", nova.uuid) == certificate


def test_purge_knows_wrong_usage(nova) -> None:
    assert (
        "write 90s, 45m, 12h or 30d" in fails("purge", nova.slug, "--grace", "soon")[1]
    )
    assert fails("purge", "nobody")[0] == 3


# django-tenants' names


def test_clone_tenant_of_django_tenants_is_ours(world) -> None:
    words = ("--clone_from", tenant("acme").schema_name, "--slug", "acme-upstream")
    assert "acme-upstream" in run(*words, command="clone_tenant")
    with use(tenant("acme-upstream")):
        assert not ApiToken.objects.exists()
    assert (
        fails("--clone_from", "t_none", "--slug", "x", command="clone_tenant")[0] == 3
    )


def test_cmd_2_delete_tenant_of_django_tenants_means_purge(nova) -> None:
    assert "deleting" in run(
        "-s", nova.schema_name, "--noinput", command="delete_tenant"
    )
    words = ("-s", nova.schema_name, "--now", "--confirm", nova.slug, "--noinput")
    assert str(nova.uuid) in run(*words, command="delete_tenant")
    assert fails("-s", "t_none", command="delete_tenant")[0] == 3


@pytest.mark.parametrize("words", [("--beside", ""), ("--as", "")])
def test_an_empty_name_makes_no_other_import_of_it(acme_file, words) -> None:
    """`--beside "$TENANT"`, where the variable was never set."""
    with pytest.raises(CommandError) as caught:
        call_command("tenant", "import", str(acme_file), *words)
    assert caught.value.returncode == 2


def test_a_file_that_cannot_be_written_is_told_and_changes_nothing(nova) -> None:
    for verb in ("export", "archive"):
        code, line = fails(verb, nova.slug, "--output", "/proc/nowhere/x")
        assert (code, "file_unwritable" in line) == (4, True)
    assert tenant(nova.slug).state == "active"
