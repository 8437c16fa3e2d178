# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The models whose changes are in the audit trail; ``tests/test_audit_coverage.py`` asks for every writable one."""

from odoo import models

from ..messaging.flow_life import GUARDED_FIELDS, RECORDED_FIELDS


class IntegrationConnection(models.Model):
    _name = "integration.connection"
    _inherit = ["integration.connection", "integration.recorded"]
    # At which page of the guided set-up somebody is, changes nothing.
    _unrecorded = frozenset({"guide_step"})


class IntegrationEndpoint(models.Model):
    _name = "integration.endpoint"
    _inherit = ["integration.endpoint", "integration.recorded"]
    # The last part of the address is as good as a password; its number tells which one is meant.
    _unrecorded = frozenset({"key"})


class IntegrationCredential(models.Model):
    _name = "integration.credential"
    _inherit = ["integration.credential", "integration.recorded"]


class IntegrationFlow(models.Model):
    _name = "integration.flow"
    _inherit = ["integration.flow", "integration.recorded"]
    # Changes of the state and of what decides about booking have entries of their own (flow_life.py).
    _unrecorded = frozenset(
        {
            *RECORDED_FIELDS,
            *GUARDED_FIELDS,
            "classification",
            "state",
            "state_since",
            "state_reason",
            "approved_by_id",
        }
    )


class IntegrationLane(models.Model):
    _name = "integration.lane"
    _inherit = ["integration.lane", "integration.recorded"]


class IntegrationMapping(models.Model):
    _name = "integration.mapping"
    _inherit = ["integration.mapping", "integration.recorded"]


class IntegrationRoleAccount(models.Model):
    _name = "integration.role.account"
    _inherit = ["integration.role.account", "integration.recorded"]


class IntegrationBalanceAccount(models.Model):
    _name = "integration.balance.account"
    _inherit = ["integration.balance.account", "integration.recorded"]


class IntegrationBinding(models.Model):
    _name = "integration.binding"
    _inherit = ["integration.binding", "integration.recorded"]
    _only_people = True


class IntegrationDrop(models.Model):
    _name = "integration.drop"
    _inherit = ["integration.drop", "integration.recorded"]


class IntegrationPullCursor(models.Model):
    _name = "integration.pull.cursor"
    _inherit = ["integration.pull.cursor", "integration.recorded"]
    _only_people = True


class IntegrationMessage(models.Model):
    _name = "integration.message"
    _inherit = ["integration.message", "integration.recorded"]
    _only_people = True


class IntegrationBatch(models.Model):
    _name = "integration.batch"
    _inherit = ["integration.batch", "integration.recorded"]
    _only_people = True


class IntegrationException(models.Model):
    _name = "integration.exception"
    _inherit = ["integration.exception", "integration.recorded"]
    _only_people = True


class IntegrationProcessorStatement(models.Model):
    _name = "integration.processor.statement"
    _inherit = ["integration.processor.statement", "integration.recorded"]
    _only_people = True


class IntegrationBankStatement(models.Model):
    _name = "integration.bank.statement"
    _inherit = ["integration.bank.statement", "integration.recorded"]
    _only_people = True


class IntegrationPayout(models.Model):
    _name = "integration.payout"
    _inherit = ["integration.payout", "integration.recorded"]
    _only_people = True


class IntegrationDisputeAllowance(models.Model):
    _name = "integration.dispute.allowance"
    _inherit = ["integration.dispute.allowance", "integration.recorded"]


class IntegrationShopGateway(models.Model):
    _name = "integration.shop.gateway"
    _inherit = ["integration.shop.gateway", "integration.recorded"]


class IntegrationGiftBreakage(models.Model):
    _name = "integration.gift.breakage"
    _inherit = ["integration.gift.breakage", "integration.recorded"]


class IntegrationShopWriting(models.Model):
    _name = "integration.shop.writing"
    _inherit = ["integration.shop.writing", "integration.recorded"]
    _only_people = True


class IntegrationRefundOrder(models.Model):
    _name = "integration.refund.order"
    _inherit = ["integration.refund.order", "integration.recorded"]


class IntegrationDisputeEvidence(models.Model):
    _name = "integration.dispute.evidence"
    _inherit = ["integration.dispute.evidence", "integration.recorded"]


class IntegrationDisputeEvidenceFile(models.Model):
    _name = "integration.dispute.evidence.file"
    _inherit = ["integration.dispute.evidence.file", "integration.recorded"]


