# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a configuration names of other companies: where a connection gets its events, what a rule for all is about.

Within its own company a record is called by its name alone, as everywhere in a configuration. One of another company is
called by both names, with a mark between them that is doubled wherever it stands in a name.
"""

from odoo import api, models

MARK = "›"
_BETWEEN = f" {MARK} "


class IntegrationPromotionRows(models.AbstractModel):
    _inherit = "integration.promotion.rows"

    @api.model
    def _called_abroad(self, record, kind):
        """Return the name of a record of any company, seen from the company that is read."""
        name = _doubled(record.name if kind == "feeder" else self._called(record, kind))
        company = record.company_id
        return name if company == self.env.company else f"{_doubled(company.name)}{_BETWEEN}{name}"

    @api.model
    def _named_by(self, rule, record, kind):
        """Return what a rule calls this record; '' = none."""
        if not record:
            return ""
        return self._called(record, kind) if rule.company_id else self._called_abroad(record, kind)

    @api.model
    def _at_home(self, company, called):
        """Return (company, name) of what ``_called_abroad`` named; no company where none is called so."""
        owner, between, name = called.rpartition(_BETWEEN)
        if not between:
            return company, _single(called)
        companies = self.env["res.company"].sudo().with_context(active_test=False)
        return companies.search([("name", "=", _single(owner))], limit=1), _single(name)

    @api.model
    def _home_gaps(self, home, called):
        """Return what keeps whoever asks from naming a record of that company."""
        _ = self.env._
        if not home:
            return [
                (
                    _("there is no company of %s", called),
                    _("Name the company here as there, or leave this record out."),
                )
            ]
        if home in self.env.user.company_ids:
            return []
        return [
            (
                _("%s belongs to a company to which you have no access", called),
                _("Let somebody with access to both companies bring it in, or leave this record out."),
            )
        ]

    @api.model
    def _feeder_gaps(self, company, operation, environment):
        """Return what keeps a connection from getting its events from where the configuration says.

        :param environment: of a connection that is new here.
        """
        _ = self.env._
        called = operation["after"]["routed_from_id"]
        if not called:
            return []
        home, name = self._at_home(company, called)
        if gaps := self._home_gaps(home, called):
            return gaps
        source, problem = self._find("connection", name, home)
        if problem:
            return [self._gap_words(home, "connection", name, problem)]
        own, _problem = self._find("connection", operation["key"][0], company)
        step = _("Choose by hand where it gets its events, or leave this record out.")
        gaps = []
        if home == company:
            gaps.append(_("%s is of this company: events are handed over to another company only", called))
        wanted = (operation["after"]["connector"], own.environment or environment)
        if (source.connector, source.environment) != wanted:
            gaps.append(_("%s is of another system or of another environment", called))
        if not source.active:
            gaps.append(_("%s is out of use", called))
        if source.routed_from_id or own.routed_to_ids:
            gaps.append(_("what %s would hand over has been handed over before", called))
        if taken := (source.routed_to_ids - own).filtered(lambda row: row.company_id == company):
            gaps.append(_("%(other)s gets the events of %(feeder)s here", other=taken[0].name, feeder=called))
        return [(gap, step) for gap in gaps]

    @api.model
    def _payout_gaps(self, company, operation, target, after):
        """Return which bank accounts (for payouts, of bank lines) are none here; not whether they are known here.

        A journal without an account number can be found by no line of a bank.
        """
        mirrors = {
            row["journal_id"] for rows in (target, after) for row in rows.get("balance_accounts", {}).values()
        }
        gaps = []
        after_values = operation["after"]
        for called in dict.fromkeys([*after_values["payout_journal_ids"], *after_values["bank_journal_ids"]]):
            journal, problem = self._find("journal", called, company)
            if not problem and (journal.type != "bank" or called in mirrors):
                gaps.append(
                    (
                        self.env._("%s is no journal of a bank account here", journal.display_name),
                        self.env._(
                            "Give the bank account a journal with this code, or leave this record out."
                        ),
                    )
                )
            elif not problem and called in after_values["bank_journal_ids"] and not journal.bank_account_id:
                gaps.append(
                    (
                        self.env._("%s has no account number here", journal.display_name),
                        self.env._("Enter it in the journal: lines of the bank are found by it."),
                    )
                )
        return gaps


def _doubled(text):
    return text.replace(MARK, MARK * 2)


def _single(text):
    return text.replace(MARK * 2, MARK)
