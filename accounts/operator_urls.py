"""The account pages of the public host, for operators.

They sign in and out, find a new password, and guard their own account. Registration,
invitations, people, tokens and branding belong to tenants and are not found here.
"""

from django.urls import path

from accounts.pages import devices, recovery, security, settings, sign_in

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
    path("sign-in", sign_in.sign_in_page, name="sign-in"),
    path("sign-in/second-factor", sign_in.second_factor, name="second-factor"),
    path("sign-out", sign_in.sign_out, name="sign-out"),
    path("forgot", recovery.forgot, name="forgot"),
    path("reset-code", recovery.reset_code, name="reset-code"),
    path("new-password", recovery.new_password, name="new-password"),
]
