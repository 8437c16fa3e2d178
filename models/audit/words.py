# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The words of the audit trail for what concerns set-up, rights and the trail itself."""

from odoo.tools.translate import LazyTranslate

from ..control.display import ACTION_LABELS

_lt = LazyTranslate(__name__)

ACTION_LABELS.update(
    {
        "connection.change": _lt("Connection set up or changed"),
        "endpoint.change": _lt("Inbound address set up or changed"),
        "credential.change": _lt("Secret set, replaced or its validity changed"),
        "flow.change": _lt("Flow set up or changed"),
        "lane.change": _lt("Lane changed"),
        "mapping.change": _lt("Mapping changed"),
        "role_account.change": _lt("Account of a posting role changed"),
        "balance_account.change": _lt("Balance account changed"),
        "binding.change": _lt("Binding changed by a person"),
        "drop.change": _lt("Folder for files changed"),
        "pull_cursor.change": _lt("Position in a list changed by a person"),
        "message.change": _lt("Event changed by a person"),
        "batch.change": _lt("File or list changed by a person"),
        "exception.change": _lt("Exception changed by a person"),
        "processor_statement.change": _lt("Processor statement changed by a person"),
        "rule.change": _lt("Rule changed"),
        "rule_prerequisite.change": _lt("Event of a rule changed"),
        "rule_action.change": _lt("Follow-up of a rule changed"),
        "rule_wait.change": _lt("Waiting rule changed by a person"),
        "subscription.change": _lt("Subscription changed"),
        "approval_policy.change": _lt("Rule about approvals changed"),
        "approval_tier.change": _lt("Step of approvals changed"),
        "assignment_rule.change": _lt("Rule about who gets exceptions changed"),
        "workbench_setting.change": _lt("Settings of the workbench changed"),
        "bank.create": _lt("Bank account made by a user"),
        "bank.change": _lt("Bank details changed by a user"),
        "bank.trust": _lt("Bank account trusted"),
        "bank.distrust": _lt("Bank account no longer trusted"),
        "erasure.change": _lt("Request for erasure changed by a person"),
        "legal_gap.change": _lt("Explanation of a missing number changed by a person"),
        "outside_code.change": _lt("Code of an outside system changed by a person"),
        "mapping_change.change": _lt("Proposed mappings changed by a person"),
        "mapping_change_line.change": _lt("Value of proposed mappings changed by a person"),
        "replay.change": _lt("Replay changed by a person"),
        "access.grant": _lt("Right given to a user"),
        "access.withdraw": _lt("Right taken from a user"),
        "access.refused_sign_in": _lt("Sign-in refused"),
        "access_review.change": _lt("Access review changed by a person"),
        "user.sign_in": _lt("Signed in"),
        "records.export": _lt("Rows taken out as a file"),
        "audit.export": _lt("Audit trail exported"),
        "payload.show": _lt("Content looked at in full"),
        "payload.verify": _lt("Signature verified again"),
        "match.undone": _lt("Matching of entries undone"),
        "payload.archive": _lt("Contents archived"),
        "payload.erase": _lt("Content erased when its time was over"),
        "retention.change": _lt("Retention changed"),
        "promotion.change": _lt("Configuration from elsewhere changed by a person"),
        "promotion_line.change": _lt("Record of a configuration left out or taken in by a person"),
        "bundle.export": _lt("Configuration exported"),
        "bundle.refuse": _lt("Configuration from elsewhere refused"),
        "bundle.compare": _lt("Configuration from elsewhere compared"),
        "bundle.import": _lt("Configuration from elsewhere taken over"),
        "bundle.take_back": _lt("Configuration from elsewhere taken back"),
        "payload.bring_back": _lt("Content brought back from the archive"),
    }
)
