from desk.views import desk
from django.urls import path

urlpatterns = [path("desk/<int:number>", desk)]
