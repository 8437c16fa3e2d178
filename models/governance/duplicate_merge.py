# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Merging what a second person has agreed to be one: Odoo's own merge, with outside ids kept and moved (M3)."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...engine.instants import utc_now
from ...engine.owned_columns import CUSTOMER, HOME, PRODUCT, SUPPLIER
from ...engine.preview_words import told as said
from ..posting.work import Told
from .field_source import current, entry, writable

# Only the holder of this object fills in what a merge finds at the record that goes.
_KEY = object()


class IntegrationDuplicate(models.Model):
    _inherit = "integration.duplicate"

    def _check_can_merge(self, survivor, other):
        """Refuse what must not become one.

        :raises UserError: a record is gone, or they belong to different companies.
        """
        self.ensure_one()
        if not survivor or not other:
            raise UserError(self.env._("One of the two is no longer there."))
        survivor, other = survivor.sudo(), other.sudo()
        if survivor.company_id != other.company_id:
            if survivor.company_id and other.company_id:
                raise UserError(
                    self.env._("They belong to different companies and are kept apart on purpose.")
                )
            if survivor.company_id:
                raise UserError(
                    self.env._(
                        "%(other)s is used by all companies, %(survivor)s by one: the one for all has to stay.",
                        other=other.display_name,
                        survivor=survivor.display_name,
                    )
                )

    def _ask_for_merge(self, survivor, keep_other, reason, summary):
        """Ask a second person to merge; returns the request.

        :param survivor: the record that stays.
        :param keep_other: names of the fields whose value of the other one survives.
        """
        self.ensure_one()
        self._check_may_decide()
        first, second = self._records()
        if survivor not in (first, second):
            raise UserError(self.env._("Choose one of the two."))
        other = second if survivor == first else first
        self._check_can_merge(survivor, other)
        values = {
            "survivor": survivor.id,
            "other": other.id,
            "keep_other": sorted(keep_other),
            "company": self.env.company.id,
        }
        request = self.env["integration.change.request"]._ask(
            self,
            self.env._("Merge %(other)s into %(one)s", other=other.display_name, one=survivor.display_name),
            values,
            reason,
            summary,
            kind="partner",
        )
        self.sudo().write({"state": "asked", "reason": reason.strip()[:500]})
        return request

    def _approval_preview(self, values):
        """Return what an approver agrees to: who stays, and the values that it takes over."""
        first, second = self._records()
        survivor, other = (first, second) if values.get("survivor") == first.id else (second, first)
        labels = self.env["integration.ownership"]._labels("field")
        rows = [said({"before": other.display_name, "after": survivor.display_name}, label="stays")]
        rows += [
            {
                "label": labels[field],
                "before": survivor._integration_field_text(field),
                "after": other._integration_field_text(field),
            }
            for field in values.get("keep_other") or ()
        ]
        return {"rows": rows}

    def _carry_out(self, request):
        """Merge; called by integration.change.request after a second person has agreed."""
        self.ensure_one()
        values = request.values or {}
        Model = self.env[self.res_model].sudo().with_context(active_test=False)
        survivor, other = (Model.browse(values.get(name)).exists() for name in ("survivor", "other"))
        if {values.get("survivor"), values.get("other")} != {self.first_id, self.second_id}:
            raise UserError(self.env._("What was agreed is about other records."))
        self._check_can_merge(survivor, other)
        detail = f"{other._name},{other.id} → {survivor.id}"
        company = self.env["res.company"].browse(values.get("company") or self.env.company.id)
        merge = self._merge_contacts if self.res_model == "res.partner" else self._retire_product
        merge(survivor, other, values.get("keep_other") or (), request, company)
        self.env["integration.audit.leaf"]._record_change(survivor, "duplicate.merge", detail)
        self._close("merged", request.reason, request.approver_id)
        self._look_at(survivor.exists())

    def _approval_ended(self, request):
        self.filtered(lambda row: row.state == "asked").write({"state": "open"})

    def _merge_contacts(self, survivor, other, keep_other, request, company):
        survivor, other = survivor.with_company(company), other.with_company(company)
        taken, sources = {}, dict(survivor.integration_sources or {})
        theirs = other.integration_sources or {}
        for field in keep_other:
            taken |= {column: current(other, column) or False for column in CUSTOMER.columns[field]}
            self._take_source(CUSTOMER, field, company, sources, theirs, request)
        sources.setdefault(HOME, theirs.get(HOME))
        if theirs.get(SUPPLIER.home):
            sources.setdefault(SUPPLIER.home, theirs[SUPPLIER.home])
        stays = {
            field: {column: current(survivor, column) for column in columns}
            for field, columns in CUSTOMER.columns.items()
        }
        self.env["base.partner.merge.automatic.wizard"].sudo().create({})._merge(
            [survivor.id, other.id], survivor
        )
        # Core fills in what the survivor lacks; what was chosen goes before.
        kept = {
            column: value
            for field, values in stays.items()
            if field not in keep_other
            for column, value in values.items()
            if value is not None and current(survivor, column) != value
        }
        if not any(sources.values()):
            sources = {}
        survivor.write({**kept, **taken, "integration_sources": sources or False})

    def _take_source(self, layout, field, company, sources, theirs, request):
        """Let a value that survives keep where it comes from; who asked for it, where that is not known."""
        key = layout.source_key(field, company.id)
        sources[key] = theirs.get(key) or entry(Told(None, at=utc_now()), request.requester_id.id)

    def _retire_product(self, survivor, other, keep_other, request, company):
        """Odoo cannot merge products: the other one is archived, and what is known outside means the survivor."""
        survivor, other = survivor.with_company(company), other.with_company(company)
        taken, sources = {}, dict(survivor.integration_sources or {})
        theirs = other.integration_sources or {}
        for field in keep_other:
            taken |= {column: current(other, column) for column in PRODUCT.columns[field]}
            self._take_source(PRODUCT, field, company, sources, theirs, request)
        if theirs.get(HOME):
            sources.setdefault(HOME, theirs[HOME])
        self.env["integration.binding"].sudo()._move(other, survivor)
        meant = self.env["integration.mapping.version"].sudo().search(
            [("product_id", "=", other.id), ("state", "=", "used")]
        )  # fmt: skip
        for connection, versions in meant.grouped("connection_id").items():
            lines = [
                {
                    "mapping": version.mapping,
                    "value": version.outside_value,
                    "action": "set",
                    "from": version.valid_from.isoformat() if version.valid_from else None,
                    "until": version.valid_until.isoformat() if version.valid_until else None,
                    "target": survivor.id,
                    "base": version.mapping_id._base(),
                }
                for version in versions
            ]
            self.env["integration.mapping"]._put_in_force(connection, lines, request)
        other._integration_write_values({"active": False})
        # Only now the barcode of the other one is free: Odoo compares it with what is in use.
        survivor.with_context(active_test=True).write(
            {**writable(survivor, taken), "integration_sources": sources or False}
        )


