# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
import base64
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...engine.access import VERBS
from ...engine.canonical_json import canonical_bytes, digest
from ...engine.csv_safe import csv_line
from .protected import Protected

MAX_REMINDED = 5
REMINDER = "finance_integration.activity_access_review"


class IntegrationAccessReview(Protected, models.Model):
    """Who held which right in a period, drawn up by one person and signed by another (A6)."""

    _name = "integration.access.review"
    _description = "Access review"
    _inherit = ["mail.thread", "mail.activity.mixin", "integration.recorded"]
    # Drawing up and signing have entries of their own.
    _only_people = True
    _order = "date_to desc, id desc"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, ondelete="restrict", index=True
    )
    date_from = fields.Date(
        string="From", required=True, default=lambda self: fields.Date.context_today(self).replace(day=1)
    )
    date_to = fields.Date(string="To", required=True, default=fields.Date.context_today)
    state = fields.Selection(
        [("draft", "Not drawn up yet"), ("prepared", "Waits for signature"), ("signed", "Signed")],
        required=True,
        readonly=True,
        default="draft",
        copy=False,
        tracking=True,
    )
    prepared_by_id = fields.Many2one(
        "res.users", readonly=True, copy=False, ondelete="restrict", string="Drawn up by"
    )
    prepared_at = fields.Datetime(readonly=True, copy=False, string="Drawn up at")
    signed_by_id = fields.Many2one(
        "res.users", readonly=True, copy=False, ondelete="restrict", tracking=True, string="Signed by"
    )
    signed_at = fields.Datetime(readonly=True, copy=False)
    digest = fields.Char(
        readonly=True, copy=False, help="SHA-256 over all lines and decisions as they were signed."
    )
    is_unchanged = fields.Boolean(
        compute="_compute_is_unchanged", help="The lines still have the digest of the moment of signing."
    )
    note = fields.Text(help="What the reviewer wants to say about the whole.")
    line_ids = fields.One2many("integration.access.review.line", "review_id", readonly=True, copy=False)
    person_count = fields.Integer(compute="_compute_counts", string="People")
    service_count = fields.Integer(compute="_compute_counts", string="Service users")
    conflict_count = fields.Integer(compute="_compute_counts", string="With conflicting duties")
    factor_count = fields.Integer(compute="_compute_counts", string="Without second factor")
    bank_count = fields.Integer(compute="_compute_counts", string="May approve bank details")
    open_count = fields.Integer(compute="_compute_counts", string="Not decided yet")

    _period = models.Constraint("CHECK (date_from <= date_to)", "A period ends after it begins.")
    _two_people = models.Constraint(
        "CHECK (signed_by_id IS NULL OR signed_by_id <> prepared_by_id)",
        "Who draws up an access review does not sign it.",
    )
    _signed_by_somebody = models.Constraint(
        "CHECK (state <> 'signed' OR (signed_by_id IS NOT NULL AND signed_at IS NOT NULL AND digest IS NOT NULL))",
        "A signed review has somebody who signed it.",
    )

    @api.depends("company_id", "date_from", "date_to")
    def _compute_display_name(self):
        for review in self:
            review.display_name = self.env._(
                "Access review %(begin)s to %(end)s", begin=review.date_from or "…", end=review.date_to or "…"
            )

    @api.depends("line_ids.decision", "line_ids.conflicts", "line_ids.lacks_factor", "line_ids.trusts_banks")
    def _compute_counts(self):
        for review in self:
            lines = review.line_ids
            review.service_count = len(lines.filtered(lambda line: line.kind == "service"))
            review.person_count = len(lines) - review.service_count
            review.conflict_count = len(lines.filtered("conflicts"))
            review.factor_count = len(lines.filtered("lacks_factor"))
            review.bank_count = len(lines.filtered("trusts_banks"))
            review.open_count = len(lines.filtered(lambda line: not line.decision))

    def _compute_is_unchanged(self):
        for review in self:
            review.is_unchanged = review.state == "signed" and review.digest == review._digest_now()

    # -- guard -----------------------------------------------------------------------------------------------

    def write(self, vals):
        if not self.env.su and vals.keys() & {"company_id", "date_from", "date_to", "note"}:
            if any(review.state == "signed" for review in self):
                raise UserError(self.env._("What is signed is not changed. Make a new review."))
            if vals.keys() - {"note"} and any(review.state != "draft" for review in self):
                raise UserError(self.env._("The period was fixed when the review was drawn up."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        if any(review.state != "draft" for review in self):
            raise UserError(self.env._("An access review is evidence and is not deleted."))

    # -- buttons ---------------------------------------------------------------------------------------------

    def action_prepare(self):
        """Button: draw up who holds which right now, and what was done in the period; earlier lines are replaced."""
        for review in self:
            review._prepare()
        return True

    def _prepare(self):
        self.ensure_one()
        if self.state == "signed":
            raise UserError(self.env._("What is signed is not changed. Make a new review."))
        review = self.sudo()
        review.line_ids.unlink()
        values = [review._line_values(user) for user in review._subjects()]
        self.env["integration.access.review.line"].sudo().create(values)
        review.write(
            {"state": "prepared", "prepared_by_id": self.env.uid, "prepared_at": fields.Datetime.now()}
        )
        self._note_step("access.prepare")

    def action_keep_rest(self):
        """Button: what has no decision yet and shows nothing unusual stays as it is."""
        self.ensure_one()
        rest = self.line_ids.filtered(lambda line: not line.decision and not line.findings)
        own = rest.filtered(lambda line: line.user_id == self.env.user)
        if not rest - own:
            raise UserError(self.env._("What is left needs a look: decide it line by line."))
        (rest - own).action_keep()
        return True

    def action_sign(self):
        """Button: confirm that every line was decided by somebody who may; from now on nothing of it changes."""
        self.ensure_one()
        if self.state != "prepared":
            raise UserError(self.env._("Only what is drawn up and not signed yet can be signed."))
        if self.prepared_by_id == self.env.user:
            raise UserError(
                self.env._("You have drawn it up; another approver signs it. Nobody checks an own list.")
            )
        self.env["integration.audit.leaf"]._check_segregation("access.sign", self)
        if self.open_count:
            raise UserError(self.env._("%s lines have no decision yet.", self.open_count))
        review = self.sudo()
        review.write(
            {
                "state": "signed",
                "signed_by_id": self.env.uid,
                "signed_at": fields.Datetime.now(),
                "digest": review._digest_now(),
            }
        )
        review.activity_unlink([REMINDER])
        self._note_step("access.sign")
        return True

    def action_open_lines(self):
        """Button: the lines as a list that can be filtered and grouped."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_access_review_line")
        return dict(action, domain=[("review_id", "=", self.id)], context={})

    def action_export(self):
        """Button: the review as CSV, harmless for spreadsheets."""
        self.ensure_one()
        head, rows = self.line_ids._as_table()
        file = self.env["ir.attachment"].create(
            {
                "name": f"access-review-{self.company_id.id}-{self.date_from}-{self.date_to}.csv",
                "datas": base64.b64encode(_table(head, rows)),
                "mimetype": "text/csv",
            }
        )
        self._note_step("access.export")
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{file.id}?download=true",
            "target": "self",
        }

    def _note_step(self, action):
        self.env["integration.audit.leaf"].sudo()._append(
            [
                {
                    "action": action,
                    "company_id": review.company_id.id,
                    "res_model": review._name,
                    "res_id": review.id,
                    "user_id": self.env.uid,
                    "subject_digest": review.digest or None,
                }
                for review in self
            ]
        )

    def _digest_now(self):
        self.ensure_one()
        facts = [self.company_id.id, str(self.date_from), str(self.date_to), self.note or ""]
        return digest(canonical_bytes([facts, self.line_ids.sorted("id")._facts()]))

    # -- reminding -------------------------------------------------------------------------------------------

    @api.model
    def _cron_remind(self):
        """Draw up a review where none was signed for too long, and ask a reviewer once to look at it."""
        companies = self.env["integration.connection"].search([("state", "!=", "draft")]).company_id
        for company in companies.filtered("integration_review_days"):
            today = fields.Date.context_today(self)
            since = today - timedelta(days=company.integration_review_days)
            mine = Domain("company_id", "=", company.id)
            if self.search_count(mine & Domain("signed_at", ">=", since), limit=1):
                continue
            review = self.search(mine & Domain("state", "!=", "signed"), limit=1)
            if not review:
                last = self.search(mine & Domain("state", "=", "signed"), limit=1)
                begin = max(last.date_to, since) if last else since
                review = self.create({"company_id": company.id, "date_from": begin, "date_to": today})
            if review.state == "draft":
                review._prepare()
            review._remind()

    def _remind(self):
        for user in self._reviewers() - self.activity_ids.user_id:
            self.activity_schedule(
                REMINDER,
                user_id=user.id,
                summary=self.env._("Review who has access"),
                note=self.env._("No access review was signed for longer than agreed."),
            )

    def _reviewers(self):
        """Return who is asked to review: the named person, else approvers of the company who can sign it."""
        named = self.company_id.integration_reviewer_id
        may = self.env["integration.right"]._may
        if named.active and may("review_access", named):
            return named
        approvers = self._holders(VERBS["review_access"].groups) - self.prepared_by_id
        return approvers[:MAX_REMINDED] or self._holders(VERBS["configure"].groups)[:MAX_REMINDED]

    def _holders(self, groups):
        """Return the active people of the company who hold one of these groups."""
        ids = [self.env.ref(name).id for name in groups]
        return (
            self.env["res.users"]
            .sudo()
            .search(
                [
                    ("all_group_ids", "in", ids),
                    ("company_ids", "in", self.company_id.ids),
                    ("integration_service", "=", False),
                ]
            )
        )


def _table(head, rows):
    """Return a table as UTF-8 with the mark by which spreadsheets know it."""
    cells = [
        [value if isinstance(value, int) else str(value or "") for value in row] for row in (head, *rows)
    ]
    return "\ufeff".encode() + b"".join(csv_line(line) for line in cells)
