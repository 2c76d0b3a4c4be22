"""The account pages of the public host: operators sign in and out, and nothing else."""

from django.urls import path

from accounts.pages import entry

app_name = "accounts"
urlpatterns = [
    path("sign-in", entry.sign_in_page, name="sign-in"),
    path("sign-in/second-factor", entry.second_factor, name="second-factor"),
    path("sign-out", entry.sign_out, name="sign-out"),
]
