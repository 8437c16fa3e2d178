# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a screen shows as read-only cannot be written by a remote call, an import or a default either (C1)."""

from odoo import api, models
from odoo.exceptions import AccessError

from ..messaging import flow_life

ADDON = "finance_integration"


class Protected:
    """Refuses people who write what the hub alone writes: states, approvers, digests, times.

    Odoo's ``readonly`` concerns the screen only. The hub's own code writes such fields in superuser mode, as the
    service user of a connection, or below this class; all are let through. A base of model classes, put before
    ``models.Model`` in the last class of a model that is loaded, so that it is asked first.
    """

    __slots__ = ()

    @api.model
    def _protected_fields(self):
        """Return the names of the fields of the hub that are read-only by declaration."""
        return _read_only(self)

    @api.model
    def _trusts_caller(self):
        """Whether it is the hub that writes, not a person."""
        return _is_trusted(self.env)

    @api.model_create_multi
    def create(self, vals_list):
        protected = self._protected_fields()
        if not self._trusts_caller():
            refuse_forged(self, set().union(*vals_list), protected)
        return super(Protected, without_defaults(self, protected)).create(vals_list)

    def write(self, vals):
        if not self._trusts_caller():
            refuse_forged(self, vals.keys(), self._protected_fields())
        return super().write(vals)


class SetUp(Protected):
    """Also refuses remote calls that stand in for a password alone, where a second factor is demanded (C8).

    How the hub is set up decides what is booked: whoever changes it is there in person. Buttons ask by their rights;
    this is for the plain create, write and delete of remote calls and imports.
    """

    __slots__ = ()

    @api.model_create_multi
    def create(self, vals_list):
        Connection = self.env["integration.connection"]
        connections = Connection.browse(
            {vals["connection_id"] for vals in vals_list if vals.get("connection_id")}
        )
        _require_presence(self.env, connections.exists() or None)
        return super().create(vals_list)

    def write(self, vals):
        _require_presence(self.env, self)
        return super().write(vals)

    def unlink(self):
        _require_presence(self.env, self)
        return super().unlink()


def _require_presence(env, records):
    if not _is_trusted(env):
        env.user._integration_require_presence(records)


def _is_trusted(env):
    return env.su or env.user.integration_service


def _read_only(model):
    return frozenset(
        name
        for name, field in model._fields.items()
        if field.readonly and field.store and ADDON in field._modules and name not in models.MAGIC_COLUMNS
    )


def refuse_forged(records, names, protected):
    """Refuse names among the protected ones.

    :raises AccessError: one is.
    """
    if forged := sorted(protected.intersection(names)):
        labels = ", ".join(
            records._fields[name].get_description(records.env, ["string"])["string"] for name in forged
        )
        raise AccessError(
            records.env._("This is written by the hub alone and follows from what is done: %s.", labels)
        )


def without_defaults(records, protected):
    """Return the records without defaults for protected fields in their context, which a caller chooses freely."""
    context = records.env.context
    kept = {
        name: value
        for name, value in context.items()
        if not (name.startswith("default_") and name.removeprefix("default_") in protected)
    }
    if len(kept) == len(context):
        return records
    return records.with_context(kept)  # pylint: disable=context-overridden


# Every model that people may write and that has something of its own to protect.


class IntegrationConnection(SetUp, models.Model):
    _inherit = "integration.connection"


class IntegrationEndpoint(SetUp, models.Model):
    _inherit = "integration.endpoint"


class IntegrationCredential(Protected, models.Model):
    _inherit = "integration.credential"


class IntegrationFlow(SetUp, models.Model):
    _inherit = "integration.flow"

    @api.model
    def _trusts_caller(self):
        # A connection that becomes one on real books takes its flows back, whoever changes it.
        return super()._trusts_caller() or self.env.context.get("integration_flow_life") is flow_life._KEY


class IntegrationLane(SetUp, models.Model):
    _inherit = "integration.lane"


class IntegrationMessage(Protected, models.Model):
    _inherit = "integration.message"


