# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...engine.access import ACTS, opposing

MAX_EARLIER = 200


class IntegrationAuditLeaf(models.Model):
    """Who has done one thing with a record must not do another with it: decided by what the audit trail says (C7)."""

    _inherit = "integration.audit.leaf"

    @api.model
    def _check_segregation(self, act, *records, user=None, since=None):
        """Refuse ``act`` to a person who did something with one of the records that stands against it.

        To be called before the act, in its transaction; whoever performs the act appends its leaf afterwards.

        :param act: key of ``engine.access.ACTS``, such as ``"mapping.approve"``.
        :param records: recordsets of any models: the record itself and what it belongs to.
        :param user: the person, default: the acting user, also in superuser mode.
        :param since: naive UTC; what was done before it does not count. Default: everything counts.
        :raises KeyError: ``act`` is not in the table.
        :raises UserError: the same person did both.
        """
        if act not in ACTS:
            raise KeyError(act)
        user = user or self.env.user
        found = self._opposing_act(act, records, user, since)
        if found:
            raise UserError(
                self.env._(
                    "%(name)s has taken part in this already (%(earlier)s). It needs a second person: nobody does "
                    "both.",
                    name=user.name,
                    earlier=found,
                )
            )

    @api.model
    def _opposing_act(self, act, records, user, since=None):
        """Return the audit action by which ``user`` took part in one of these records, None when there is none."""
        about = Domain.OR(
            Domain("res_model", "=", each._name) & Domain("res_id", "in", each.ids)
            for each in records
            if each
        )
        if about.is_false():
            return None
        if since:
            about &= Domain("recorded_at", ">=", since)
        earlier = self.sudo().search_fetch(
            about & Domain("user_id", "=", user.id), ["action"], limit=MAX_EARLIER, order="id desc"
        )
        return opposing(act, earlier.mapped("action"))
