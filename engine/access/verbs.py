# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""One right per verb: what it means, which groups hold it, and whether it asks for a second factor (C1, C8)."""

from __future__ import annotations

import dataclasses

AUDITOR = "finance_integration.group_auditor"
OPERATOR = "finance_integration.group_operator"
APPROVER = "finance_integration.group_approver"
ADMINISTRATOR = "finance_integration.group_administrator"
PAYLOAD_READER = "finance_integration.group_contents"
SERVICE = "finance_integration.group_service"
# Somebody who works in Odoo and need not know the hub: gets an empty answer, not a refusal.
ANYBODY = "base.group_user"


def _(text: str) -> str:
    """Mark ``text`` for the translation extractor and return it unchanged."""
    return text


@dataclasses.dataclass(frozen=True)
class Verb:
    """One right.

    ``title``          what a person reads when the right is missing.
    ``meaning``        what it allows, for the page of the rights.
    ``groups``         any of them holds the right; Odoo's implied groups count.
    ``second_factor``  the person must have a second factor where the company demands it.
    ``in_person``      not by an API key where the company demands a second factor; follows from ``second_factor``.
    """

    title: str
    meaning: str
    groups: tuple[str, ...]
    second_factor: bool = False
    in_person: bool = False


# An operator implies an auditor, an approver implies an operator (security/groups.xml).
VERBS: dict[str, Verb] = {
    "notice": Verb(
        _("See whether the hub works"), _("The banner on top of the page; others see nothing."), (ANYBODY,)
    ),
    "view": Verb(
        _("See the records of the hub"),
        _("Events, exceptions, connections, files, movements and what leads from one to another."),
        (AUDITOR, ADMINISTRATOR),
    ),
    "view_masked": Verb(
        _("See contents, masked"),
        _("What an event says, with sensitive values left out."),
        (AUDITOR,),
    ),
    "view_payload": Verb(
        _("See full contents"),
        _("The bytes as they came in, unmasked. A reason is asked for and kept with who read what."),
        (PAYLOAD_READER,),
    ),
    "view_audit": Verb(
        _("See the audit trail"),
        _("Audit entries and the records that they are about."),
        (AUDITOR, ADMINISTRATOR),
    ),
    "verify": Verb(
        _("Verify evidence"),
        _("Recompute digests of archives and of the audit trail; nothing is changed but the result."),
        (AUDITOR, ADMINISTRATOR),
    ),
    "export": Verb(
        _("Export"), _("Take lists for auditors out of the hub as a file."), (AUDITOR, ADMINISTRATOR)
    ),
    "run": Verb(
        _("Run, pause and fetch"),
        _("Fetch lists, look for files, pause and resume, test a connection without effect."),
        (OPERATOR, ADMINISTRATOR),
    ),
    "resolve": Verb(
        _("Resolve exceptions"),
        _("Try again, put aside, choose customers and invoices, assign; within the standing limits."),
        (OPERATOR,),
    ),
    "replay": Verb(
        _("Plan and run replays"),
        _("Choose events, compute the plan, ask for approval, run what is approved."),
        (OPERATOR,),
    ),
    "propose": Verb(
        _("Propose changes of mappings"),
        _("Try, compare and propose; somebody else approves."),
        (OPERATOR, ADMINISTRATOR),
    ),
    "ask": Verb(
        _("Ask for an approval"),
        _("Ask for what another person decides, and take it back; the records say who may change them."),
        (ANYBODY,),
    ),
    "decide": Verb(
        _("Decide what the rule of an approval gives to a person"),
        _(
            "The rule names groups and people, never who asked; the request checks it, also for accounting staff."
        ),
        (ANYBODY,),
        second_factor=True,
    ),
    "approve": Verb(
        _("Approve"),
        _("Decide what somebody else has asked for."),
        (APPROVER,),
        second_factor=True,
    ),
    "configure": Verb(
        _("Set up connections"),
        _("Connections, flows, folders, rules, journals and accounts of connections."),
        (ADMINISTRATOR,),
        in_person=True,
    ),
    "manage_credentials": Verb(
        _("Manage secrets"),
        _("Enter, replace and end the secrets of a connection; nobody can read them."),
        (ADMINISTRATOR,),
        second_factor=True,
    ),
    "prepare_review": Verb(
        _("Prepare an access review"),
        _("Draw up who holds which right, for a period."),
        (AUDITOR, ADMINISTRATOR),
    ),
    "review_access": Verb(
        _("Review access"),
        _("Decide about the rights of others and sign the review."),
        (APPROVER,),
        second_factor=True,
    ),
}