class IntegrationException(Protected, models.Model):
    _inherit = "integration.exception"

    @api.model
    def _protected_fields(self):
        # Computed from its connection, writable for rules of the hub only.
        return super()._protected_fields() | {"company_id"}


class IntegrationProcessorStatement(Protected, models.Model):
    _inherit = "integration.processor.statement"


class IntegrationBankStatement(Protected, models.Model):
    _inherit = "integration.bank.statement"


class IntegrationPayout(Protected, models.Model):
    _inherit = "integration.payout"


class IntegrationDisputeAllowance(Protected, models.Model):
    _inherit = "integration.dispute.allowance"


class IntegrationShopGateway(Protected, models.Model):
    _inherit = "integration.shop.gateway"


class IntegrationGiftBreakage(Protected, models.Model):
    _inherit = "integration.gift.breakage"


class IntegrationShopWriting(Protected, models.Model):
    _inherit = "integration.shop.writing"


class IntegrationRefundOrder(Protected, models.Model):
    _inherit = "integration.refund.order"


class IntegrationDisputeEvidence(Protected, models.Model):
    _inherit = "integration.dispute.evidence"


class IntegrationDisputeEvidenceFile(Protected, models.Model):
    _inherit = "integration.dispute.evidence.file"


class IntegrationDisputeAcceptance(Protected, models.Model):
    _inherit = "integration.dispute.acceptance"


class IntegrationCustomerCopy(Protected, models.Model):
    _inherit = "integration.customer.copy"


class IntegrationDispute(Protected, models.Model):
    _inherit = "integration.dispute"


class IntegrationPayoutProposal(Protected, models.Model):
    _inherit = "integration.payout.proposal"


class IntegrationRuleWait(Protected, models.Model):
    _inherit = "integration.rule.wait"


class IntegrationReplay(Protected, models.Model):
    _inherit = "integration.replay"


class IntegrationChangeRequest(Protected, models.Model):
    _inherit = "integration.change.request"


class IntegrationBinding(Protected, models.Model):
    _inherit = "integration.binding"


class IntegrationBalanceAccount(SetUp, models.Model):
    _inherit = "integration.balance.account"


class IntegrationRetryOverride(SetUp, models.Model):
    _inherit = "integration.retry.override"


class IntegrationRuleAction(SetUp, models.Model):
    _inherit = "integration.rule.action"


class IntegrationRulePrerequisite(SetUp, models.Model):
    _inherit = "integration.rule.prerequisite"


class IntegrationAssignmentRule(SetUp, models.Model):
    _inherit = "integration.assignment.rule"


class IntegrationApprovalTier(SetUp, models.Model):
    _inherit = "integration.approval.tier"


class IntegrationApprovalPolicy(SetUp, models.Model):
    _inherit = "integration.approval.policy"

    @api.model
    def _trusts_caller(self):
        return super()._trusts_caller() or self._may_change()


class IntegrationBatch(Protected, models.Model):
    _inherit = "integration.batch"


class IntegrationDrop(SetUp, models.Model):
    _inherit = "integration.drop"


class IntegrationPullCursor(SetUp, models.Model):
    _inherit = "integration.pull.cursor"


class IntegrationSubscription(SetUp, models.Model):
    _inherit = "integration.subscription"


class IntegrationMapping(Protected, models.Model):
    _inherit = "integration.mapping"


class IntegrationErasure(Protected, models.Model):
    _inherit = "integration.erasure"


class IntegrationMappingChangeLine(Protected, models.Model):
    _inherit = "integration.mapping.change.line"


class IntegrationOwnership(SetUp, models.Model):
    _inherit = "integration.ownership"

    @api.model
    def _trusts_caller(self):
        return super()._trusts_caller() or self._may_write()


class IntegrationPromotion(Protected, models.Model):
    _inherit = "integration.promotion"


class IntegrationPromotionLine(Protected, models.Model):
    _inherit = "integration.promotion.line"


class IntegrationCollectionAgreement(SetUp, models.Model):
    _inherit = "integration.collection.agreement"


class IntegrationCollection(Protected, models.Model):
    _inherit = "integration.collection"