class IntegrationBinding(models.Model):
    _inherit = "integration.binding"

    def _move(self, sources, target):
        """Let the outside ids of ``sources`` stand for ``target``; of several ids of one system, its own leads."""
        moved = self.sudo().search(
            [("res_model", "=", target._name), ("res_id", "in", sources.ids)], order="id"
        )
        leading = {
            (binding.connection_id, binding.kind)
            for binding in self.sudo().search(
                [("res_model", "=", target._name), ("res_id", "=", target.id), ("is_second", "=", False)]
            )
        }
        for binding in moved:
            side = (binding.connection_id, binding.kind)
            binding.write({"res_id": target.id, "is_second": binding.is_second or side in leading})
            leading.add(side)
        self.env["integration.audit.leaf"].sudo()._record_change(
            moved, "binding.move", f"→ {target._name},{target.id}"
        )
        self._move_traces(sources, target)

    def _move_traces(self, sources, target):
        """Let what events became, and what is proposed, be found at the record that stays."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE integration_effect SET res_id = %s WHERE res_model = %s AND res_id = ANY(%s)",
                target.id,
                target._name,
                sources.ids,
            )
        )
        self.env["integration.effect"].invalidate_model(["res_id"])
        proposals = self.env["integration.proposed.value"].sudo().search(
            [("res_model", "=", target._name), ("res_id", "in", sources.ids)]
        )  # fmt: skip
        # What was said of a record that is gone is said no more; said again, it is compared with the one that stays.
        proposals.filtered(lambda row: row.state == "open")._close("overtaken")
        self.env.flush_all()
        proposals.write({"res_id": target.id})

    def action_lead(self):
        """Button: of several ids by which a system knows this record, this one leads: what it says of it lands."""
        self.ensure_one()
        self.check_access("write")
        others = self.sudo().search(
            [
                ("connection_id", "=", self.connection_id.id),
                ("kind", "=", self.kind),
                ("res_model", "=", self.res_model),
                ("res_id", "=", self.res_id),
            ]
        )
        others.write({"is_second": True})
        self.sudo().is_second = False
        self.env["integration.audit.leaf"].sudo()._record_change(self, "binding.lead")


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    """Whoever merges contacts in Odoo, by whatever way: outside ids move along, companies stay apart."""

    _inherit = "base.partner.merge.automatic.wizard"

    def _merge(self, partner_ids, dst_partner=None, extra_checks=True):
        partners = self.env["res.partner"].sudo().browse(partner_ids).exists()
        if len(partners.company_id) > 1:
            raise UserError(self.env._("Contacts of different companies are kept apart and are not merged."))
        return super()._merge(partner_ids, dst_partner, extra_checks)

    @api.model
    def _update_values(self, src_partners, dst_partner):
        survivor, others = dst_partner.sudo(), src_partners.sudo()
        # A hold is never lost; an approval of the other one, which may be kept for another reason, never gained.
        for company in self.env["res.company"].sudo().search([]):  # pylint: disable=no-search-all
            held = others.with_company(company).filtered("integration_credit_hold")[:1]
            if held:
                reason = held.integration_credit_hold_reason or self.env._("%s was on hold.", held.name)
                survivor.with_company(company)._integration_set_credit_hold(reason)
        if not survivor.integration_sources:
            told = [partner.integration_sources for partner in others if partner.integration_sources]
            survivor.integration_sources = told[0] if told else False
        return super()._update_values(src_partners, dst_partner.with_context(integration_merge=_KEY))

    @api.model
    def _update_reference_fields(self, src_partners, dst_partner):
        if not dst_partner.env.su:  # nobody has decided about this merge
            self._forget_approvals(src_partners)
        result = super()._update_reference_fields(src_partners, dst_partner)
        self.env["integration.binding"].sudo()._move(src_partners, dst_partner)
        return result

    @api.model
    def _forget_approvals(self, partners):
        """Take approvals from what is about to go: Odoo fills in with SQL what the one that stays lacks."""
        boxes = ("integration_customer_approved", "integration_supplier_active")
        names = [f"{box}{end}" for box in boxes for end in ("", "_at", "_by_id")]
        self.env.flush_all()
        empty = SQL(", ").join(SQL("%s = NULL", SQL.identifier(name)) for name in names)
        self.env.cr.execute(SQL("UPDATE res_partner SET %s WHERE id = ANY(%s)", empty, partners.ids))
        partners.invalidate_recordset(names)


class IntegrationBindingConflict(models.Model):
    """Outside ids that contradict one another, as the books are now."""

    _name = "integration.binding.conflict"
    _description = "Contradicting outside ids"
    _auto = False
    _order = "id"
    _rec_name = "what"

    what = fields.Selection(
        [
            ("several_ids", "One system knows the record under several ids, and all of them lead"),
            ("several_records", "One outside id stands for several records"),
        ],
        readonly=True,
        string="Contradiction",
    )
    company_id = fields.Many2one("res.company", readonly=True)
    connection_id = fields.Many2one("integration.connection", readonly=True)
    kind = fields.Char(readonly=True, string="Carries")
    res_model = fields.Char(readonly=True)
    res_id = fields.Many2oneReference(model_field="res_model", readonly=True, string="Record")
    outside_ids = fields.Char(readonly=True)
    binding_count = fields.Integer(readonly=True, string="Bindings")
    record_names = fields.Char(compute="_compute_record_names", string="Odoo records")

    @property
    def _table_query(self):
        return """
            SELECT min(b.id) AS id, 'several_ids' AS what, b.company_id, b.connection_id, b.kind, b.res_model, b.res_id,
                   left(string_agg(b.outside_id, ', ' ORDER BY b.id), 500) AS outside_ids, count(*) AS binding_count
              FROM integration_binding b
             WHERE NOT COALESCE(b.is_second, FALSE) AND b.res_model IN ('res.partner', 'product.product')
             GROUP BY b.company_id, b.connection_id, b.kind, b.res_model, b.res_id HAVING count(*) > 1
            UNION ALL
            SELECT -min(b.id), 'several_records', b.company_id, min(b.connection_id), min(b.kind), b.res_model,
                   NULL, b.outside_id, count(*)
              FROM integration_binding b JOIN integration_connection c ON c.id = b.connection_id
             WHERE b.res_model IN ('res.partner', 'product.product')
             GROUP BY b.company_id, b.res_model, b.outside_id, c.connector,
                      COALESCE(c.outside_account, c.id::text)
            HAVING count(DISTINCT b.res_id) > 1
        """

    def _bindings(self):
        self.ensure_one()
        domain = [("res_model", "=", self.res_model), ("company_id", "=", self.company_id.id)]
        if self.what == "several_ids":
            domain += [
                ("connection_id", "=", self.connection_id.id),
                ("kind", "=", self.kind),
                ("res_id", "=", self.res_id),
            ]
        else:
            domain += [
                ("outside_id", "=", self.outside_ids),
                ("connection_id.connector", "=", self.connection_id.connector),
            ]
        return self.env["integration.binding"].search(domain, limit=100)

    def _compute_record_names(self):
        for conflict in self:
            names = conflict._bindings().mapped("record_name")
            conflict.record_names = ", ".join(sorted({name for name in names if name})) or False

    def action_open_bindings(self):
        """Button: open the bindings that contradict one another."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_binding")
        return dict(action, domain=[("id", "in", self._bindings().ids)], context={})
