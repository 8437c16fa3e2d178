# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Who may do what, as data: the verbs, the methods behind each, and which duties one person must not hold together."""

from .methods import CORE_METHODS, FIELDS, METHODS
from .segregation import (
    ACT_LEVELS,
    ACTS,
    CARRIED_OUT_BY,
    CONFLICTS,
    CREDITED_DAYS,
    DUTIES,
    DUTY_ACTIONS,
    Conflict,
    Duty,
    conflicts_done,
    conflicts_of,
    duty_of,
    is_refused,
    new_conflicts,
    opposing,
)
from .verbs import ADMINISTRATOR, APPROVER, AUDITOR, OPERATOR, PAYLOAD_READER, SERVICE, VERBS, Verb

__all__ = [
    "ACTS",
    "ACT_LEVELS",
    "ADMINISTRATOR",
    "APPROVER",
    "AUDITOR",
    "CARRIED_OUT_BY",
    "CONFLICTS",
    "CORE_METHODS",
    "CREDITED_DAYS",
    "DUTIES",
    "DUTY_ACTIONS",
    "FIELDS",
    "METHODS",
    "OPERATOR",
    "PAYLOAD_READER",
    "SERVICE",
    "VERBS",
    "Conflict",
    "Duty",
    "Verb",
    "conflicts_done",
    "conflicts_of",
    "duty_of",
    "is_refused",
    "new_conflicts",
    "opposing",
]
