# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""How strictly duties are separated, and second factors asked for, becomes looser with a second person (C7, C8, X4).

Where a connection works on real books. Whoever manages the settings could else switch off what stands in the way, and
on again afterwards. Stricter is one person's, at once.
"""

from odoo import SUPERUSER_ID, models
from odoo.exceptions import UserError

# The ways of each rule, the strictest first.
STRICTEST_FIRST = {
    "integration_segregation": ("strict", "production", "reported"),
    "integration_second_factor": ("required", "production", "advised"),
}
# Only the holder of this object may loosen a rule.
_KEY = object()
SLOT = "duty_rules"


def is_looser(name, old, new):
    """Whether the way ``new`` of a rule allows more than ``old``."""
    ways = STRICTEST_FIRST[name]
    return ways.index(new) > ways.index(old)


class ResCompany(models.Model):
    _inherit = "res.company"

    def write(self, vals):
        names = STRICTEST_FIRST.keys() & vals.keys()
        # The system itself (an upgrade, a command of who runs the server) is not asked.
        asked = self.env.uid != SUPERUSER_ID and self.env.context.get("integration_duty_rules") is not _KEY
        for company in self if names and asked else ():
            if any(is_looser(name, company[name], vals[name]) for name in names):
                company._integration_refuse_looser()
        return super().write(vals)

    def _integration_refuse_looser(self):
        if self.sudo()._integration_in_production():
            raise UserError(
                self.env._(
                    "A connection of %s works on real books: this rule becomes looser only with the approval of "
                    "another person. Press “Ask for looser rules”.",
                    self.name,
                )
            )

    def _integration_ask_looser(self, wanted, reason):
        """Ask another person for looser rules; returns the request.

        :param wanted: {name of STRICTEST_FIRST: way}.
        :raises UserError: no reason, or nothing would become looser.
        """
        self.ensure_one()
        company = self.sudo()
        looser = {name: way for name, way in wanted.items() if is_looser(name, company[name], way)}
        if not looser:
            raise UserError(
                self.env._("Nothing becomes looser. What is stricter is chosen in the settings, at once.")
            )
        return self.env["integration.change.request"]._ask(
            company.with_env(self.env),
            self.env._("%s: looser rules about duties and second factors", company.name),
            looser,
            reason,
            kind="policy",
            company=company,
            slot=SLOT,
        )

    def _carry_out(self, request):
        """Loosen the rules that were asked for; called by integration.change.request.

        :raises UserError: the approval is not one of these rules.
        """
        if request.slot != SLOT:
            return super()._carry_out(request)
        values = request.values or {}
        if not (request._approves(self) and values and values.keys() <= STRICTEST_FIRST.keys()):
            raise UserError(self.env._("This approval is not one of these rules."))
        self.with_context(integration_duty_rules=_KEY).write(values)
        return None
