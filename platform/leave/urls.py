"""The pages of the leave app, under /leave/."""

from django.urls import path

from leave import views

app_name = "leave"

urlpatterns = [
    path("", views.mine, name="list"),
    path("new/", views.new, name="new"),
    path("<int:leave_id>/", views.show, name="request"),
    path("<int:leave_id>/correct/", views.correct, name="correct"),
    path("<int:leave_id>/withdraw/", views.withdraw, name="withdraw"),
]
