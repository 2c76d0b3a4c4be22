"""L17: a file or an export of a tenant that can be reached from another host.

Exports, which the class also names, do not exist yet: they will be files of the
tenant, with the addresses that are proved here.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage

from accounts import operators
from tenants import files, signing
from tenants.context import TenantInfo, current_tenant, use, use_control
from tenants.models import Domain, Tenant
from tests.twins import PASSWORD

ACME, GLOBEX, PUBLIC = "acme.localhost", "globex.localhost", "localhost"
SECRET = b"The secret of acme."


@pytest.fixture(autouse=True)
def media(settings, tmp_path, acme, globex) -> Path:
    """Give both tenants a file under the same name."""
    settings.MEDIA_ROOT = tmp_path / "media"
    for tenant in (acme, globex):
        with use(tenant):
            text = SECRET.replace(b"acme", tenant.slug.encode())
            default_storage.save("letters/x.txt", ContentFile(text))
    return Path(settings.MEDIA_ROOT)


@pytest.fixture
def url(acme) -> str:
    return address(acme)


def address(tenant: TenantInfo, name: str = "letters/x.txt") -> str:
    with use(tenant):
        return "/files/" + default_storage.url(name).rpartition("/")[2]


def fetch(client: Any, path: str) -> tuple[int, bytes]:
    answer = client.get(path)
    return answer.status_code, answer.getvalue()


def refused(client: Any, path: str) -> bool:
    """Tell whether the answer is a 404 like any other, with nothing of the file."""
    answer = client.get(path)
    body = answer.getvalue()
    return (
        answer.status_code == 404
        and SECRET not in body
        and b"x.txt" not in body
        and "Content-Disposition" not in answer.headers
    )


def test_people_of_the_tenant_get_the_file(browser_of, url) -> None:
    assert fetch(browser_of("bob"), url) == (200, SECRET)


def test_a_stranger_gets_nothing(visitor, url) -> None:
    assert refused(visitor(ACME), url)


def test_people_of_another_tenant_get_nothing(browser_of, url) -> None:
    assert refused(browser_of("mallory", GLOBEX), url)
    assert refused(browser_of("bob", GLOBEX), url)


def test_a_session_of_another_tenant_opens_no_file(visitor, browser_of, url) -> None:
    client = visitor(ACME)
    client.cookies["sessionid"] = browser_of("bob", GLOBEX).cookies["sessionid"].value
    assert refused(client, url)


def test_the_public_site_serves_no_files(visitor, url) -> None:
    with use_control():
        operators.create(
            username="operator", email="operator@tenantry.test", password=PASSWORD
        )
    console = visitor(PUBLIC)
    assert refused(console, url)
    sent = {"username": "operator", "password": PASSWORD}
    assert console.post("/accounts/sign-in", sent).status_code == 302
    assert refused(console, url)


def test_an_address_is_good_on_one_host_of_the_tenant(browser_of, acme, url) -> None:
    """A name that led to the tenant yesterday may be somebody else's tomorrow."""
    with use(acme):
        value = {"name": "letters/x.txt", "host": "old.acme.example"}
        elsewhere = "/files/" + signing.dumps(value, salt=files.SALT)
    assert refused(browser_of("bob"), elsewhere)
    assert fetch(browser_of("bob"), url) == (200, SECRET)


def test_an_address_ends_with_the_primary_domain_that_it_was_made_for(
    browser_of, acme, url
) -> None:
    browser = browser_of("bob")
    assert fetch(browser, url) == (200, SECRET)
    with use_control():
        tenant = Tenant.objects.get(uuid=acme.uuid)
        now = tenant.created_at
        Domain.objects.filter(tenant=tenant).update(is_primary=False)
        Domain.objects.create(
            tenant=tenant,
            domain="acme.example",
            kind="custom",
            is_primary=True,
            verified_at=now,
        )
    answer = browser.get(url)
    assert answer.status_code == 301
    assert answer["Location"] == f"http://acme.example:8000{url}"
    assert refused(browser_of("bob", "acme.example"), url)


@pytest.mark.parametrize("number", ["generation", "uuid"])
def test_an_address_ends_with_what_the_tenant_was(browser_of, acme, number) -> None:
    other = {"generation": acme.generation + 1, "uuid": uuid4()}[number]
    url = address(replace(acme, **{number: other}))
    assert refused(browser_of("bob"), url)


