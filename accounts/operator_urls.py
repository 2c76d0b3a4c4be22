"""The account pages of the public host, for operators.

They sign in and out, find a new password, and guard their own account. Registration,
invitations, people, tokens and branding belong to tenants and are not found here.
"""

from accounts.urls import OWN

app_name = "accounts"
urlpatterns = OWN
