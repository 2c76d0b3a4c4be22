from fleet_ours.service import Service as Ours


class Service(Ours):
    #: What the owner of a new workspace is shown first.
    page = "/accounts/sign-in"
