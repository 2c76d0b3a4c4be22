"""The account pages of a tenant's site, under /accounts/."""

from django.urls import path

from accounts.pages import (
    branding,
    branding_mails,
    branding_reply_to,
    entry,
    events,
    mails,
    settings,
)

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
    path("branding", branding.index, name="branding"),
    path("branding/preview", branding.preview, name="branding-preview"),
    path("branding/preview.css", branding.preview_css, name="branding-preview-css"),
    path("branding/logo/<slug:variant>", branding.logo, name="branding-logo"),
    path("branding/reply-to", branding_reply_to.ask, name="branding-reply-to"),
    path(
        "branding/reply-to/code",
        branding_reply_to.code,
        name="branding-reply-to-code",
    ),
    path("branding/mail/<slug:mail>", branding_mails.show_mail, name="branding-mail"),
    path(
        "branding/mail/<slug:mail>/html",
        branding_mails.mail_html,
        name="branding-mail-html",
    ),
]
