"""Both admins: whose they are, who may enter, and the way in, about and out."""

import re

import pytest

from accounts.models import TenantBranding
from accounts.operators import create
from tenants.context import use, use_control
from tests import twins

SIGN_IN = "/accounts/sign-in"


@pytest.fixture
def operator(visitor, db):
    with use_control():
        create(
            username="operator",
            email="operator@tenantry.test",
            password=twins.PASSWORD,
        )
    client = visitor("localhost")
    client.post(SIGN_IN, {"username": "operator", "password": twins.PASSWORD})
    return client


def page_title(answer) -> str:
    found = re.search(r"<title>(.*?)</title>", answer.text, re.DOTALL)
    return " ".join(found[1].split())


def links(answer) -> set[str]:
    return set(re.findall(r'href="(/admin/[^"?#]*)"', answer.text))


def test_an_admin_page_is_titled_with_the_name_of_its_tenant(browser_of):
    client = browser_of("admin")
    title = page_title(client.get("/admin/"))
    assert title == "Overview · Administration · Acme"
    title = page_title(client.get("/admin/accounts/user/"))
    assert title == "People · Administration · Acme"
    other = browser_of("admin", "globex.localhost").get("/admin/")
    assert page_title(other) == "Overview · Administration · Globex"


def test_an_admin_page_is_in_the_colours_of_its_tenant(browser_of, acme):
    page = browser_of("admin").get("/admin/").text
    address = re.search(r'href="(/branding\.css\?v=[^"]+)"', page)[1]
    with use(acme):
        accent = TenantBranding.objects.get().accent
    assert accent in browser_of("admin").get(address).text


@pytest.mark.parametrize("path", ["/admin/", "/admin/tenants/tenant/"])
def test_every_page_of_the_operators_says_so(operator, path):
    page = operator.get(path)
    assert page.status_code == 200
    assert page_title(page).endswith(" · Operator console · Tenantry")
    header = page.text.split('id="header-inner"')[1]
    assert "Operator console" in header
    assert "config/operators.css" in page.text


def test_a_page_of_a_tenant_does_not_look_like_the_operators(browser_of):
    page = browser_of("admin").get("/admin/").text
    assert "Operator console" not in page
    assert "config/operators.css" not in page


@pytest.mark.parametrize("host", ["acme.localhost", "localhost"])
@pytest.mark.parametrize("path", ["/admin/", "/admin/accounts/user/?role=member"])
def test_the_way_in_is_the_sign_in_page_of_all_others(visitor, host, path):
    answer = visitor(host).get(path, follow=True)
    assert answer.redirect_chain[-1][0].startswith(f"{SIGN_IN}?next=/admin/")
    assert answer.status_code == 200
    assert "django" not in answer.text.lower().replace("django_htmx", "").replace(
        "django-htmx", ""
    )


def test_signing_in_leads_to_the_page_of_the_admin_that_was_asked_for(visitor, db):
    client = visitor()
    asked = client.get("/admin/accounts/user/?role=member", follow=True)
    wanted = re.search(r'name="next" value="([^"]+)"', asked.text)[1]
    answer = client.post(
        SIGN_IN,
        {"username": "admin", "password": twins.PASSWORD, "next": wanted},
        follow=True,
    )
    assert answer.redirect_chain[-1][0] == "/admin/accounts/user/?role=member"
    assert answer.status_code == 200


@pytest.mark.parametrize("who", ["alice", "bob", "carol"])
@pytest.mark.parametrize("path", ["/admin/", "/admin/login/", "/admin/workflow/timer/"])
def test_a_member_is_refused_and_not_sent_in_circles(browser_of, who, path):
    assert browser_of(who).get(path, follow=True).status_code == 403


def test_the_login_page_leads_on_who_is_in_and_never_elsewhere(browser_of):
    client = browser_of("admin")
    assert client.get("/admin/login/")["Location"] == "/admin/"
    away = client.get("/admin/login/?next=//evil.example/")
    assert "evil.example" not in away["Location"]


def test_the_way_out_is_the_sign_out_of_all_other_pages(browser_of):
    client = browser_of("admin")
    assert f'action="{SIGN_IN[:-2]}out"' in client.get("/admin/").text
    assert client.get("/admin/logout/").status_code == 405
    assert client.post("/admin/logout/")["Location"] == SIGN_IN
    assert client.get("/admin/").status_code == 302


@pytest.mark.parametrize("path", ["password_change/", "password_change/done/"])
def test_no_password_is_changed_past_the_rules_of_accounts(browser_of, path):
    assert browser_of("admin").get(f"/admin/{path}").status_code == 404


def test_each_link_of_a_tenants_first_page_opens(browser_of):
    client = browser_of("admin")
    found = links(client.get("/admin/"))
    assert len(found) > 12
    for path in sorted(found):
        assert client.get(path).status_code == 200, path


def test_each_link_of_the_operators_first_page_opens(operator):
    found = links(operator.get("/admin/"))
    assert "/admin/tenants/tenant/" in found
    assert "/admin/accounts/tenantbranding/" not in found
    assert "/admin/auth/group/" not in found
    for path in sorted(found):
        assert operator.get(path).status_code == 200, path


#: What operators make in their console.
MADE_THERE = {
    "/admin/tenants/plan/",
    "/admin/tenants/tenantquota/",
    "/admin/tenants/tenantfeature/",
}


def test_no_list_of_either_admin_has_a_link_to_add_a_row(browser_of, operator):
    for client in (browser_of("admin"), operator):
        for path in sorted(links(client.get("/admin/")) - MADE_THERE):
            page = client.get(path)
            assert f"{path}add/" not in page.text, path


def test_the_first_page_counts_and_leads_to_what_it_counted(browser_of, acme, admin):
    from datetime import timedelta

    from kernel import clock
    from leave.requests import ask_for_leave
    from workflow.models import ProcessInstance

    with use(acme):
        start = clock.now().date() + timedelta(days=30)
        ask_for_leave(kind="holiday", start=start, end=start, reason="", by=admin)
        running = ProcessInstance.objects.filter(status="running").count()
    assert running > 0
    client = browser_of("admin")
    page = client.get("/admin/").text
    figure = re.search(
        r'<dt>Running instances</dt><dd><a href="([^"]+)">(\d+)</a>', page
    )
    assert int(figure[2]) == running
    shown = client.get(figure[1])
    assert shown.context["cl"].result_count == running


def test_the_branding_is_changed_on_its_page_and_not_around_its_rules(browser_of, acme):
    client = browser_of("admin")
    path = "/admin/accounts/tenantbranding/1/change/"
    assert client.get(path).status_code == 200
    form = {"name": "Acme", "accent": "#ffff00", "reply_to": "nobody@x.test"}
    assert client.post(path, form).status_code == 403
    with use(acme):
        assert TenantBranding.objects.get().reply_to == []
