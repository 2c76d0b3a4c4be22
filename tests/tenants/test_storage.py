"""Files: each name is its tenant's own, and each address good for it alone.

Spec 2.3, row "Storage".
"""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile
from django.core.files.storage import (
    InMemoryStorage,
    default_storage,
    storages,
)
from django.db import models
from django.http import FileResponse
from django.test import Client
from django.test.utils import isolate_apps
from hypothesis import HealthCheck, given
from hypothesis import settings as rules
from hypothesis import strategies as st

from kernel import clock
from tenants import files, hosts
from tenants.context import NoTenantError, TenantInfo, current_or_none, use, use_control
from tenants.safe_settings import safe_settings
from tenants.stamp import WrongTenantError
from tenants.storage import ControlStorage, TenantStorage

ACME, GLOBEX = "acme.localhost", "globex.localhost"


@pytest.fixture(autouse=True)
def media(settings, tmp_path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return Path(settings.MEDIA_ROOT)


@pytest.fixture(params=["files", "objects"])
def storage(request) -> TenantStorage:
    """Return the storage around files, and around another kind of storage."""
    if request.param == "files":
        return TenantStorage()
    return TenantStorage(
        inner={"BACKEND": "django.core.files.storage.InMemoryStorage", "OPTIONS": {}}
    )


def put(storage: Any, tenant: TenantInfo, name: str, text: str) -> str:
    with use(tenant):
        return storage.save(name, ContentFile(text.encode()))


def read(storage: Any, tenant: TenantInfo, name: str) -> str:
    with use(tenant), storage.open(name) as file:
        return file.read().decode()


# Names and prefixes


def test_the_default_storage_knows_tenants(media, acme) -> None:
    name = put(default_storage, acme, "letters/offer.txt", "of acme")
    assert name == "letters/offer.txt"
    kept = media / acme.storage_prefix / name
    assert kept.read_text() == "of acme"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.parent.stat().st_mode & 0o777 == 0o700
    with use(acme):
        assert default_storage.path(name) == str(kept)


def test_the_same_name_is_another_file_at_each_tenant(storage, acme, globex) -> None:
    for tenant in (acme, globex):
        assert put(storage, tenant, "a/x.txt", tenant.slug) == "a/x.txt"
    assert read(storage, acme, "a/x.txt") == "acme"
    assert read(storage, globex, "a/x.txt") == "globex"
    with use(globex):
        storage.delete("a/x.txt")
        assert not storage.exists("a/x.txt")
    assert read(storage, acme, "a/x.txt") == "acme"


def test_a_name_that_is_taken_becomes_another_one(storage, acme) -> None:
    first, second = (put(storage, acme, "a/x.txt", word) for word in ("1", "2"))
    assert (first, first == second) == ("a/x.txt", False)
    assert second.startswith("a/x_")
    assert read(storage, acme, second) == "2"


def test_a_list_holds_the_tenants_own_names(storage, acme, globex) -> None:
    put(storage, acme, "a/x.txt", "1")
    put(storage, acme, "y.txt", "12")
    with use(globex):
        assert storage.listdir("") == ([], [])
        with pytest.raises(FileNotFoundError):
            storage.listdir("a")
    with use(acme):
        assert storage.listdir("") == (["a"], ["y.txt"])
        assert storage.listdir(".") == (["a"], ["y.txt"])
        assert storage.listdir("a") == ([], ["x.txt"])
        assert storage.size("y.txt") == 2
        for times in ("accessed", "created", "modified"):
            at = getattr(storage, f"get_{times}_time")("y.txt")
            assert at.tzinfo is not None


OPERATIONS = {
    "open": lambda s, name: s.open(name),
    "open to write": lambda s, name: s.open(name, "wb"),
    "save": lambda s, name: s.save(name, ContentFile(b"")),
    "delete": lambda s, name: s.delete(name),
    "exists": lambda s, name: s.exists(name),
    "listdir": lambda s, name: s.listdir(name),
    "size": lambda s, name: s.size(name),
    "path": lambda s, name: s.path(name),
    "url": lambda s, name: s.url(name),
    "accessed": lambda s, name: s.get_accessed_time(name),
    "created": lambda s, name: s.get_created_time(name),
    "modified": lambda s, name: s.get_modified_time(name),
}
#: No file name anywhere.
NO_NAMES = [
    "..",
    "../x",
    "a/../../x",
    "a/..",
    "/etc/passwd",
    "//host/x",
    "a//b",
    "a/",
    "./x",
    "a\\b",
    "..\\x",
    "a\x00b",
    "a\nb",
    "a\x7fb",
    "\ud800",
]


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_without_a_tenant_there_are_no_files(storage, name: str) -> None:
    with pytest.raises(NoTenantError):
        OPERATIONS[name](storage, "x.txt")
    with use_control(), pytest.raises(NoTenantError):
        OPERATIONS[name](storage, "x.txt")


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_no_operation_takes_what_is_no_name(
    media, storage, in_acme, globex, name: str
) -> None:
    beside = media / globex.storage_prefix / "x.txt"
    beside.parent.mkdir(parents=True)
    beside.write_text("of globex")
    for wrong in [*NO_NAMES, f"../{globex.storage_prefix}/x.txt", str(beside)]:
        with pytest.raises(SuspiciousFileOperation):
            OPERATIONS[name](storage, wrong)
    assert beside.read_text() == "of globex"
    assert [path for path in media.rglob("*") if path.is_file()] == [beside]


@pytest.mark.parametrize("name", ["open", "open to write", "save", "delete", "url"])
def test_an_empty_name_is_no_name(storage, in_acme, name: str) -> None:
    with pytest.raises(SuspiciousFileOperation):
        OPERATIONS[name](storage, "")


@given(name=st.text(alphabet="./\\ax\x00%~", min_size=1, max_size=12))
@rules(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
def test_every_name_stays_below_the_prefix_or_is_refused(
    media, in_acme, name: str
) -> None:
    root = media / in_acme.storage_prefix
    try:
        path = Path(TenantStorage().path(name))
    except SuspiciousFileOperation:
        return
    assert path.is_relative_to(root)
    assert path == root / name


@pytest.mark.parametrize("name", sorted(OPERATIONS))
@pytest.mark.parametrize("kind", ["file", "folder", "prefix"])
def test_no_operation_follows_a_link(
    media, in_acme, globex, name: str, kind: str
) -> None:
    theirs = media / globex.storage_prefix
    theirs.mkdir(parents=True)
    (theirs / "x.txt").write_text("of globex")
    own = media / in_acme.storage_prefix
    if kind == "prefix":
        own.symlink_to(theirs)
    else:
        own.mkdir()
        (own / "x.txt").symlink_to(theirs / "x.txt")
        (own / "folder").symlink_to(theirs)
    wanted = "folder/x.txt" if kind == "folder" else "x.txt"
    if name == "url":
        assert files.name_in(signed_part(default_storage.url(wanted)), host=ACME)
        return  # an address is made of a name alone; who asks for it gets no file
    with pytest.raises(SuspiciousFileOperation):
        OPERATIONS[name](TenantStorage(), wanted)
    assert (theirs / "x.txt").read_text() == "of globex"
    assert [path.name for path in theirs.iterdir()] == ["x.txt"]


@pytest.mark.parametrize("prefix", ["", "control", "..", "a/b", "/a", "a\\b", "."])
def test_a_wrong_prefix_is_refused(storage, acme, prefix: str) -> None:
    with use(replace(acme, storage_prefix=prefix)):
        for work in OPERATIONS.values():
            with pytest.raises(SuspiciousFileOperation):
                work(storage, "x.txt")


def test_a_tenant_that_is_moved_finds_its_files_under_the_same_names(
    media, acme
) -> None:
    name = put(default_storage, acme, "a/x.txt", "of acme")
    (media / acme.storage_prefix).rename(media / "elsewhere")
    assert read(default_storage, replace(acme, storage_prefix="elsewhere"), name) == (
        "of acme"
    )


def test_a_storage_that_puts_a_file_elsewhere_is_refused(in_acme, monkeypatch) -> None:
    storage = TenantStorage()
    monkeypatch.setattr(storage.inner, "save", lambda *_: "somewhere/x.txt")
    with pytest.raises(SuspiciousFileOperation):
        storage.save("x.txt", ContentFile(b""))


# The control plane


def test_the_control_plane_has_files_of_its_own_by_name(media, acme) -> None:
    ours = storages["control"]
    assert isinstance(ours, ControlStorage)
    with use_control():
        assert ours.save("x.txt", ContentFile(b"ours")) == "x.txt"
        assert ours.listdir("") == ([], ["x.txt"])
        with pytest.raises(ValueError, match="no address"):
            ours.url("x.txt")
    assert (media / "control" / "x.txt").read_text() == "ours"
    with use(acme), pytest.raises(NoTenantError):
        ours.open("x.txt")
    with pytest.raises(NoTenantError):
        ours.open("x.txt")


# Open files


def test_an_open_file_is_of_no_use_to_another_tenant(storage, acme, globex) -> None:
    put(storage, acme, "x.txt", "of acme")
    with use(acme):
        file = storage.open("x.txt")
    uses = (
        lambda: list(file),
        lambda: list(file.chunks()),
        lambda: file.read(1),
        lambda: file.readline(9),
        lambda: file.seek(0),
        lambda: file.tell,
        lambda: file.size,
    )
    for enter in (lambda: use(globex), use_control):
        with enter():
            for one in uses:
                with pytest.raises(WrongTenantError):
                    one()
    with use(globex):
        with pytest.raises(WrongTenantError):
            storage.save("copy.txt", file)
        assert storage.listdir("") == ([], [])
    with use(acme):
        assert file.read() == b"of acme"
        file.close()


def test_an_open_file_may_be_closed_anywhere(acme, globex) -> None:
    put(default_storage, acme, "x.txt", "of acme")
    with use(acme):
        file = default_storage.open("x.txt")
    with use(globex):
        file.close()
        assert file.closed


def test_a_server_may_send_an_open_file_after_the_request(storage, acme) -> None:
    put(storage, acme, "x.txt", "of acme")
    with use(acme):
        answer = FileResponse(storage.open("x.txt"))
    assert current_or_none() is None
    assert answer["Content-Length"] == "7"
    assert b"".join(answer) == b"of acme"
    answer.close()


def test_a_closed_file_is_opened_again_in_its_tenant(storage, acme, globex) -> None:
    put(storage, acme, "x.txt", "of acme")
    put(storage, globex, "x.txt", "of globex")
    with use(acme):
        file = storage.open("x.txt")
        assert file.read() == b"of acme"
        assert file.open().read() == b"of acme"
        file.close()
        assert file.open().read() == b"of acme"
        file.close()
    with use(globex), pytest.raises(WrongTenantError):
        file.open()


def test_a_file_can_be_written_where_it_lies(storage, acme) -> None:
    put(storage, acme, "x.txt", "old")
    with use(acme):
        with storage.open("x.txt", "wb") as file:
            file.write(b"new")
        assert storage.size("x.txt") == 3
    assert read(storage, acme, "x.txt") == "new"


# Files of rows


@pytest.fixture
def paper() -> Iterator[Any]:
    """Return a model with a file, which has no table."""
    with isolate_apps("leave"):

        class Paper(models.Model):
            file = models.FileField(upload_to="papers")

            class Meta:
                app_label = "leave"

            def __str__(self) -> str:
                return self.file.name

            def save(self, *args: Any, **kwargs: Any) -> None:
                """Keep nothing."""

        yield Paper


def read_from_the_database(paper: Any, name: str) -> Any:
    return paper.objects.raw("SELECT 1 AS id, %s AS file", [name])[0]


def test_a_row_keeps_the_name_without_the_prefix(media, paper, acme) -> None:
    with use(acme):
        one = paper()
        one.file.save("x.txt", ContentFile(b"of acme"))
        assert one.file.name == "papers/x.txt"
        assert one.file.read() == b"of acme"
        one.file.close()
    assert (media / acme.storage_prefix / "papers" / "x.txt").exists()


FIELD_USES = {
    "read": lambda file: file.read(),
    "open": lambda file: file.open(),
    "size": lambda file: file.size,
    "path": lambda file: file.path,
    "url": lambda file: file.url,
    "delete": lambda file: file.delete(),
    "save": lambda file: file.save("y.txt", ContentFile(b"")),
    "chunks": lambda file: list(file.chunks()),
}


@pytest.mark.parametrize("name", sorted(FIELD_USES))
@pytest.mark.parametrize("looked_at", ["before", "after"])
def test_a_file_of_a_row_is_of_no_use_to_another_tenant(
    paper, acme, globex, name: str, looked_at: str
) -> None:
    for tenant in (acme, globex):
        put(default_storage, tenant, "papers/x.txt", f"of {tenant.slug}")
    with use(acme):
        row = read_from_the_database(paper, "papers/x.txt")
        if looked_at == "before":
            assert row.file.name == "papers/x.txt"
    with use(globex):
        with pytest.raises(WrongTenantError):
            FIELD_USES[name](row.file)
        assert default_storage.listdir("papers") == ([], ["x.txt"])
    with pytest.raises(NoTenantError):
        FIELD_USES[name](row.file)
    assert read(default_storage, globex, "papers/x.txt") == "of globex"
    with use(acme):
        assert row.file.read() == b"of acme"
        row.file.close()


def test_an_open_file_of_a_row_stays_its_tenants(paper, acme, globex) -> None:
    put(default_storage, acme, "papers/x.txt", "of acme")
    with use(acme):
        file = read_from_the_database(paper, "papers/x.txt").file
        file.open()
    with use(globex), pytest.raises(WrongTenantError):
        file.read()
    file.close()


def test_a_pickled_row_brings_its_tenant_along(paper, acme, globex) -> None:
    put(default_storage, globex, "papers/x.txt", "of globex")
    with use(acme):
        row = read_from_the_database(paper, "papers/x.txt")
        state = row.file.__getstate__()
    copied = row.file.__class__.__new__(row.file.__class__)
    copied.__setstate__(state)
    with use(globex), pytest.raises(WrongTenantError):
        copied.read()


def test_a_file_that_is_handed_to_a_row_of_another_tenant_is_not_read(
    paper, acme, globex
) -> None:
    put(default_storage, globex, "papers/x.txt", "of globex")
    with use(acme):
        theirs = read_from_the_database(paper, "papers/x.txt").file
    with use(globex):
        row = paper()
        row.file = theirs
        with pytest.raises(WrongTenantError):
            row.file.read()


def test_a_row_of_nobody_uses_the_files_of_whoever_takes_it(paper, acme) -> None:
    row = paper(file="papers/x.txt")
    put(default_storage, acme, "papers/x.txt", "of acme")
    with pytest.raises(NoTenantError):
        row.file.read()
    with use(acme):
        assert row.file.read() == b"of acme"
        row.file.close()


def test_threads_of_two_tenants_keep_to_their_files(acme, globex) -> None:
    from tests.tenants.crowd import together

    barrier = threading.Barrier(4)

    def work(tenant: TenantInfo) -> set[str]:
        seen = set()
        for _round in range(10):
            barrier.wait()
            name = put(default_storage, tenant, "x.txt", tenant.slug)
            barrier.wait()
            seen.add(read(default_storage, tenant, name))
        return seen

    found = together(work, [acme, globex, acme, globex])
    assert found == [{"acme"}, {"globex"}] * 2


# Addresses


def signed_part(url: str) -> str:
    return url.rpartition("/")[2]


@pytest.fixture
def picture(acme, globex) -> str:
    """Put a file into both tenants and return its name."""
    for tenant in (acme, globex):
        put(default_storage, tenant, "a/x.txt", f"of {tenant.slug}")
    return "a/x.txt"


@pytest.fixture
def url(acme, picture) -> str:
    with use(acme):
        return default_storage.url(picture)


def path(url: str) -> str:
    return "/files/" + signed_part(url)


def fetch(browser: Client, url: str) -> tuple[Any, bytes]:
    """Return an answer and the whole of its body."""
    answer = browser.get(path(url))
    return answer, answer.getvalue()


def test_an_address_is_on_the_tenants_own_host(url, acme) -> None:
    assert url.startswith("http://acme.localhost:8000/files/")
    assert acme.storage_prefix not in url


def test_an_address_gives_the_file_to_people_of_the_tenant(browser_of, url) -> None:
    answer, body = fetch(browser_of("bob"), url)
    assert (answer.status_code, body) == (200, b"of acme")
    assert {
        name: answer[name]
        for name in (
            "Content-Disposition",
            "Content-Type",
            "Content-Length",
            "Cache-Control",
            "Content-Security-Policy",
            "Cross-Origin-Resource-Policy",
            "X-Content-Type-Options",
        )
    } == {
        "Content-Disposition": 'attachment; filename="x.txt"',
        "Content-Type": "application/octet-stream",
        "Content-Length": "7",
        "Cache-Control": "private, no-store",
        "Content-Security-Policy": (
            "default-src 'none'; sandbox; frame-ancestors 'none'"
        ),
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("p.png", "image/png"),
        ("p.JPG", "image/jpeg"),
        ("p.gif", "image/gif"),
        ("p.webp", "image/webp"),
        ("p.svg", ""),
        ("p.html", ""),
        ("p.pdf", ""),
        ("p.png.html", ""),
        ("p", ""),
        ("Ünïcode p.png", "image/png"),
        ('quo"te;.html', ""),
    ],
)
def test_only_a_picture_that_holds_no_script_is_shown(
    browser_of, acme, name: str, kind: str
) -> None:
    with use(acme):
        default_storage.save(f"a/{name}", ContentFile(b"x"))
        url = default_storage.url(f"a/{name}")
    answer, _body = fetch(browser_of("bob"), url)
    assert answer.status_code == 200
    assert answer["Content-Type"] == (kind or "application/octet-stream")
    shown = answer["Content-Disposition"].split(";")[0]
    assert shown == ("inline" if kind else "attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_an_address_ends_after_five_minutes(browser_of, acme, picture) -> None:
    browser = browser_of("bob")
    with clock.frozen(datetime(2026, 1, 1, tzinfo=UTC)):
        with use(acme):
            url = default_storage.url(picture)
        clock.advance(timedelta(minutes=5))
        assert fetch(browser, url)[0].status_code == 200
        clock.advance(timedelta(seconds=1))
        assert fetch(browser, url)[0].status_code == 404


def test_only_reading_is_answered(browser_of, url) -> None:
    browser = browser_of("bob")
    head = browser.head(path(url))
    assert (head.status_code, head["Content-Length"]) == (200, "7")
    assert head.getvalue() == b""
    for verb in ("post", "put", "patch", "delete"):
        assert getattr(browser, verb)(path(url)).status_code == 405


def test_no_address_is_given_for_no_file(in_acme) -> None:
    with pytest.raises(ValueError, match="no file"):
        default_storage.url(None)


def test_an_address_of_a_tenant_with_a_domain_of_its_own_leads_there(acme) -> None:
    own = replace(acme, primary_domain="files.acme.example")
    with use(own):
        assert default_storage.url("x.txt").startswith(
            "http://files.acme.example:8000/files/"
        )
        assert hosts.absolute_url("/").startswith("http://files.acme.example")


# The settings


def test_a_storage_that_is_one_for_all_is_an_error_at_start_up(settings) -> None:
    plain = "django.core.files.storage.FileSystemStorage"
    settings.STORAGES = {**settings.STORAGES, "backups": {"BACKEND": plain}}
    assert [error.id for error in safe_settings(None)] == ["tenants.E013"]


def test_a_cache_that_is_one_for_all_is_an_error_at_start_up(settings) -> None:
    plain = "django.core.cache.backends.locmem.LocMemCache"
    settings.CACHES = {**settings.CACHES, "pages": {"BACKEND": plain}}
    assert [error.id for error in safe_settings(None)] == ["tenants.E012"]


def test_a_field_with_a_storage_that_is_one_for_all_is_an_error_at_start_up(
    monkeypatch, paper
) -> None:
    from django.apps import apps

    monkeypatch.setattr(apps, "get_models", lambda: [paper])
    assert safe_settings(None) == []
    monkeypatch.setattr(paper._meta.get_field("file"), "storage", InMemoryStorage())
    assert [error.id for error in safe_settings(None)] == ["tenants.E014"]


def test_a_migration_names_the_storage_and_its_options() -> None:
    inner = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
    assert TenantStorage(inner=inner).deconstruct() == (
        "tenants.storage.TenantStorage",
        (),
        {"inner": inner},
    )
