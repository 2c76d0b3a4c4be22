"""PRT-5: what is refused, by which word, and that nothing is left of it."""

import base64
import hashlib
import io
import json
import random
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from django.db import connection

from kernel.errors import ApplicationError
from tenants.context import use_control
from tenants.models import Domain, Plan, ProvisioningRun, Tenant
from tenants.plans import choosing
from tenants.portability import reading, signature
from tenants.portability.cloning import clone
from tenants.portability.errors import ArchiveForeign, ArchiveRefused
from tenants.portability.export import export
from tenants.portability.manifest import MANIFEST, SUMS
from tenants.portability.orders import Wish, decided
from tests import databases
from tests.tenants.portability.conftest import changed, entries, into, out, tenant

Entries = dict[str, bytes]


def sealed(content: Entries) -> None:
    """Write the checksums anew, as somebody would who changed an archive on purpose."""
    lines = (
        f"{hashlib.sha256(body).hexdigest()}  {name}\n"
        for name, body in sorted(content.items())
        if name != SUMS
    )
    content[SUMS] = "".join(lines).encode()


def with_manifest(change: Callable[[dict[str, Any]], object]) -> Any:
    def act(content: Entries) -> None:
        manifest = json.loads(content[MANIFEST])
        change(manifest)
        content[MANIFEST] = json.dumps(manifest).encode()
        sealed(content)

    return act


def with_entry(name: str, body: bytes = b"x") -> Any:
    def act(content: Entries) -> None:
        content[name] = body
        sealed(content)

    return act


def without(name: str) -> Any:
    def act(content: Entries) -> None:
        del content[name]

    return act


