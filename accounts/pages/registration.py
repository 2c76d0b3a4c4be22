"""Register, and prove the mailbox by the code that was sent there."""

from django.http import HttpRequest, HttpResponse

from accounts import clients, cookies, registration
from accounts.forms import RegisterForm
from accounts.pages import answering, entry, mailed_codes
from kernel.errors import ApplicationError


@entry.page
def register(request: HttpRequest) -> HttpResponse:
    """Take a registration and mail the code."""
    registration.refuse_unless_open()
    form = RegisterForm(answering.posted(request))
    if not answering.is_sent(request, form):
        return entry.show(request, "register", form)
    values = form.cleaned_data
    try:
        entry.refuse_robots(request)
        flow = registration.register(
            email=values["email"],
            first_name=values["first_name"],
            last_name=values["last_name"],
            password=values["password"],
            client=clients.prefix(request),
        )
    except ApplicationError as error:
        return entry.refuse(request, "register", form, error)
    return mailed_codes.to_code(
        request, "accounts:verify", cookies.FLOW_REGISTER, flow, values["email"]
    )


@entry.page
def verify(request: HttpRequest) -> HttpResponse:
    """Take the code of a registration."""
    return mailed_codes.code_page(
        request,
        template="verify",
        cookie=cookies.FLOW_REGISTER,
        begin="accounts:register",
        send_again=lambda email, flow, client: registration.resend(
            email=email, flow=flow, client=client
        ),
    )
