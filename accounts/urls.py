"""The account pages of a tenant's site, under /accounts/."""

from django.urls import path

from accounts.pages import (
    acceptance,
    confirm,
    devices,
    entry,
    events,
    invitations,
    people,
    person,
    profile,
    security,
    service_accounts,
    settings,
    tokens,
)

app_name = "accounts"
urlpatterns = [
    path("", settings.index, name="settings"),
    path("security", security.security, name="security"),
    path("security/authenticator", security.authenticator, name="authenticator"),
    path(
        "security/authenticator/<int:device_id>/remove",
        security.remove_authenticator,
        name="remove-authenticator",
    ),
    path("security/recovery-codes", security.recovery_codes, name="recovery-codes"),
    path("devices", devices.devices, name="devices"),
    path("confirm", confirm.confirm, name="confirm"),
    path("sign-in", entry.sign_in_page, name="sign-in"),
    path("sign-in/second-factor", entry.second_factor, name="second-factor"),
    path("sign-out", entry.sign_out, name="sign-out"),
    path("register", entry.register, name="register"),
    path("verify", entry.verify, name="verify"),
    path("forgot", entry.forgot, name="forgot"),
    path("reset-code", entry.reset_code, name="reset-code"),
    path("new-password", entry.new_password, name="new-password"),
    path("profile", profile.own, name="profile"),
    path("profile/address", profile.new_address, name="new-address"),
    path("people", people.people, name="people"),
    path("people/new", people.new, name="person-new"),
    path("people/<int:user_id>", person.person, name="person"),
    path("invitations", invitations.pending, name="invitations"),
    path("invitations/new", invitations.new, name="invitation-new"),
    path("invitation", acceptance.invitation, name="invitation"),
    path("events", events.events, name="events"),
    path("set-password", entry.set_password, name="set-password"),
    path("tokens", tokens.index, name="tokens"),
    path("tokens/new", tokens.make, name="token-new"),
    path("tokens/<int:token_id>", tokens.detail, name="token"),
    path("tokens/<int:token_id>/rotate", tokens.rotate, name="token-rotate"),
    path("tokens/<int:token_id>/revoke", tokens.revoke, name="token-revoke"),
    path(
        "tokens/service-accounts/new",
        service_accounts.make,
        name="service-account-new",
    ),
    path(
        "tokens/service-accounts/<int:account_id>",
        service_accounts.detail,
        name="service-account",
    ),
    path(
        "tokens/service-accounts/<int:account_id>/deactivate",
        service_accounts.deactivate,
        name="service-account-deactivate",
    ),
]
