"""The tables of the control plane, all in the public schema."""

from tenants.models.chore import Chore
from tenants.models.dead_letter import DeadLetter
from tenants.models.domain import Domain
from tenants.models.migration_ledger import MigrationLedger, MigrationPlan
from tenants.models.operator_event import OperatorEvent
from tenants.models.plan import (
    Feature,
    Plan,
    Quota,
    Resource,
    TenantFeature,
    TenantQuota,
)
from tenants.models.provisioning import ProvisioningRun, ProvisioningStep
from tenants.models.rate_counter import RateCounter
from tenants.models.schema_template import SchemaTemplate
from tenants.models.signup_request import SignupRequest
from tenants.models.slug_hold import SlugHold
from tenants.models.survey import Survey
from tenants.models.tenant import Tenant
from tenants.models.wake_up import WakeUp
from tenants.models.warm_schema import WarmSchema

__all__ = [
    "Chore",
    "DeadLetter",
    "Domain",
    "Feature",
    "MigrationLedger",
    "MigrationPlan",
    "OperatorEvent",
    "Plan",
    "ProvisioningRun",
    "ProvisioningStep",
    "Quota",
    "RateCounter",
    "Resource",
    "SchemaTemplate",
    "SignupRequest",
    "SlugHold",
    "Survey",
    "Tenant",
    "TenantFeature",
    "TenantQuota",
    "WakeUp",
    "WarmSchema",
]