def table(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda m: next(t for t in m["tables"] if t["name"] == name)


USER = table("accounts_user")


def strange_table(content: Entries) -> None:
    manifest = json.loads(content[MANIFEST])
    manifest["tables"].append({**USER(manifest), "name": "strangers"})
    content["data/strangers.copy"] = content["data/accounts_user.copy"]
    content[MANIFEST] = json.dumps(manifest).encode()
    sealed(content)


def other_name(old: str, new: str) -> Any:
    def act(content: Entries) -> None:
        manifest = json.loads(content[MANIFEST])
        (file,) = manifest["files"]
        file["name"] = new
        content[MANIFEST] = json.dumps(manifest).encode()
        content[f"files/{new}"] = content.pop(f"files/{old}")
        sealed(content)

    return act


def more_rows(content: Entries) -> None:
    content["data/accounts_user.copy"] += b"\\N\n"


def end_of_data(content: Entries) -> None:
    """Let PostgreSQL see an end where the file goes on."""
    body = b"\\.\n" + content["data/auth_group.copy"]
    replace_table(content, "auth_group", body)


def replace_table(content: Entries, name: str, body: bytes) -> None:
    manifest = json.loads(content[MANIFEST])
    found = table(name)(manifest)
    found["bytes"], found["rows"] = len(body), body.count(b"\n")
    found["sha256"] = hashlib.sha256(body).hexdigest()
    content[f"data/{name}.copy"] = body
    content[MANIFEST] = json.dumps(manifest).encode()
    sealed(content)


def other_record(change: Callable[[list[bytes]], object]) -> Any:
    """Change the rows that tell which migrations ran, with all checksums."""

    def act(content: Entries) -> None:
        lines = content["data/django_migrations.copy"].splitlines(keepends=True)
        change(lines)
        replace_table(content, "django_migrations", b"".join(lines))

    return act


LOGO = "branding/logo-0123456789abcdef.png"
REFUSED: list[tuple[str, Any, str]] = [
    (
        "another format",
        with_manifest(lambda m: m.update(format="tar")),
        "archive_foreign",
    ),
    ("a newer format", with_manifest(lambda m: m.update(version=2)), "archive_version"),
    ("an unknown part", with_manifest(lambda m: m.update(extra=1)), "archive_foreign"),
    (
        "a newer release",
        with_manifest(lambda m: m["migrations"].append(["accounts", "9999_next"])),
        "archive_newer",
    ),
    (
        "a release with a hole",
        with_manifest(lambda m: m["migrations"].remove(["auth", "0001_initial"])),
        "archive_shape",
    ),
    ("a table more", strange_table, "archive_shape"),
    (
        "a column more",
        with_manifest(lambda m: USER(m)["columns"].append("is_god")),
        "archive_shape",
    ),
    (
        "a column less",
        with_manifest(lambda m: USER(m)["columns"].remove("role")),
        "archive_shape",
    ),
    (
        "a column twice",
        with_manifest(lambda m: USER(m)["columns"].append("role")),
        "archive_shape",
    ),
    (
        "a table that is SQL",
        with_manifest(lambda m: USER(m).update(name="x; DROP TABLE y")),
        "archive_foreign",
    ),
    ("a row more", more_rows, "archive_too_large"),
    (
        "a row that is not said",
        with_manifest(lambda m: USER(m).update(rows=1)),
        "archive_checksum",
    ),
    ("a migration less in the rows", other_record(lambda r: r.pop()), "archive_shape"),
    (
        "a migration more in the rows",
        other_record(lambda r: r.append(b"999\tworkflow\t9999_next\t2026-01-01\n")),
        "archive_shape",
    ),
    (
        "a migration twice in the rows",
        other_record(lambda r: r.append(r[0])),
        "archive_shape",
    ),
    ("a row of one value", other_record(lambda r: r.append(b"\n")), "archive_shape"),
    (
        "no migration in the rows",
        other_record(lambda r: r.clear()),
        "archive_shape",
    ),
    ("an entry more", with_entry("data/more.copy"), "archive_names"),
    ("a way up", with_entry("../passwd"), "archive_names"),
    ("a way up within", with_entry("files/a/../../b"), "archive_names"),
    ("an absolute name", with_entry("/etc/passwd"), "archive_names"),
    ("a drive", with_entry("C:/x"), "archive_names"),
    ("a backslash", with_entry("files\\x"), "archive_names"),
    ("a file that leads up", other_name(LOGO, "../up.png"), "archive_names"),
    ("no manifest", without(MANIFEST), "archive_foreign"),
    ("no checksums", without(SUMS), "archive_foreign"),
    ("no data", without("data/accounts_user.copy"), "archive_damaged"),
    (
        "other data",
        lambda c: c.update({"sequences.json": b"{}" + b" " * 40}),
        "archive_checksum",
    ),
]


def refusal(path: Path, **wish: Any) -> str:
    with pytest.raises(ApplicationError) as caught:
        decided(path, Wish(slug="refused", **wish), by="tests")
    return caught.value.code


def left_behind() -> tuple[int, ...]:
    # A role that has rights nowhere is another database's, or was left by nobody.
    with use_control(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_namespace WHERE nspname ~ '^[tw]_'")
        return (
            *cursor.fetchone(),
            len(databases.roles_of(databases.working())),
            Tenant.objects.count(),
            Domain.objects.count(),
            ProvisioningRun.objects.exclude(state="failed").count(),
        )


@pytest.mark.parametrize(
    ("change", "code"),
    [pytest.param(change, code, id=name) for name, change, code in REFUSED],
)
def test_prt_5_an_archive_is_refused_with(acme_file, tmp_path, change, code) -> None:
    before = left_behind()
    assert refusal(changed(acme_file, tmp_path / "x", change)) == code
    assert left_behind() == before


def test_prt_5_no_archive_at_all_is_refused(world, tmp_path) -> None:
    assert refusal(tmp_path / "none") == "archive_missing"
    assert refusal(tmp_path) == "archive_missing"
    for body in (b"", b"Dear Sir or Madam", b"\x1f\x8b" * 40):
        (tmp_path / "x").write_bytes(body)
        assert refusal(tmp_path / "x") == "archive_foreign"


def test_a_language_that_is_not_installed_gives_way(acme_file, tmp_path) -> None:
    strange = with_manifest(lambda m: m["tenant"].update(locale="xx", timezone="Oz"))
    path = changed(acme_file, tmp_path / "x", strange)
    order, _manifest = decided(path, Wish(slug="strange"), by="tests")
    assert (order.locale, order.timezone) == ("en", "UTC")


def test_prt_5_a_truncated_archive_is_refused(acme_file, tmp_path) -> None:
    whole = acme_file.read_bytes()
    for size in (10, len(whole) // 2, len(whole) - 1):
        (tmp_path / "x").write_bytes(whole[:size])
        assert refusal(tmp_path / "x") in {"archive_truncated", "archive_foreign"}


def test_prt_5_an_entry_that_is_there_twice_is_refused(acme_file, tmp_path) -> None:
    memory = io.BytesIO(acme_file.read_bytes())
    with (
        pytest.warns(UserWarning, match="Duplicate"),
        zipfile.ZipFile(memory, "a") as archive,
    ):
        archive.writestr("sequences.json", b"{}")
    (tmp_path / "x").write_bytes(memory.getvalue())
    assert refusal(tmp_path / "x") == "archive_names"


def test_prt_5_no_entry_is_unpacked_beyond_what_is_said(acme_file, tmp_path) -> None:
    """A bomb says so itself, or it lies in the list, or in the manifest."""

    def swell(content: Entries) -> None:
        content["data/accounts_user.copy"] = b"\0" * 50_000_000

    path = changed(acme_file, tmp_path / "x", swell)
    assert path.stat().st_size < 1_000_000
    assert refusal(path) == "archive_too_large"


def test_prt_5_a_large_manifest_is_not_read(acme_file, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(reading, "LARGEST_TEXT", 1000)
    assert refusal(acme_file) == "archive_too_large"


def test_prt_5_rows_that_postgresql_cuts_short_leave_nothing(
    acme_file, tmp_path
) -> None:
    """Checksums and counts fit; only the server sees an end in the middle."""
    before = left_behind()
    path = changed(acme_file, tmp_path / "x", end_of_data)
    with pytest.raises(ApplicationError) as caught:
        into(path, slug="cut-short")
    assert caught.value.code == "import_failed"
    assert caught.value.extra["cause"] == "archive_shape"
    assert left_behind() == before


def test_prt_5_a_row_that_fits_no_table_leaves_nothing(acme_file, tmp_path) -> None:
    before = left_behind()

    def alien(content: Entries) -> None:
        replace_table(content, "leave_leaverequest", b"bob@globex.test\tsecret\n")

    path = changed(acme_file, tmp_path / "x", alien)
    with pytest.raises(ApplicationError) as caught:
        into(path, slug="alien")
    assert caught.value.code == "import_failed"
    assert "globex" not in caught.value.detail
    assert left_behind() == before


def test_a_row_that_points_to_nothing_leaves_nothing(acme_file, tmp_path) -> None:
    before = left_behind()

    def lose_people(content: Entries) -> None:
        replace_table(content, "accounts_user", b"")

    path = changed(acme_file, tmp_path / "x", lose_people)
    with pytest.raises(ApplicationError):
        into(path, slug="pointless")
    assert left_behind() == before


# Signatures


@pytest.fixture
def key(tmp_path) -> tuple[Path, str]:
    """Return the file of a private key, and the public one as a setting."""
    made = Ed25519PrivateKey.generate()
    path = tmp_path / "key.pem"
    path.write_bytes(
        made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    public = base64.b64encode(made.public_key().public_bytes_raw()).decode()
    return path, public


@pytest.fixture
def signed(world, tmp_path, key) -> Path:
    path = tmp_path / "signed.tenantry"
    export(tenant("acme"), output=path, by="tests", key=signature.private_key(key[0]))
    return path


def test_prt_5_a_signature_is_asked_for_where_keys_are_known(
    acme_file, signed, tmp_path, key, settings
) -> None:
    settings.TENANT_EXPORT_KEYS = [key[1]]
    decided(signed, Wish(slug="signed-copy"), by="tests")
    assert refusal(acme_file) == "archive_signature"
    # Whoever changes it can write checksums, and not the signature.
    changed(signed, tmp_path / "x", with_manifest(lambda m: m.update(product="mine")))
    assert refusal(tmp_path / "x") in {"archive_signature", "archive_checksum"}
    settings.TENANT_EXPORT_KEYS = [
        base64.b64encode(
            Ed25519PrivateKey.generate().public_key().public_bytes_raw()
        ).decode()
    ]
    assert refusal(signed) == "archive_signature"


def test_a_key_of_another_kind_is_refused(tmp_path) -> None:
    (tmp_path / "key").write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n")
    for path in (tmp_path / "key", tmp_path / "none"):
        with pytest.raises(ApplicationError) as caught:
            signature.private_key(path)
        assert caught.value.code == "key_unusable"


# Damage at random


@pytest.mark.parametrize("seed", range(4))
def test_prt_5_a_damaged_archive_is_refused_or_the_same(
    acme_file, tmp_path, seed
) -> None:
    """Flipped bits anywhere: never a traceback, never other data."""
    dice = random.Random(seed)
    whole = acme_file.read_bytes()
    good = entries(acme_file)
    for _round in range(60):
        body = bytearray(whole)
        for _flip in range(dice.choice((1, 1, 3, 20))):
            body[dice.randrange(len(body))] ^= 1 << dice.randrange(8)
        (tmp_path / "x").write_bytes(body)
        with (
            suppress(ArchiveRefused, ArchiveForeign),
            reading.opened(tmp_path / "x") as archive,
        ):
            archive.verify()
            for part in archive.manifest.parts:
                assert b"".join(archive.blocks(part)) == good[part.entry]


# What is promised


@pytest.fixture
def agreed(world) -> Iterator[Plan]:
    """Put acme on a plan, with a quota and a feature of its own."""
    with use_control():
        plan = Plan.objects.create(code="gold", name="Gold")
        acme = Tenant.objects.get(slug="acme")
        choosing.put_on(acme, plan, by="tests")
        acme.own_quotas.create(resource="seats", limit=1_000_000)
        acme.own_features.create(code="everything")
    yield plan
    with use_control():
        acme.own_quotas.all().delete()
        acme.own_features.all().delete()
        Tenant.objects.filter(plan=plan).update(plan=None)
        plan.delete()


def promised(of: Tenant) -> tuple[str | None, int, int]:
    with use_control():
        row = Tenant.objects.select_related("plan").get(pk=of.pk)
        features, quotas = row.own_features.count(), row.own_quotas.count()
    return row.plan.code if row.plan else None, quotas, features


def test_a_file_that_anybody_may_have_written_brings_no_plan(agreed, tmp_path) -> None:
    out("acme", tmp_path / "gold.tenantry")
    copy = into(tmp_path / "gold.tenantry", slug="no-gold")
    assert promised(copy) == (None, 0, 0)


def test_a_signed_file_and_a_clone_bring_what_was_agreed(
    agreed, signed, key, settings
) -> None:
    settings.TENANT_EXPORT_KEYS = [key[1]]
    assert promised(into(signed, slug="signed-gold")) == ("gold", 1, 1)
    settings.TENANT_EXPORT_KEYS = []
    ended = clone(tenant("acme"), slug="cloned-gold", by="tests")
    with use_control():
        assert promised(Tenant.objects.get(uuid=ended.tenant_uuid)) == ("gold", 1, 1)