def changed(url: str) -> list[str]:
    head, _, signed = url.rpartition("/")
    value, stamp, signature = signed.split(":")
    other = signing.base.b64_encode(
        b'{"name":"../globex/letters/x.txt","host":"acme.localhost"}'
    ).decode()
    parts = [
        f"{other}:{stamp}:{signature}",
        f"{value}:{stamp[:-1]}0:{signature}",
        f"{value}:{stamp}:{signature[:-1]}A",
        f"{value}:{stamp}:",
        f"{value}:{stamp}",
        value,
        f".{signed}",
        f"{signed}x",
        "letters",
        "%2e%2e",
        "%00",
        "%ff",
        "x" * 5000,
    ]
    return [f"{head}/{part}" for part in parts]


def test_an_address_that_was_changed_is_good_for_nothing(browser_of, url) -> None:
    browser = browser_of("bob")
    for other in changed(url):
        if other != url:
            assert refused(browser, other), other


@pytest.mark.parametrize(
    "path",
    [
        "/files/",
        "/files",
        "/files/letters/x.txt",
        "/files/../media/letters/x.txt",
        "/media/letters/x.txt",
        "/static/../media/letters/x.txt",
    ],
)
def test_no_path_leads_to_a_file(browser_of, acme, path: str) -> None:
    browser = browser_of("bob")
    assert refused(browser, path)
    assert refused(browser, path.replace("letters", f"{acme.storage_prefix}/letters"))


@pytest.mark.parametrize("name", ["gone.txt", "letters", "n" * 300, "letters/x.txt/y"])
def test_an_address_of_no_file_looks_like_any_other(
    browser_of, acme, name: str
) -> None:
    assert refused(browser_of("bob"), address(acme, name))


def test_no_name_leads_out_of_the_tenants_files(browser_of, acme, globex) -> None:
    """Signed by the tenant itself: what a view might be talked into signing."""
    browser = browser_of("bob")
    for name in (
        f"../{globex.storage_prefix}/letters/x.txt",
        f"letters/../../{globex.storage_prefix}/letters/x.txt",
        "/etc/passwd",
        f"..\\{globex.storage_prefix}\\letters\\x.txt",
        "letters/x.txt\x00.png",
    ):
        with use(acme), pytest.raises(SuspiciousFileOperation):
            default_storage.url(name)
        with use(acme):
            signed = signing.dumps({"name": name, "host": ACME}, salt=files.SALT)
        assert refused(browser, f"/files/{signed}")


def test_a_link_in_the_tenants_files_leads_nowhere(
    browser_of, acme, globex, media
) -> None:
    theirs = media / globex.storage_prefix / "letters" / "x.txt"
    (media / acme.storage_prefix / "letters" / "y.txt").symlink_to(theirs)
    assert refused(browser_of("bob"), address(acme, "letters/y.txt"))


def test_the_same_name_is_another_file_at_each_tenant(browser_of, globex) -> None:
    answer = fetch(browser_of("mallory", GLOBEX), address(globex))
    assert answer == (200, b"The secret of globex.")


# With the defences off, the leaks show


def test_a_signature_without_the_tenant_would_be_good_at_another(
    browser_of, acme, url, monkeypatch
) -> None:
    monkeypatch.setattr(signing, "bound", lambda salt: salt)
    monkeypatch.setattr(files, "host_in", lambda _raw: "")
    status, body = fetch(browser_of("mallory", GLOBEX), address(acme))
    assert (status, body) == (200, b"The secret of globex.")
    assert refused(browser_of("mallory", GLOBEX), url)


def test_a_storage_without_the_prefix_would_serve_another_tenants_file(
    browser_of, globex, media, monkeypatch
) -> None:
    monkeypatch.setattr(files, "default_storage", FileSystemStorage(media))
    with use(globex):
        host = current_tenant().primary_domain
        name = next(str(p.relative_to(media)) for p in media.rglob("x.txt"))
        signed = signing.dumps({"name": name, "host": host}, salt=files.SALT)
    client = browser_of("mallory", GLOBEX)
    assert fetch(client, f"/files/{signed}")[0] == 200
