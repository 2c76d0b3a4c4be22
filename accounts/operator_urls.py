"""The account pages of the public host, for operators.

They sign in and out, find a new password, and guard their own account. Registration,
invitations, people, tokens and branding belong to tenants and are not found here.
"""

from django.urls import path

from accounts.pages import confirm, devices, entry, security, settings

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
    path("forgot", entry.forgot, name="forgot"),
    path("reset-code", entry.reset_code, name="reset-code"),
    path("new-password", entry.new_password, name="new-password"),
]
