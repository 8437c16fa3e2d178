# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, models
from odoo.fields import Command

from ...engine.errors import MissingReferenceError


class IntegrationPostingBreakage(models.AbstractModel):
    """What will never be asked for of gift cards becomes revenue (policy F26), after another person agreed."""

    _name = "integration.posting.breakage"
    _inherit = "integration.posting"
    _description = "Posting rules: gift cards that are not used"

    @api.model
    def _book(self, connection, amount, day):
        """Book a part of what is owed for gift cards as revenue; a negative amount takes some back. Returns the entry.

        A locked day is not moved: the proposal is for its period or for none.

        :raises BusinessError: ``core_changed``: Odoo would book it on another day.
        :raises MissingReferenceError: there is no journal, or no account for gift cards or their breakage.
        """
        if not connection.entry_journal_id:
            raise MissingReferenceError("journal_missing", params={"purpose": self.env._("journal entries")})
        role = self.env["integration.role.account"]._resolver(connection)
        common = {"name": self.env._("Gift cards that will not be used, until %s", day)}
        entry = self.env["account.move"].create(
            {
                "move_type": "entry",
                "journal_id": connection.entry_journal_id.id,
                "date": day,
                "ref": common["name"],
                "integration_connection_id": connection.id,
                "integration_event_date": day,
                "line_ids": [
                    Command.create({**common, "account_id": role("GIFT"), "balance": amount}),
                    Command.create({**common, "account_id": role("BREAKAGE"), "balance": -amount}),
                ],
            }
        )
        entry._post(soft=False)
        self._check_kept(entry, {entry.id: day})
        return entry