class IntegrationDisputeAcceptance(models.Model):
    _name = "integration.dispute.acceptance"
    _inherit = ["integration.dispute.acceptance", "integration.recorded"]


class IntegrationCustomerCopy(models.Model):
    _name = "integration.customer.copy"
    _inherit = ["integration.customer.copy", "integration.recorded"]
    _only_people = True


class IntegrationDispute(models.Model):
    _name = "integration.dispute"
    _inherit = ["integration.dispute", "integration.recorded"]
    _only_people = True


class IntegrationPayoutProposal(models.Model):
    _name = "integration.payout.proposal"
    _inherit = ["integration.payout.proposal", "integration.recorded"]
    _only_people = True


class IntegrationRule(models.Model):
    _name = "integration.rule"
    _inherit = ["integration.rule", "integration.recorded"]


class IntegrationRulePrerequisite(models.Model):
    _name = "integration.rule.prerequisite"
    _inherit = ["integration.rule.prerequisite", "integration.recorded"]


class IntegrationRuleAction(models.Model):
    _name = "integration.rule.action"
    _inherit = ["integration.rule.action", "integration.recorded"]


class IntegrationRuleWait(models.Model):
    _name = "integration.rule.wait"
    _inherit = ["integration.rule.wait", "integration.recorded"]
    _only_people = True


class IntegrationSubscription(models.Model):
    _name = "integration.subscription"
    _inherit = ["integration.subscription", "integration.recorded"]


class IntegrationReplay(models.Model):
    _name = "integration.replay"
    _inherit = ["integration.replay", "integration.recorded"]
    _only_people = True


class IntegrationRetention(models.Model):
    _name = "integration.retention"
    _inherit = ["integration.retention", "integration.recorded"]


class IntegrationApprovalPolicy(models.Model):
    _name = "integration.approval.policy"
    _inherit = ["integration.approval.policy", "integration.recorded"]


class IntegrationApprovalTier(models.Model):
    _name = "integration.approval.tier"
    _inherit = ["integration.approval.tier", "integration.recorded"]


class IntegrationAssignmentRule(models.Model):
    _name = "integration.assignment.rule"
    _inherit = ["integration.assignment.rule", "integration.recorded"]


class IntegrationWorkbenchSetting(models.Model):
    _name = "integration.workbench.setting"
    _inherit = ["integration.workbench.setting", "integration.recorded"]


class IntegrationOwnership(models.Model):
    _name = "integration.ownership"
    _inherit = ["integration.ownership", "integration.recorded"]
    # Asking and approval have entries of their own.
    _only_people = True


class IntegrationLegalGap(models.Model):
    _name = "integration.legal.gap"
    _inherit = ["integration.legal.gap", "integration.recorded"]
    _only_people = True


class IntegrationOutsideCode(models.Model):
    _name = "integration.outside.code"
    _inherit = ["integration.outside.code", "integration.recorded"]
    _only_people = True


class IntegrationMappingChange(models.Model):
    _name = "integration.mapping.change"
    _inherit = ["integration.mapping.change", "integration.recorded"]
    # What becomes of a proposal has entries of its own (change.*, mapping.*).
    _only_people = True


class IntegrationMappingChangeLine(models.Model):
    _name = "integration.mapping.change.line"
    _inherit = ["integration.mapping.change.line", "integration.recorded"]
    _only_people = True


class IntegrationPromotion(models.Model):
    _name = "integration.promotion"
    _inherit = ["integration.promotion", "integration.recorded"]
    # What becomes of it has entries of its own (bundle.*).
    _only_people = True


class IntegrationPromotionLine(models.Model):
    _name = "integration.promotion.line"
    _inherit = ["integration.promotion.line", "integration.recorded"]
    _only_people = True


class IntegrationErasure(models.Model):
    _name = "integration.erasure"
    _inherit = ["integration.erasure", "integration.recorded"]
    # Who asked for it and why is about a person, who is to be forgotten.
    _unrecorded = frozenset({"reason"})
    _only_people = True


class IntegrationCollectionAgreement(models.Model):
    _name = "integration.collection.agreement"
    _inherit = ["integration.collection.agreement", "integration.recorded"]


class IntegrationCollection(models.Model):
    _name = "integration.collection"
    _inherit = ["integration.collection", "integration.recorded"]
    _only_people = True
