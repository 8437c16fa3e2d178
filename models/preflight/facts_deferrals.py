# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The fact for the preflight about who defers revenue and cost of later periods (policy F13)."""

from odoo import models

from ...engine.deferrals import ADDONS, CONCERNED, engines, read_own
from ...engine.preflight import Fact


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    def _own_deferrals(self):
        """Return how Odoo itself defers in the company of this connection; [] = not at all (Community)."""
        company = self.company_id
        return read_own(
            company._fields,
            lambda name: company[name],
            lambda name: company._fields[name]._description_string(self.env),
        )

    def _fact_deferrals(self, _flows):
        _ = self.env._
        kinds = self._inbound_kinds()
        needed = bool(kinds & CONCERNED)
        own = self._own_deferrals()
        found = engines(own, [name for name in ADDONS if self._has_addon(name)])
        if not found:
            return Fact(
                needed=needed,
                told=[
                    _(
                        "Nothing in this database defers (Odoo Community has no deferral engine): what is booked "
                        "counts on its own day. Deferrals are booked by hand, or come as entries of the source."
                    )
                ],
            )
        names = [name or _("Odoo's own deferral entries") for name in found]
        if len(found) > 1:
            return Fact(
                needed=needed,
                problems=[_("More than one engine defers the same: %s", ", ".join(names))],
            )
        problems = [
            _(
                "%(engine)s for %(what)s lack: %(settings)s",
                engine=names[0],
                what=self._deferred_words(one.kind),
                settings=", ".join(one.lacks),
            )
            for one in own
            if one.automatic and one.lacks
        ]
        to_know = {one.key: self._deferral_words(one) for one in own} or {found[0]: _("%s defers", found[0])}
        if "entry" in kinds:
            to_know["entries"] = _(
                "The source sends journal entries, too: none of them may defer what %s defers already",
                names[0],
            )
        return Fact(needed=needed, problems=problems, to_know=to_know)

    def _deferral_words(self, one):
        _ = self.env._
        what = self._deferred_words(one.kind)
        if one.automatic:
            return _("Odoo defers %s by itself, as soon as a document is posted whose lines have dates", what)
        return _("Odoo defers %s when somebody makes the entries from its report", what)

    def _deferred_words(self, kind):
        return (
            self.env._("revenue of customer invoices") if kind == "revenue" else self.env._("cost of bills")
        )
