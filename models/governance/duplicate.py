# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Records that are perhaps one: the list, its reasons, what people have said, and what is proposed (M3)."""

from datetime import datetime, timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...engine.duplicates import compare, hidden_key, keys_of

PORTION = 500
PLACE = "finance_integration.duplicates.%s"
OVERLAP = timedelta(hours=1)
# From this confidence on a person is asked, where one of the two is known outside.
ASK_FROM_PERCENT = 75
SOON = "integration.duplicate.soon"
MODELS = [("res.partner", "Contact"), ("product.product", "Product")]


class IntegrationDuplicate(models.Model):
    """Two records that are perhaps one. Nothing is ever merged by itself."""

    _name = "integration.duplicate"
    _description = "Suspected duplicate"
    _inherit = ["mail.thread"]
    _order = "is_exact desc, confidence desc, id desc"
    _rec_name = "first_name"

    res_model = fields.Selection(MODELS, required=True, readonly=True, string="Kind")
    first_id = fields.Many2oneReference(model_field="res_model", required=True, readonly=True, string="One")
    second_id = fields.Many2oneReference(
        model_field="res_model", required=True, readonly=True, string="The other"
    )
    first_name = fields.Char(readonly=True, string="This one, when it was found")
    second_name = fields.Char(readonly=True, string="That one, when it was found")
    company_id = fields.Many2one("res.company", readonly=True, index=True)
    is_exact = fields.Boolean(
        readonly=True,
        string="Certain",
        help="They share what nobody shares by chance: tax number, bank account, …",
    )
    confidence = fields.Integer(readonly=True, string="Confidence (%)")
    reasons = fields.Char(readonly=True, string="Why")
    against = fields.Char(readonly=True, string="What speaks against it")
    state = fields.Selection(
        [
            ("open", "To be decided"),
            ("asked", "Merge waits for approval"),
            ("merged", "Merged"),
            ("not_duplicate", "Two different ones"),
            ("gone", "No longer alike"),
        ],
        required=True,
        readonly=True,
        default="open",
        tracking=True,
        index=True,
    )
    decided_by_id = fields.Many2one("res.users", readonly=True)
    decided_at = fields.Datetime(readonly=True)
    reason = fields.Char(readonly=True, tracking=True, string="Said")
    exception_id = fields.Many2one(
        "integration.exception", readonly=True, ondelete="set null", index="btree_not_null"
    )

    _pair_unique = models.UniqueIndex("(res_model, first_id, second_id)")
    _second_idx = models.Index("(res_model, second_id)")
    _in_order = models.Constraint("CHECK (first_id < second_id)", "The smaller number comes first.")

    # -- looking -------------------------------------------------------------------------------------------

    @api.model
    def _cron_look(self):
        """Look at everything once, then at what has changed since; in portions, each a transaction of its own."""
        for model, _label in MODELS:
            self._forget_gone(model)
            place = self._place(model)
            while True:
                records = self._portion(model, place)
                if records:
                    self._look_at(records)
                full = len(records) == PORTION
                place = self._next_place(place, records[-1:], full)
                self.env["ir.config_parameter"].sudo().set_param(PLACE % model, "|".join(map(str, place)))
                if not self.env["ir.cron"]._commit_progress(len(records), remaining=int(full)) or not full:
                    break

    @api.model
    def _place(self, model):
        """Return (how, moment, last id): 'all' by id until everything was looked at once, then 'since' by change."""
        text = self.env["ir.config_parameter"].sudo().get_param(PLACE % model)
        how, moment, last_id = (text or f"all|{fields.Datetime.now()}|0").split("|")
        moment = datetime.fromisoformat(moment)  # with its microseconds, which Odoo's own reading refuses
        # A transaction that was open for a while writes records with an earlier time than it commits them.
        return (how, moment, int(last_id)) if how == "all" else (how, moment - OVERLAP, 0)

    @api.model
    def _next_place(self, place, last, full):
        how, moment, last_id = place
        if how == "all":
            return ("all", moment, last.id) if full else ("since", moment, 0)
        return ("since", last.write_date, last.id) if last else ("since", moment + OVERLAP, last_id)

    @api.model
    def _portion(self, model, place):
        how, moment, last_id = place
        domain = [*self._scope(model), ("id", ">", last_id)]
        order = "id"
        if how == "since":
            order = "write_date, id"
            later = ["|", ("write_date", ">", moment), "&", ("write_date", "=", moment), ("id", ">", last_id)]
            domain = [*self._scope(model), *later]
        return self.env[model].sudo().search(domain, order=order, limit=PORTION)

    @api.model
    def _scope(self, model):
        """Return which records can be duplicates: no contact persons, no own companies, nobody's login."""
        if model == "res.partner":
            own = self.env["res.company"].sudo().search([("partner_id", "!=", False)]).partner_id.ids
            return [("parent_id", "=", False), ("id", "not in", own), ("user_ids", "=", False)]
        return [("active", "=", True)]

    @api.model
    def _forget_gone(self, model):
        """Close what is suspected of records that are no longer there, and forget their keys."""
        table = SQL.identifier(self.env[model]._table)
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE integration_duplicate d SET state = 'gone'
                 WHERE d.res_model = %s AND d.state IN ('open', 'asked')
                   AND (NOT EXISTS (SELECT FROM %s r WHERE r.id = d.first_id)
                        OR NOT EXISTS (SELECT FROM %s r WHERE r.id = d.second_id))
                RETURNING id
                """,
                model,
                table,
                table,
            )
        )
        gone = self.browse([row[0] for row in self.env.cr.fetchall()])
        gone.invalidate_recordset()
        gone.exception_id._resolve_if_empty()
        self.env.cr.execute(
            SQL(
                """DELETE FROM integration_duplicate_key k
                    WHERE k.res_model = %s AND NOT EXISTS (SELECT FROM %s r WHERE r.id = k.res_id)""",
                model,
                table,
            )
        )

    @api.model
    def _look_at(self, records):
        """Compare records with those that share a trait, and keep what is suspected; returns the suspicions."""
        model = records._name
        looked_at = records
        records = self.env[model].sudo().search([*self._scope(model), ("id", "in", records.ids)])
        Key = self.env["integration.duplicate.key"].sudo()
        subjects = self.env["integration.duplicate.reader"]._subjects(records)
        keys = {record_id: {hidden_key(key) for key in keys_of(one)} for record_id, one in subjects.items()}
        Key._rewrite(model, {record_id: keys.get(record_id, ()) for record_id in looked_at.ids})
        blocks = Key._neighbours(model, set().union(*keys.values()) if keys else set())
        others = set().union(*blocks.values()) - set(records.ids) if blocks else set()
        active = self.env[model].sudo().search([*self._scope(model), ("id", "in", sorted(others))])
        subjects |= self.env["integration.duplicate.reader"]._subjects(active)
        found = {}
        for record_id, own in keys.items():
            near = set().union(*(blocks.get(key, ()) for key in own)) if own else set()
            for other_id in (near & subjects.keys()) - {record_id}:
                suspicion = compare(subjects[record_id], subjects[other_id])
                if suspicion:
                    found[suspicion.first, suspicion.second] = suspicion
        return self._keep(model, looked_at.ids, found, subjects)

    @api.model
    def _keep(self, model, ids, found, subjects):
        """Store what was found about records; what is no longer suspected closes, what was denied stays denied."""
        known = self.sudo().search(
            [("res_model", "=", model), "|", ("first_id", "in", ids), ("second_id", "in", ids)]
        )
        by_pair = {(row.first_id, row.second_id): row for row in known}
        for pair, row in by_pair.items():
            if pair not in found and row.state == "open":
                row._close("gone", None)
        kept = self.browse()
        for pair, suspicion in found.items():
            row = by_pair.get(pair)
            values = self._values_of(model, suspicion, subjects)
            if not row:
                row = self.sudo().create(values)
            elif row.state == "not_duplicate" and not (suspicion.exact and not row.is_exact):
                continue  # said once, remembered until something certain turns up
            elif row.state in ("open", "not_duplicate", "gone"):
                row.write({**values, "state": "open"})
            else:
                continue
            row._raise()
            kept |= row
        return kept

    @api.model
    def _values_of(self, model, suspicion, subjects):
        one, other = subjects[suspicion.first], subjects[suspicion.second]
        words = self._reason_words()
        return {
            "res_model": model,
            "first_id": suspicion.first,
            "second_id": suspicion.second,
            "first_name": one.name[:200],
            "second_name": other.name[:200],
            "company_id": one.company or other.company or False,
            "is_exact": suspicion.exact,
            "confidence": suspicion.confidence,
            "reasons": ", ".join(words[reason] for reason in suspicion.reasons),
            "against": ", ".join(words[reason] for reason in suspicion.against) or False,
        }

    @api.model
    def _reason_words(self):
        _ = self.env._
        return {
            "tax_id": _("tax number"),
            "iban": _("bank account"),
            "barcode": _("barcode"),
            "email": _("e-mail address"),
            "reference": _("reference"),
            "phone": _("phone number"),
            "name": _("name"),
            "name_alike": _("similar name"),
            "domain": _("e-mail domain"),
            "country": _("country"),
            "is_company": _("one is a company, the other a person"),
        }

    def _raise(self):
        """Ask a person where money is involved: one of the two is known to an outside system, and it is likely."""
        self.ensure_one()
        if self.exception_id.state == "open" or not (self.is_exact or self.confidence >= ASK_FROM_PERCENT):
            return
        binding = (
            self.env["integration.binding"]
            .sudo()
            .search(
                [("res_model", "=", self.res_model), ("res_id", "in", (self.first_id, self.second_id))],
                order="id desc",
                limit=1,
            )
        )
        connection = binding.connection_id
        if not connection or connection.duplicate_policy != "ask":
            return
        params = {"one": self.first_name, "other": self.second_name, "reasons": self.reasons}
        self.exception_id = self.env["integration.exception"]._raise_cause(
            connection,
            "duplicate_suspected",
            params,
            f"{self.res_model}:{self.first_id}-{self.second_id}",
        )

    @api.model
    def _look_soon(self):
        """Have new records looked at within a minute or so; costs the caller one row."""
        if self.env.cr.cache.get(SOON):
            return
        self.env.cr.cache[SOON] = True
        cron = self.env.ref("finance_integration.cron_duplicates", raise_if_not_found=False)
        if cron and cron.sudo().active:
            cron.sudo()._trigger()

    # -- deciding ------------------------------------------------------------------------------------------

    def _close(self, state, reason, user=None):
        exceptions = self.exception_id
        self.sudo().write(
            {
                "state": state,
                "reason": reason,
                "decided_by_id": user.id if user else False,
                "decided_at": fields.Datetime.now() if user else False,
            }
        )
        exceptions.sudo()._resolve_if_empty()

    def _check_may_decide(self):
        self.check_access("read")
        if not self.env.user.has_group("finance_integration.group_operator"):
            raise UserError(self.env._("Only an operator decides about duplicates."))
        if any(pair.state != "open" for pair in self):
            raise UserError(self.env._("Some of these are decided already. Choose only those to be decided."))

    def action_not_duplicate(self):
        """Button: these are two different ones; remembered until something certain says otherwise."""
        self._check_may_decide()
        self.env["integration.audit.leaf"].sudo()._record_change(self, "duplicate.denied")
        self._close("not_duplicate", self.env._("Two different ones"), self.env.user)

    def action_propose_merge(self):
        """Button: choose which one stays and whose values survive, and ask a second person."""
        self.ensure_one()
        self._check_may_decide()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Merge"),
            "res_model": "integration.duplicate.merge",
            "view_mode": "form",
            "target": "new",
            "context": {"default_duplicate_id": self.id},
        }

    def action_look_now(self):
        """Button: look at these two again."""
        self.check_access("read")
        if not self.env.user.has_group("finance_integration.group_operator"):
            raise UserError(self.env._("Only an operator has them looked at again."))
        for pair in self:
            records = self.env[pair.res_model].sudo().browse((pair.first_id, pair.second_id)).exists()
            self.sudo()._forget_gone(pair.res_model)
            self.sudo()._look_at(records)

    def action_open_first(self):
        """Button: open the first of the two."""
        return self._open(self.first_id)

    def action_open_second(self):
        """Button: open the second of the two."""
        return self._open(self.second_id)

    def _open(self, record_id):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": record_id,
            "views": [(False, "form")],
        }


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    duplicate_policy = fields.Selection(
        [("ask", "Ask a person at once"), ("list", "Only list it")],
        required=True,
        default="ask",
        string="A suspected duplicate",
        tracking=True,
        help="What happens when a customer of this system is perhaps known already. Its documents are booked all the "
        "same.",
    )

    @api.model
    def _cron_names(self):
        return (*super()._cron_names(), "cron_duplicates")
