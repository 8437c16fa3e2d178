# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import models

from ..known_code import is_known

# Where the next number of an entry comes from, and who is known to have a say in it. With anybody else's rules in
# place each entry is asked for on its own, as core does.
NUMBER_METHODS = frozenset(
    {
        "_deduce_sequence_number_reset",
        "_get_last_sequence",
        "_get_last_sequence_domain",
        "_get_next_sequence_format",
        "_get_sequence_date_range",
        "_get_sequence_format_param",
        "_get_starting_sequence",
    }
)
KNOWN_MODULES = frozenset({"account", "finance_integration"})
FORMATS = "integration_number_formats"


class AccountMove(models.Model):
    _inherit = "account.move"

    def _with_shared_numbers(self):
        """Return these entries in a context in which entries of one journal and day share the look-up of their format.

        Core looks for the last number anew for each entry of a batch, although within a transaction that has taken a
        number of the sequence only it can take the next one (``sequence.mixin``). The context lasts for one call.
        """
        return self.with_context(**self.env["account.move"]._shared_numbers())

    def _shared_numbers(self):
        """Return the context of :meth:`_with_shared_numbers` for records that make entries of their own."""
        return {FORMATS: {}} if self._numbers_are_known() else {}

    def _numbers_are_known(self):
        return is_known(self, NUMBER_METHODS, KNOWN_MODULES)

    def _get_next_sequence_format(self):
        formats = self.env.context.get(FORMATS)
        if formats is None:
            return super()._get_next_sequence_format()
        journal = self.journal_id
        if journal.is_self_billing:  # a sequence for each supplier
            return super()._get_next_sequence_format()
        key = (
            journal.id,
            self.date,
            self.move_type in ("out_refund", "in_refund"),
            bool(self.origin_payment_id or self.env.context.get("is_payment")),
        )
        if key not in formats:
            formats[key] = super()._get_next_sequence_format()
        template, values = formats[key]
        return template, dict(values)
