# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a request would change: computed when it is asked for, frozen with a digest, compared again before it is done.

A preview is JSON::

    {
        "rows": [{"field": name, "label": words, "before": text, "after": text, "currency": code}],
        "entries": [
            {
                "change": "added" | "reversed" | "unchanged",
                "title": words,
                "lines": [{"account", "label", "debit", "credit"}],
            }
        ],
        "notes": [words],
        "digest": text,
    }

``rows`` and ``digest`` must be the same when it is carried out; ``notes``, ``label`` and ``currency`` (of amounts that
name none) are for people.
"""

import hashlib
import json

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import formatLang

from ...engine.approval import content_digest, preview_core, preview_facts
from ...engine.preview_words import WORDS
from ..messaging.error_words import sentence_words
from .preview_text import currency_of, field_text, money_text

MAX_SHOWN_ENTRIES = 50
CHANGE_TONES = {"added": "text-success", "reversed": "text-danger", "unchanged": "text-muted"}


class IntegrationChangeRequest(models.Model):
    _inherit = "integration.change.request"

    preview = fields.Json(readonly=True, string="Computed change")
    recomputed = fields.Boolean(
        readonly=True,
        help="What would change is computed once more before it is done, and has to be the same.",
    )
    content_digest = fields.Char(
        readonly=True,
        string="Digest",
        help="SHA-256 over everything that is asked for: it freezes what is approved.",
    )
    preview_html = fields.Html(compute="_compute_preview_html", string="What would change", sanitize=False)
    at_stake = fields.Char(compute="_compute_at_stake", string="Money at stake")
    is_stale = fields.Boolean(
        compute="_compute_is_stale",
        help="What it is about has changed since it was asked for: it cannot be approved as it stands.",
    )

    # -- freezing -------------------------------------------------------------------------------------------------

    def _content_facts(self, record, facts, preview, attachments):
        company = self.env["res.company"].browse(facts["company_id"])
        shown = preview if preview is not None else self._preview_of(record, facts["values"], company)
        facts = {**facts, "preview": shown}
        return {
            "preview": shown,
            "recomputed": preview is None,
            "content_digest": content_digest(self._content(facts, attachments)),
        }

    @api.model
    def _content(self, facts, attachments):
        """Return what the digest of a request is computed over."""
        amount = facts["amount"]
        return {
            "model": facts["res_model"],
            "id": facts["res_id"],
            "kind": facts["kind"],
            "values": exact_json(facts["values"]),
            "reason": facts["reason"],
            "amount": None if amount is None else f"{float(amount):.6f}",
            "currency": facts["currency_id"] or None,
            "later": bool(facts["later"]),
            "preview": exact_json(preview_core(facts["preview"] or {})),
            "evidence": sorted(
                hashlib.sha256(attachment.raw or b"").hexdigest() for attachment in attachments or ()
            ),
        }

    def _content_now(self):
        """Return the digest of this request as it stands in the database."""
        facts = {
            name: self[name]
            for name in ("res_model", "res_id", "kind", "values", "reason", "later", "preview")
        }
        facts["amount"] = self.amount if self.currency_id else None
        facts["currency_id"] = self.currency_id.id
        return content_digest(self._content(facts, self.attachment_ids))

    @api.model
    def _preview_of(self, record, values, company):
        """Return what ``values`` would change of ``record``, the same for whoever asks and in whichever language."""
        record = record.sudo().with_company(company).with_context(lang="en_US", tz="UTC")
        if hasattr(record, "_approval_preview"):
            return record._approval_preview(values)
        return self._plain_preview(record, values)

    @api.model
    def _plain_preview(self, record, values):
        """Return what ``values`` would change, field by field."""
        rows = []
        for name, after in sorted((values or {}).items()):
            field = record._fields.get(name)
            before = self._text(record, name, record[name]) if field else ""
            rows.append({"field": name, "before": before, "after": self._text(record, name, after)})
        return {"rows": rows}

    @api.model
    def _text(self, record, name, value):
        """Return a value as text: the words of a selection, the name of a record."""
        if isinstance(value, models.BaseModel):
            return ", ".join(value.mapped("display_name"))
        field = record._fields.get(name)
        if field and field.type == "selection":
            return dict(field._description_selection(record.env)).get(value, value or "")
        if field and field.type == "many2one" and isinstance(value, int) and value:
            return record.env[field.comodel_name].browse(value).display_name or ""
        if field and field.type == "boolean":
            return str(bool(value))
        return "" if value in (None, False) else str(value)

    def _check_content(self):
        """Refuse what is not what was asked for, or what would change something else by now.

        :raises UserError: with what to do.
        """
        self.ensure_one()
        if self.content_digest and self._content_now() != self.content_digest:
            raise UserError(
                self.env._(
                    "This is not what was asked for: its content or its evidence was changed. Refuse it."
                )
            )
        if self._is_overtaken():
            raise UserError(
                self.env._(
                    "What it is about has changed since it was asked for. Refuse it, or have it withdrawn and asked "
                    "for again, so that you see what would change now."
                )
            )

    def _is_overtaken(self, glance=False):
        """Return whether something else would change by now than what is shown.

        :param glance: it is only shown to somebody: a record that would have to rehearse may say it from its
            ``_approval_glance(request)``; None = it cannot.
        """
        record = self._record()
        if not record:
            return True
        if glance and hasattr(record, "_approval_glance"):
            overtaken = record.sudo()._approval_glance(self)
            if overtaken is not None:
                return overtaken
        if not self.recomputed:
            return False
        now = self._preview_of(record, self.values, self.company_id)
        return exact_json(preview_facts(now)) != exact_json(preview_facts(self.preview or {}))

    @api.depends("state", "preview")
    def _compute_is_stale(self):
        for request in self:
            waits = request.state in ("asked", "agreed")
            request.is_stale = waits and request.sudo()._is_overtaken(glance=True)

    @api.depends("amount", "currency_id")
    def _compute_at_stake(self):
        for request in self:
            currency = request.currency_id
            request.at_stake = (
                formatLang(self.env, request.amount, currency_obj=currency) if currency else False
            )

    # -- showing ----------------------------------------------------------------------------------------------------

    @api.depends("preview")
    @api.depends_context("lang", "tz", "uid")
    def _compute_preview_html(self):
        for request in self:
            preview = request.preview or {}
            parts = [
                Markup("<p class='fw-bold text-warning-emphasis'>%s</p>") % request._said(note, "text")
                for note in preview.get("notes") or []
            ]
            parts.append(request._rows_markup(preview.get("rows") or []))
            parts += [
                request._entry_markup(entry) for entry in (preview.get("entries") or [])[:MAX_SHOWN_ENTRIES]
            ]
            request.preview_html = Markup("").join(parts) or False

    def _rows_markup(self, rows):
        if not rows:
            return Markup("")
        lines = Markup("").join(
            Markup("<tr><td>%s</td><td>%s</td><td>%s</td></tr>")
            % (
                self._label(row),
                self._shown(row, "before") or "–",
                Markup("<b>%s</b>") % (self._shown(row, "after") or "–"),
            )
            for row in rows
        )
        return Markup(
            "<table class='table table-sm'><thead><tr><th></th><th>%s</th><th>%s</th></tr></thead>%s</table>"
        ) % (self.env._("Now"), self.env._("After approval"), lines)

    def _said(self, part, name):
        """Return a text of a part of a preview in the reader's language, where it says which sentence it is."""
        if not isinstance(part, dict):
            return part
        code, params = (part.get("words") or {}).get(name) or (None, None)
        if code not in WORDS:
            return part.get(name)
        return sentence_words(self.env, WORDS[code], params)

    def _shown(self, row, name):
        """Return a value of a row as the reader writes it; ``currency`` of a row names that of its amounts."""
        text = self._said(row, name)
        if not text or name in (row.get("words") or {}):
            return text
        if row.get("currency"):
            return money_text(self.env, text, currency_of(self.env, row["currency"]))
        model = self.env.get(self.res_model)
        if model is None:
            return text
        return field_text(self.env, model.sudo().browse(self.res_id or []).exists(), row.get("field"), text)

    def _label(self, row):
        if row.get("label"):
            return self._said(row, "label")
        model = self.env.get(self.res_model)
        field = model._fields.get(row.get("field")) if model is not None else None
        return field._description_string(self.env) if field else row.get("field") or ""

    def _entry_markup(self, entry):
        words = {
            "added": self.env._("Would be booked"),
            "reversed": self.env._("Would be reversed"),
            "unchanged": self.env._("Stays as it is"),
        }
        lines = Markup("").join(
            Markup("<tr><td>%s</td><td>%s</td><td class='text-end'>%s</td><td class='text-end'>%s</td></tr>")
            % (
                line.get("account") or "",
                line.get("label") or "",
                *(
                    money_text(self.env, line.get(side), self.company_id.currency_id) or ""
                    for side in ("debit", "credit")
                ),
            )
            for line in entry.get("lines") or []
        )
        change = entry.get("change") or "added"
        head = Markup("<h5><span class='%s'>%s</span> %s</h5>") % (
            CHANGE_TONES.get(change, ""),
            words.get(change, change),
            self._said(entry, "title") or "",
        )
        if not lines:
            return head
        return head + Markup(
            "<table class='table table-sm'><tr><th>%s</th><th>%s</th><th class='text-end'>%s</th>"
            "<th class='text-end'>%s</th></tr>%s</table>"
        ) % (self.env._("Account"), self.env._("Label"), self.env._("Debit"), self.env._("Credit"), lines)

    def action_open_record(self):
        """Button: open what this is about."""
        self.ensure_one()
        record = self._record()
        if not record:
            raise UserError(self.env._("What was to be changed is no longer there."))
        record.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "views": [(False, "form")],
        }


def exact_json(value):
    """Return ``value`` as it comes back from the database, its fractions as texts: they have no exact form else."""
    return json.loads(json.dumps(value), parse_float=str)
