"""What can go wrong in tenants, as a caller meets it.

ApplicationError
├── NotFound           TenantUnknown, SignupUnknown, DomainUnknown, PlanUnknown
├── Conflict           SlugTaken, KeyUsed, MoveRefused, TenantRefused,
│   │                  SignupNotReady, DomainTaken, DomainCooling, DomainUnverified,
│   │                  DomainFormer, DomainKept, TooManyDomains, QuotaExceeded,
│   │                  FleetBusy, FleetAhead, CanaryUnfit
│   └── TenantRefused  TenantHeld
├── Invalid            SlugInvalid, NameInvalid, EmailInvalid, LocaleInvalid,
│                      TimezoneInvalid, ReasonMissing, MaintenanceTooLong,
│                      CodeInvalid, CodeExpired, CodeSpent, DomainInvalid
├── TooMany            TooManySignups, RateLimited
├── Unavailable        ProvisioningFailed
└── TemplateRefused
"""

from kernel.errors import (
    ApplicationError,
    Conflict,
    Invalid,
    NotFound,
    TooMany,
    Unavailable,
)


class TenantUnknown(NotFound):
    """There is no such tenant."""

    code = "tenant_unknown"


class SignupUnknown(NotFound):
    """There is no such sign-up."""

    code = "signup_unknown"


class SlugTaken(Conflict):
    """This address is taken; choose another one."""

    code = "slug_taken"


class KeyUsed(Conflict):
    """This key was used for another order; take another key."""

    code = "key_used"


class MoveRefused(Conflict):
    """The tenant's state does not allow this."""

    code = "tenant_state_refused"


class TenantRefused(Conflict):
    """A task may not run for this tenant now."""

    code = "tenant_refused"


class TenantHeld(TenantRefused):
    """A task waits until the tenant's schema is migrated."""

    code = "tenant_held"


class SignupNotReady(Conflict):
    """This sign-up is not ready for that yet."""

    code = "signup_not_ready"


class QuotaExceeded(Conflict):
    """The plan of this workspace gives no more of this."""

    code = "quota_exceeded"


class PlanUnknown(NotFound):
    """There is no such plan."""

    code = "plan_unknown"


class FleetBusy(Conflict):
    """Another run is migrating the fleet."""

    code = "fleet_busy"


class FleetAhead(Conflict):
    """A newer release has migrated schemas here; this one does nothing to them."""

    code = "fleet_ahead"


class CanaryUnfit(Conflict):
    """The canary is no tenant that this run would migrate."""

    code = "canary_unfit"


class SlugInvalid(Invalid):
    """This address cannot be used."""

    code = "slug_invalid"


class NameInvalid(Invalid):
    """A name has 1 to 80 characters, and no markup, links or line breaks."""

    code = "name_invalid"


class EmailInvalid(Invalid):
    """Enter an e-mail address like name@example.com."""

    code = "email_invalid"


class LocaleInvalid(Invalid):
    """This language is not installed."""

    code = "locale_invalid"


class TimezoneInvalid(Invalid):
    """This time zone is not known; use a name like Europe/Berlin."""

    code = "timezone_invalid"


class ReasonMissing(Invalid):
    """Say why: the reason goes into the operators' book."""

    code = "reason_missing"


class MaintenanceTooLong(Invalid):
    """A maintenance takes a minute at least, and seven days at most."""

    code = "maintenance_too_long"


class CodeInvalid(Invalid):
    """This code is not right."""

    code = "code_invalid"


class CodeExpired(Invalid):
    """This code is too old; sign up again to get a new one."""

    code = "code_expired"


class CodeSpent(Invalid):
    """This code was tried too often; sign up again to get a new one."""

    code = "too_many_attempts"


class RateLimited(TooMany):
    """This workspace sends more requests than its plan allows; try again later."""

    code = "rate_limited"


class TooManySignups(TooMany):
    """Too many requests; try again later."""

    code = "too_many_requests"


class ProvisioningFailed(Unavailable):
    """The workspace could not be set up; nothing was kept."""

    code = "provisioning_failed"


class TemplateRefused(ApplicationError):
    """A migration left something that the template of new tenants cannot carry."""

    code = "template_refused"


class DomainUnknown(NotFound):
    """There is no such domain."""

    code = "domain_unknown"


class DomainInvalid(Invalid):
    """This name cannot be added."""

    code = "domain_invalid"


class DomainTaken(Conflict):
    """This name leads to another workspace."""

    code = "domain_taken"


class DomainCooling(Conflict):
    """This name led to another workspace until recently."""

    code = "domain_cooling"


class DomainUnverified(Conflict):
    """Only a verified domain can be the primary one."""

    code = "domain_unverified"


class DomainFormer(Conflict):
    """This is a former address; for a while it leads to the present one."""

    code = "domain_former"


class DomainKept(Conflict):
    """The platform's own address of a workspace cannot be removed."""

    code = "domain_kept"


class TooManyDomains(Conflict):
    """This workspace has as many domains as it may have; remove one first."""

    code = "too_many_domains"
