# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Tax numbers of customers that are written to an outside system: things of their own beside the customer (S1, M1).

They are looked at before anything is made, so that an answer that was lost makes none twice. What replaces another is
made first. A number of which nobody knows as what it is kept there is told to a person, never guessed.
"""

from odoo import api, fields, models

from ...connectors.registry import get_connector
from .customer_copy import SEND_SECONDS


class IntegrationCustomerCopy(models.Model):
    _inherit = "integration.customer.copy"

    number_there = fields.Char(readonly=True, copy=False, string="Id of the tax number there")

    def _facts_to_send(self):
        return {**super()._facts_to_send(), "number_there": self.number_there or None}

    @api.model
    def _tell(self, facts, step):
        outside_id, version, *looked = super()._tell(facts, step)
        number = (facts["content"] or {}).get("tax_id")
        there = facts["number_there"]
        if (
            outside_id is not None
            and not any(looked)
            and number is not None
            and (number.get("type") or there)
        ):
            # Whatever becomes of the number: the customer is there, and is not made again.
            step("_note_new_id", outside_id)
            step("_note_number", self._tell_number(facts, outside_id, number))
        return (outside_id, version, *looked)

    @api.model
    def _tell_number(self, facts, outside_id, number):
        """Add the number where it is not there yet, and take away what it replaces; returns its id, None = none."""
        connector, access = get_connector(facts["connector"]), (facts["settings"], facts["secret"])
        held, replaced = self._ask_provider(
            facts,
            lambda: connector.customer_number_find(outside_id, *access),
            lambda answer: connector.customer_number_found(answer, number, facts["number_there"]),
            SEND_SECONDS,
        )
        if held is None and number.get("type"):
            held = self._tell_provider(
                facts,
                lambda: connector.customer_number_write(
                    outside_id, number, f"{facts['once']}-number", *access
                ),
                connector.customer_number_written,
                SEND_SECONDS,
            )
        for number_id in replaced:
            self._tell_provider(
                facts,
                lambda number_id=number_id: connector.customer_number_remove(outside_id, number_id, *access),
                connector.customer_number_removed,
                SEND_SECONDS,
            )
        return held

    def _note_new_id(self, outside_id):
        if not self.outside_id:
            self._note_id(outside_id)

    def _note_number(self, number_id):
        self.number_there = number_id

    def _made(self, outside_id, version, only_looked=False):
        result = super()._made(outside_id, version, only_looked)
        if self.state == "sent":
            self._judge_number()
        return result

    def _judge_number(self):
        """Tell a person of a number that is not written, because nobody knows as what; or let that go."""
        number = self._content().get("tax_id") or {}
        if number and not number.get("type"):
            self.env["integration.exception"]._raise_cause(
                self.connection_id, "customer_tax_number_unknown", self._failure_params(), self._cause()
            )
        else:
            self._let_go_of(
                "customer_tax_number_unknown", self.env._("The tax number is written, or there is none.")
            )

    def _is_gone(self):
        self.number_there = False
        return super()._is_gone()
