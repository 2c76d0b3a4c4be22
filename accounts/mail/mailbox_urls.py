"""The development mailbox; mounted only where DEBUG and DEVELOPMENT_MODE are on."""

from django.urls import path

from accounts.mail import mailbox_views as views

app_name = "mailbox"
urlpatterns = [
    path("mailbox.json", views.as_json, name="json"),
    path("mailbox/", views.inbox, name="inbox"),
    path("mailbox/<slug:letter_id>/", views.message, name="message"),
    path("mailbox/<slug:letter_id>/html", views.html, name="html"),
]
