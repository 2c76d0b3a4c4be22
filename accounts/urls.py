"""The account pages of a tenant's site, under /accounts/."""

from django.urls import path

from accounts.pages import entry, events, mails, settings

app_name = "accounts"
urlpatterns = [
    path("", settings.index, name="settings"),
    path("sign-in", entry.sign_in_page, name="sign-in"),
    path("sign-in/second-factor", entry.second_factor, name="second-factor"),
    path("sign-out", entry.sign_out, name="sign-out"),
    path("register", entry.register, name="register"),
    path("verify", entry.verify, name="verify"),
    path("forgot", entry.forgot, name="forgot"),
    path("reset-code", entry.reset_code, name="reset-code"),
    path("new-password", entry.new_password, name="new-password"),
    path("events", events.events, name="events"),
    path("set-password", entry.set_password, name="set-password"),
    path("mail", mails.listing, name="mail"),
    path("mail/<int:mail_id>/again", mails.again, name="mail-again"),
]
