# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a verification found, in plain words."""

from odoo import api, fields, models
from odoo.tools import format_datetime
from odoo.tools.translate import LazyTranslate

_lt = LazyTranslate(__name__)

FINDING_WORDS = {
    "seal_unreadable": _lt("Seal %(seal)s is not a seal any more."),
    "seal_missing": _lt("Seal %(seal)s is missing."),
    "seal_order": _lt("Seal %(seal)s stands where another one belongs."),
    "seal_chain": _lt("Seal %(seal)s does not follow from the one before it."),
    "seal_key": _lt("Seal %(seal)s is signed with a key that is not known here."),
    "seal_old_key": _lt("Seal %(seal)s is signed with a key that had been replaced before."),
    "seal_signature": _lt("The signature of seal %(seal)s is forged."),
    "seal_list": _lt("The list beside seal %(seal)s was changed; the entries are what was sealed."),
    "seal_content": _lt("The entries of seal %(seal)s are not what was sealed."),
    "entry_changed": _lt("Entry %(entry)s was changed after it was written."),
    "entry_missing": _lt("Entry %(entry)s was deleted."),
    "entry_inserted": _lt("Entry %(entry)s was inserted later."),
    "seal_not_ours": _lt(
        "Seal %(seal)s is the newest one and is signed with a key that this server does not hold."
    ),
    "head_missing": _lt("Seal %(seal)s was exported and is not in the database any more."),
    "head_differs": _lt("Seal %(seal)s is not the one that was exported."),
    "heads_unreadable": _lt("The file of exported seals has a hole before seal %(seal)s."),
}


class IntegrationAuditVerification(models.Model):
    _inherit = "integration.audit.verification"

    progress = fields.Integer(compute="_compute_progress", string="Done (%)")
    result = fields.Text(compute="_compute_result", string="Found")

    def _compute_display_name(self):
        states = dict(self._fields["state"]._description_selection(self.env))
        for row in self:
            day = format_datetime(row.env, row.started_at, tz=row.env.context.get("tz"))
            row.display_name = f"{day} · {states.get(row.state)}"

    @api.depends("first_number", "last_number", "position", "state")
    def _compute_progress(self):
        for row in self:
            total = row.last_number - row.first_number + 1
            done = row.position - row.first_number + 1
            row.progress = 100 if row.state != "running" or total <= 0 else max(0, done * 100 // total)

    @api.depends("state", "finding_code", "position", "entry_count", "unsealed_count", "reason")
    def _compute_result(self):
        for row in self:
            row.result = "\n".join(str(sentence) for sentence in row._sentences())

    def _sentences(self):
        _ = self.env._
        if self.state == "failed":
            return [_("The audit trail could not be verified: %s", self.reason)]
        sentences = []
        if self.finding_code:
            words = _(FINDING_WORDS[self.finding_code])  # pylint: disable=translation-not-lazy
            sentences.append(words % {"seal": self.finding_seal, "entry": self.finding_entry})
            sentences.append(
                _("Everything before it is what was sealed; what comes after it was not looked at.")
            )
        elif not self.last_number:
            sentences.append(_("Nothing has been sealed yet."))
        elif self.state == "holds":
            sentences.append(
                _(
                    "Seals %(first)s to %(last)s hold: %(entries)s entries are what was sealed.",
                    first=self.first_number,
                    last=self.position,
                    entries=self.entry_count,
                )
            )
        if self.finding_code:
            pass
        elif self.head_count:
            sentences.append(_("%s exported seals are the same as here.", self.head_count))
        elif self.last_number and self.state == "holds":
            sentences.append(
                _(
                    "No exported seals were found outside the database: "
                    "whether the last ones were deleted is not known."
                )
            )
        if self.given_up_count:
            sentences.append(
                _(
                    "%s exported seals are not here any more: a person said that the database was restored from an "
                    "older copy. Ask for the reason in the audit trail.",
                    self.given_up_count,
                )
            )
        if self.unsealed_count:
            sentences.append(
                _(
                    "%(count)s entries since %(since)s are not sealed yet: nothing proves yet that they are unchanged.",
                    count=self.unsealed_count,
                    since=format_datetime(self.env, self.unsealed_since, tz=self.env.context.get("tz")),
                )
            )
        return sentences
