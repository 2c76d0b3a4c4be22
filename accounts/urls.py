"""The account pages of a tenant's site, under /accounts/."""

from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("sign-in", views.sign_in_page, name="sign-in"),
    path("sign-out", views.sign_out, name="sign-out"),
    path("register", views.register, name="register"),
    path("verify", views.verify, name="verify"),
    path("forgot", views.forgot, name="forgot"),
    path("reset-code", views.reset_code, name="reset-code"),
    path("new-password", views.new_password, name="new-password"),
    path("set-password", views.set_password, name="set-password"),
]
