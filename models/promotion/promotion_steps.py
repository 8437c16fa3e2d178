# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A configuration takes effect by an approval, and is taken back by another one (M5, M8)."""

from odoo import fields, models
from odoo.exceptions import AccessError, UserError

from ...engine.canonical_json import canonical_bytes, digest
from ...engine.promotion import SECTIONS, ownership_problems, rows_digest
from ...engine.promotion_plan import as_changed, completed, inverse, kinds_of, operations
from .promotion_line import key_text

SHOWN_ROWS = 200
IMPORT, TAKE_BACK = "import", "take_back"


class IntegrationPromotion(models.Model):
    _inherit = "integration.promotion"

    def action_ask(self):
        """Button: open the dialog in which one says why, and asks for approval of exactly what is shown."""
        self.ensure_one()
        self.check_access("write")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Ask for approval"),
            "res_model": "integration.approval.ask",
            "view_mode": "form",
            "target": "new",
            "context": {"default_res_model": self._name, "default_res_id": self.id},
        }

    def _ask_with(self, reason, attachments):
        """Ask for what comes next: taking it over, or taking it back; called by the dialog."""
        self.ensure_one()
        self.env["integration.right"]._require("configure")
        self._check_companies(self.company_id)
        if self.state == "ready":
            values, field = self._import_values(), "request_id"
            name = self.env._("Configuration: %s", self.name)
        elif self.state == "done":
            values, field = self._back_values(), "back_request_id"
            name = self.env._("Take back: %s", self.name)
        else:
            raise UserError(self.env._("Nothing can be asked about this now."))
        request = self.env["integration.change.request"]._ask(
            self,
            name,
            values,
            reason,
            self._summary(values),
            kind="bundle",
            company=self.company_id,
            barred=self.create_uid,
            attachments=attachments,
        )
        self.sudo().write({field: request.id})
        return request

    def _import_values(self):
        """Return what is asked for, as JSON.

        :raises UserError: nothing differs, something is missing here, or rules would contradict each other.
        """
        target, differences = self._differences()
        left_out = {(line.section, line.key) for line in self.line_ids.filtered("leave_out")}
        planned = operations(
            difference
            for difference in differences
            if (difference.section, key_text(difference.key)) not in left_out
        )
        if not planned:
            raise UserError(self.env._("Nothing would change."))
        rows = self.env["integration.promotion.rows"]
        if gaps := rows._gaps(self.company_id, target, planned, self.environment):
            listed = [
                f"• {key_text(key)}: {gap}. {step}"
                for (_s, key), found in gaps.items()
                for gap, step in found
            ]
            raise UserError(
                self.env._("Something is missing here. Nothing was asked for.\n%s", "\n".join(listed[:30]))
            )
        if names := ownership_problems(as_changed(target, planned)):
            raise UserError(
                self.env._(
                    "Rules of ownership would contradict each other or go round in a circle: %s", names
                )
            )
        return {"do": IMPORT, "operations": planned, "kinds": kinds_of(planned)}

    def _back_values(self):
        """Return what takes the import back, as JSON: the operations that were approved, the other way round.

        :raises UserError: with the reasons why it cannot be taken back.
        """
        target = self.env["integration.promotion.rows"]._read_rows(self.company_id)[0]
        # An approval from before a newer version says nothing about what came with that version.
        planned = inverse(completed(self.request_id.sudo().values["operations"], target))
        self._check_back(planned)
        return {"do": TAKE_BACK, "operations": planned, "kinds": kinds_of(planned)}

    def _check_back(self, planned):
        rows = self.env["integration.promotion.rows"]
        if reasons := rows._kept_reasons(self.company_id, planned, self.done_at):
            listed = "\n".join(f"• {reason}" for reason in reasons)
            raise UserError(self.env._("This cannot be taken back any more:\n%s", listed))

    def _summary(self, values):
        told = [
            f"{operation['op']}: {key_text(operation['key'])}"
            for operation in values["operations"][:SHOWN_ROWS]
        ]
        if values["do"] == TAKE_BACK:
            told.append(
                self.env._(
                    "What values of outside systems mean changes from today on; what was booked stays as it was booked."
                )
            )
        elif self.needs:
            told.append(self.env._("To be supplied afterwards:\n%s", self.needs))
        return "\n".join(told)

    def _approval_preview(self, values):
        """Return what an approver sees; it rests on the whole configuration of the company as it is now."""
        planned = (values or {}).get("operations") or []
        lines = self.env["integration.promotion.line"]
        labels = dict(lines._selection_section())
        rows = []
        for operation in planned[:SHOWN_ROWS]:
            before, after = operation["before"], operation["after"]
            # In the order of the section: the database keeps the keys of JSON in another one.
            names = [
                name
                for name in SECTIONS[operation["section"]].fields
                if (before or {}).get(name) != (after or {}).get(name)
            ]
            key = key_text(operation["key"])
            rows.append(
                {
                    "field": f"{operation['section']} {key}",
                    "label": f"{labels[operation['section']]} {key}",
                    "before": lines._words_of(operation["section"], before, names) or "",
                    "after": lines._words_of(operation["section"], after, names) or "",
                }
            )
        target = self.env["integration.promotion.rows"]._read_rows(self.company_id)[0]
        more = len(planned) - SHOWN_ROWS
        return {
            "rows": rows,
            "notes": [self.env._("And %s more.", more)] if more > 0 else [],
            "digest": digest(canonical_bytes([planned, rows_digest(target)])),
        }

    def _carry_out(self, request):
        """Do what was approved, all of it or nothing; called by integration.change.request.

        What is done stands in the request, as it was approved.
        """
        self.ensure_one()
        mine = (request.res_model, request.res_id) == (self._name, self.id)
        if not mine or not request.approver_id or request.approver_id == request.requester_id:
            raise AccessError(self.env._("This is not the approval of this configuration."))
        values = request.values
        back = values["do"] == TAKE_BACK
        if bool(self.done_at) != back:
            raise UserError(self.env._("This has been done already."))
        if back:
            self._check_back(values["operations"])
        self.env["integration.promotion.rows"]._carry_operations(
            self.company_id,
            self.environment,
            values["operations"],
            request,
            from_day=fields.Date.context_today(self) if back else None,
        )
        if not back:
            # As entries are dated: by the begin of their transaction.
            self.sudo().write({"done_at": self.env.cr.now().replace(microsecond=0)})
        self._record(
            self, "bundle.take_back" if back else "bundle.import", f"{self.name}: {self.bundle_digest}"
        )

    def action_open_request(self):
        """Button: open the newest approval of this configuration."""
        self.ensure_one()
        request = self.back_request_id or self.request_id
        return {
            "type": "ir.actions.act_window",
            "res_model": request._name,
            "res_id": request.id,
            "views": [(False, "form")],
        }
