# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The hub's own status words as a list of which other systems are told, like Odoo's own lists (O16)."""

from odoo import api, fields, models

from ...engine.status_words import ABOUT, STATUS_WORDS

_LABELS = {word.key: word.label for word in STATUS_WORDS}


class IntegrationStatusWord(models.Model):
    """A word that stands in the hub's answers and events. The list is the program's; nobody changes it."""

    _name = "integration.status.word"
    _description = "Status word of the hub"
    _inherit = ["integration.told"]
    _order = "about, id"
    _rec_name = "code"

    _told_step = "_publish_statuses_changed"
    _told_kind = "event.status_changed"
    _told_fields = frozenset({"active"})

    about = fields.Selection("_selection_about", required=True, readonly=True)
    code = fields.Char(required=True, readonly=True, string="Word")
    label = fields.Char(compute="_compute_label", string="Means")
    active = fields.Boolean(
        default=True, readonly=True, help="A word that is not used any more stays, told as ended."
    )

    _word_unique = models.UniqueIndex("(about, code)")

    @api.model
    def _selection_about(self):
        return [(code, self.env._(text)) for code, text in ABOUT.items()]  # pylint: disable=translation-not-lazy

    @api.depends("about", "code")
    @api.depends_context("lang")
    def _compute_label(self):
        for word in self:
            label = _LABELS.get((word.about, word.code))
            word.label = self.env._(label) if label else False  # pylint: disable=translation-not-lazy

    @api.model
    def _install_words(self):
        """Bring the list to what the program says; whoever listens is told what was added or ended."""
        words = self.sudo().with_context(active_test=False)
        known = {(word.about, word.code): word for word in words.search([])}
        words.create(
            [{"about": about, "code": code} for about, code in _LABELS if (about, code) not in known]
        )
        for key, word in known.items():
            if word.active != (key in _LABELS):
                word.active = key in _LABELS
