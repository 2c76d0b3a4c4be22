"""A password hash of an older cost is renewed at the next sign-in."""

from django.contrib.auth.hashers import Argon2PasswordHasher

from accounts import passwords
from accounts.models import User
from tenants.context import use
from tests import twins


def test_a_person_whose_hash_is_renewed_stays_signed_in(acme, alice, browser_of):
    hasher = Argon2PasswordHasher()
    old = hasher.encode(passwords.prepare(twins.PASSWORD), hasher.salt())
    with use(acme):
        User.objects.filter(pk=alice.pk).update(password=old)
    browser = browser_of("alice")
    with use(acme):
        renewed = User.objects.get(pk=alice.pk).password
    assert renewed.startswith("argon2$argon2id$")
    assert renewed != old
    assert browser.get("/workflow/mywork/").status_code == 200
