"""The tables of accounts: one file per noun."""

from accounts.models.api_token import ApiToken
from accounts.models.branding import TenantBranding
from accounts.models.challenge import Challenge
from accounts.models.invitation import Invitation
from accounts.models.limit_counter import LimitCounter
from accounts.models.mail_attachment import MailAttachment
from accounts.models.mail_message import MailMessage
from accounts.models.refresh_session import RefreshSession
from accounts.models.second_factor import MfaDevice, RecoveryCode
from accounts.models.security_event import SecurityEvent
from accounts.models.user import User

__all__ = [
    "ApiToken",
    "Challenge",
    "Invitation",
    "LimitCounter",
    "MailAttachment",
    "MailMessage",
    "MfaDevice",
    "RecoveryCode",
    "RefreshSession",
    "SecurityEvent",
    "TenantBranding",
    "User",
]
