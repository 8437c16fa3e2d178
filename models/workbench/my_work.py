# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The first page of the app: what waits for me, what is due, what blocks the close, how much money is at stake."""

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date, formatLang

OPEN = [("state", "=", "open")]
SHOWN_URGENT = 6
SHOWN_APPROVALS = 6
PERIODS_BACK = 12
EXCEPTION_ACTION = "finance_integration.action_exception"


class IntegrationMyWork(models.AbstractModel):
    """What the page "My work" shows; counts with the rights of who looks, in the company and period they chose."""

    _name = "integration.my.work"
    _description = "My work"

    @api.model
    def get_work(self):
        """Return everything that the page shows."""
        view = self.env["integration.work.view"]._mine()
        view._visit()
        self.env["integration.exception"]._recount_touched()
        return {
            "name": self.env.user.name,
            "company_id": view.company_id.id,
            "companies": [{"id": company.id, "name": company.name} for company in self.env.user.company_ids],
            "period": fields.Date.to_string(view.period) if view.period else "",
            "periods": self._periods(),
            "digest": view.digest,
            "groups": [
                {
                    "title": title,
                    "tiles": [
                        {"key": key, "label": label, "tone": tone, "count": self._count(key)}
                        for key, label, tone in tiles
                    ],
                }
                for title, tiles in self._groups()
            ],
            "stakes": self._stakes(),
            "urgent": self._urgent(),
            "approvals": self._approvals(),
            "may_write": self.env.user.has_group("finance_integration.group_operator"),
        }

    @api.model
    def choose(self, company_id, period):
        """Keep company and period for the acting user and return the page anew."""
        self.env["integration.work.view"]._choose(company_id, period)
        return self.get_work()

    @api.model
    def set_digest(self, wanted):
        """Keep whether the acting user gets the daily e-mail."""
        self.env["integration.work.view"]._mine().digest = bool(wanted)
        return bool(wanted)

    @api.model
    def _periods(self):
        """Return the months that can be chosen, newest first."""
        month = fields.Date.context_today(self).replace(day=1)
        months = [month - relativedelta(months=number) for number in range(PERIODS_BACK + 1)]
        return [
            {"value": fields.Date.to_string(day), "name": format_date(self.env, day, date_format="MMMM yyyy")}
            for day in months
        ]

    # -- tiles -----------------------------------------------------------------------------------------------

    @api.model
    def _groups(self):
        """Return [(title, [(key, label, tone)])] of the tiles, in the reader's language."""
        _ = self.env._
        month = format_date(self.env, self.env["integration.exception"]._close_day(), date_format="MMMM yyyy")
        return [
            (
                _("Waiting for me"),
                [
                    ("mine", _("My exceptions"), "primary"),
                    ("approvals", _("My approvals"), "primary"),
                    ("due_today", _("Due today"), "warning"),
                    ("overdue", _("Overdue"), "danger"),
                    ("free", _("Nobody's yet"), "secondary"),
                    ("new", _("New since my last visit"), "info"),
                ],
            ),
            (
                _("For the close"),
                [
                    ("blocks_close", _("Blocks the close of %s", month), "danger"),
                    ("material", _("Above materiality"), "warning"),
                    ("cash", _("Cash not applied"), "warning"),
                ],
            ),
            (
                _("Waiting for others"),
                [
                    ("approver", _("For an approver"), "secondary"),
                    ("source", _("For the source"), "secondary"),
                    ("administrator", _("For the administrator"), "secondary"),
                    ("review", _("Limits used, to be reviewed"), "secondary"),
                ],
            ),
        ]

    @api.model
    def _tile(self, key):
        """Return (model, domain, names of the filters that say the same) of a tile.

        :raises UserError: there is no such tile.
        """
        mine = [*OPEN, ("user_id", "=", self.env.uid)]
        tiles = {
            "mine": (mine, ["open", "mine"]),
            "due_today": ([*mine, ("is_due_today", "=", True)], ["mine", "due_today"]),
            "overdue": ([*mine, ("is_overdue", "=", True)], ["mine", "overdue"]),
            "free": ([*OPEN, ("user_id", "=", False)], ["open", "free"]),
            "new": ([*OPEN, ("is_new", "=", True)], ["open", "new"]),
            "blocks_close": ([("blocks_close", "=", True)], ["blocks_close"]),
            "material": ([*OPEN, ("is_material", "=", True)], ["open", "material"]),
            "cash": ([*OPEN, ("is_cash", "=", True)], ["open", "cash"]),
            "approver": ([*OPEN, ("waits_for", "=", "approver")], ["open", "for_approver"]),
            "source": ([*OPEN, ("waits_for", "=", "source")], ["open", "for_source"]),
            "administrator": ([*OPEN, ("waits_for", "=", "administrator")], ["open", "for_administrator"]),
        }
        if key not in tiles:
            raise UserError(self.env._("There is no such list."))
        domain, filters = tiles[key]
        return [*domain, ("in_my_view", "=", True)], [*filters, "in_my_view"]

    @api.model
    def _count(self, key):
        if key == "approvals":
            return len(self._requests()) + len(self._replays())
        if key == "review":
            return self.env["integration.limit.use"].search_count(self._review_domain())
        return self.env["integration.exception"].search_count(self._tile(key)[0])

    @api.model
    def open_tile(self, key):
        """Return the action of the list behind a tile, with the filters that make it."""
        actions = self.env["ir.actions.actions"]
        if key == "review":
            action = actions._for_xml_id("finance_integration.action_limit_use")
            return dict(action, domain=self._review_domain(), context={})
        if key == "approvals":
            if self._requests() or not self._replays():
                action = actions._for_xml_id("finance_integration.action_my_approvals")
                return dict(action, domain=[("id", "in", self._requests().ids)], context={})
            action = actions._for_xml_id("finance_integration.action_replay")
            return dict(action, domain=[("id", "in", self._replays().ids)], context={})
        action = actions._for_xml_id(EXCEPTION_ACTION)
        _domain, filters = self._tile(key)
        return dict(action, context={f"search_default_{name}": 1 for name in filters})

    @api.model
    def _review_domain(self):
        view = self.env["integration.work.view"]._look()
        return [("state", "=", "open"), ("user_id", "!=", self.env.uid), *view._company_domain()]

    @api.model
    def _requests(self):
        """Return the requests that the acting user may decide; never an own one."""
        view = self.env["integration.work.view"]._look()
        return self.env["integration.change.request"].search(
            [("may_decide", "=", True), *view._company_domain()]
        )

    @api.model
    def _replays(self):
        replays = self.env["integration.replay"]
        if not self.env.user.has_group("finance_integration.group_approver"):
            return replays
        view = self.env["integration.work.view"]._look()
        # Those that ask in the inbox are among the requests; the rest waited before there was one.
        asking = self.env["integration.change.request"].search(
            [("res_model", "=", "integration.replay"), ("state", "=", "asked")], limit=5_000
        )
        return replays.search(
            [
                ("id", "not in", asking.mapped("res_id")),
                ("state", "=", "waiting"),
                ("requested_by_id", "!=", self.env.uid),
                ("create_uid", "!=", self.env.uid),
                *view._company_domain(),
            ]
        )

    # -- money and what is urgent ----------------------------------------------------------------------------

    @api.model
    def _stakes(self):
        """Return what is at stake per currency, mine and in all, gross, each document once."""
        Stake = self.env["integration.exception.stake"]
        exceptions = self.env["integration.exception"]._search([*OPEN, ("in_my_view", "=", True)])
        domain = [("exception_id", "in", exceptions)]
        rows = Stake._read_group(domain, ["currency_id"], ["amount:sum", "document_count:sum"])
        mine = dict(
            Stake._read_group([*domain, ("user_id", "=", self.env.uid)], ["currency_id"], ["amount:sum"])
        )
        return [
            {
                "currency": currency.name,
                "amount": formatLang(self.env, amount, currency_obj=currency),
                "mine": formatLang(self.env, mine.get(currency, 0), currency_obj=currency),
                "documents": documents,
            }
            for currency, amount, documents in sorted(rows, key=lambda row: row[0].name)
        ]

    @api.model
    def _urgent(self):
        """Return the exceptions that come first for the acting user: theirs and nobody's."""
        domain = [*OPEN, ("user_id", "in", [self.env.uid, False]), ("in_my_view", "=", True)]
        if not self.env.user.has_group("finance_integration.group_administrator"):
            # What only an administrator can put right comes first for nobody else, unless it was given to them.
            domain += ["|", ("waits_for", "!=", "administrator"), ("user_id", "=", self.env.uid)]
        found = self.env["integration.exception"].search(domain, limit=SHOWN_URGENT)
        severities = dict(found._fields["severity"]._description_selection(self.env))
        return [
            {
                "id": exception.id,
                "name": exception.name,
                "what": exception.what,
                "next_step": exception.next_step,
                "severity": exception.severity,
                "severity_label": severities[exception.severity],
                "at_stake": exception.at_stake,
                "waiting": exception.waiting_count,
                "connection": exception.connection_id.name or "",
                "deadline": fields.Datetime.to_string(exception.deadline) if exception.deadline else "",
                "overdue": exception.is_overdue,
                "mine": exception.user_id == self.env.user,
            }
            for exception in found
        ]

    @api.model
    def _approvals(self):
        """Return what waits for the acting user's decision: changes and replays."""
        rows = [
            {
                "model": "integration.change.request",
                "id": request.id,
                "name": request.name,
                "reason": request.reason,
                "by": request.requester_id.name,
            }
            for request in self._requests()[:SHOWN_APPROVALS]
        ]
        rows += [
            {
                "model": "integration.replay",
                "id": replay.id,
                "name": replay.display_name,
                "reason": replay.reason or "",
                "by": replay.requested_by_id.name,
            }
            for replay in self._replays()[:SHOWN_APPROVALS]
        ]
        return rows
