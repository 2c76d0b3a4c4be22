"""The routes of the public site that belong to tenants."""

from django.urls import path

from tenants import views

app_name = "tenants"
urlpatterns = [
    path("signup/", views.ask, name="signup"),
    path("signup/suggestion/", views.suggest, name="suggestion"),
    path("signup/note/", views.slug_note, name="note"),
    path("signup/verify/", views.verify, name="verify"),
    path("signup/<uuid:signup_id>/", views.progress, name="progress"),
    path("signup/<uuid:signup_id>/address/", views.choose, name="choose"),
    path("signup/<uuid:signup_id>/open/", views.enter, name="enter"),
    path("find/", views.find, name="find"),
]
