# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.tools import SQL

from ...engine.error_catalogue import (
    ACTORS,
    BACK_OFFS,
    CLASS_LABELS,
    CODES,
    REPLAYS,
    RESOLUTIONS,
    fill,
)
from .integration_exception import SEVERITIES

# The texts are the catalogue's and translated when they are shown; the columns serve searching and grouping.
_TEXTS = ("title", "sentence", "next_step")


class IntegrationErrorResolution(models.Model):
    """What each error means and how it goes on. The engine's catalogue as a list: written by the installation alone."""

    _name = "integration.error.resolution"
    _description = "What an error means"
    _order = "error_class, code"
    _log_access = False
    _rec_name = "title"

    code = fields.Char(
        required=True, readonly=True, help="The stable name of this error in logs and answers."
    )
    error_class = fields.Selection("_selection_error_class", required=True, readonly=True, string="Class")
    severity = fields.Selection(SEVERITIES, readonly=True)
    by_itself = fields.Boolean(
        string="Tried again by itself", readonly=True, help="Nothing that a person must decide ever is."
    )
    back_off = fields.Selection("_selection_back_off", readonly=True, string="Pauses")
    actor = fields.Selection("_selection_actor", readonly=True, string="Who acts")
    actor_later = fields.Selection(
        "_selection_actor",
        readonly=True,
        string="Who has the last word",
        help="Or who acts once the tries are spent.",
    )
    replay = fields.Selection("_selection_replay", readonly=True, string="Is processing it again of use?")
    affects_books = fields.Boolean(
        string="Concerns the books",
        readonly=True,
        help="Something is missing, waiting or in question in the books.",
    )
    known = fields.Boolean(readonly=True, default=True, help="Off for a code that earlier versions had.")
    title = fields.Char(compute="_compute_texts", search="_search_title", string="What it is called")
    sentence = fields.Char(compute="_compute_texts", search="_search_sentence", string="What it says")
    next_step = fields.Char(compute="_compute_texts", search="_search_next_step", string="What to do")
    stopped_count = fields.Integer(compute="_compute_stopped_count", string="Stopped events")

    _code_unique = models.Constraint("UNIQUE(code)", "This error exists already.")

    def init(self):
        """Bring the table in line with the catalogue, at installation and at each upgrade."""
        rows = [
            (
                code,
                resolution.error_class.value,
                CODES[code].severity,
                resolution.by_itself,
                resolution.back_off,
                resolution.actor,
                resolution.actor_later,
                resolution.replay,
                resolution.affects_books,
                True,
            )
            for code, resolution in sorted(RESOLUTIONS.items())
        ]
        names = (
            "code", "error_class", "severity", "by_itself", "back_off", "actor", "actor_later", "replay",
            "affects_books", "known",
        )  # fmt: skip
        columns = SQL(", ").join(SQL.identifier(name) for name in names)
        news = SQL(", ").join(
            SQL("%s = EXCLUDED.%s", SQL.identifier(name), SQL.identifier(name)) for name in names
        )
        self.env.cr.execute(SQL("UPDATE integration_error_resolution SET known = false"))
        self.env.cr.execute(
            SQL(
                "INSERT INTO integration_error_resolution (%s) VALUES %s ON CONFLICT (code) DO UPDATE SET %s",
                columns,
                SQL(", ").join(SQL("%s", row) for row in rows),
                news,
            )
        )

    # -- words -----------------------------------------------------------------------------------------------

    def _translated(self, labels):
        return [(key, self.env._(label)) for key, label in labels.items()]  # pylint: disable=translation-not-lazy

    @api.model
    def _selection_error_class(self):
        return self._translated({error_class.value: label for error_class, label in CLASS_LABELS.items()})

    @api.model
    def _selection_back_off(self):
        return self._translated(BACK_OFFS)

    @api.model
    def _selection_actor(self):
        return self._translated(ACTORS)

    @api.model
    def _selection_replay(self):
        return self._translated(REPLAYS)

    @api.model
    def _titles(self):
        """Return {code: title in the reader's language}."""
        return {code: self._text(code, "title") for code in CODES}

    @api.model
    def _text(self, code, name):
        """Return one text of the catalogue in the reader's language, with an ellipsis where a value will stand."""
        if code not in CODES:
            return code
        return fill(self.env._(getattr(CODES[code], name)), {})  # pylint: disable=translation-not-lazy

    @api.depends("code")
    @api.depends_context("lang")
    def _compute_texts(self):
        for resolution in self:
            for name in _TEXTS:
                resolution[name] = self._text(resolution.code, name)

    @api.depends("code")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for resolution in self:
            resolution.display_name = self._text(resolution.code, "title")

    def _search_text(self, name, operator, value):
        """Look for words in the texts as the reader sees them: they are not in the database."""
        if operator not in ("ilike", "not ilike", "=", "!=", "in", "not in"):
            return NotImplemented
        words = [value] if isinstance(value, str) else list(value or [])
        wanted = [word.casefold() for word in words if word]
        whole = operator in ("=", "!=", "in", "not in")
        codes = [
            code
            for code in CODES
            for text in [self._text(code, name).casefold()]
            if any(text == word if whole else word in text for word in wanted)
        ]
        return [("code", "not in" if operator in ("!=", "not in", "not ilike") else "in", codes)]

    def _search_title(self, operator, value):
        return self._search_text("title", operator, value)

    def _search_sentence(self, operator, value):
        return self._search_text("sentence", operator, value)

    def _search_next_step(self, operator, value):
        return self._search_text("next_step", operator, value)

    # -- what waits ------------------------------------------------------------------------------------------

    def _compute_stopped_count(self):
        counts = dict(
            self.env["integration.message"]._read_group(
                [("status", "in", ("dead", "parked")), ("error_code", "in", self.mapped("code"))],
                ["error_code"],
                ["__count"],
            )
        )
        for resolution in self:
            resolution.stopped_count = counts.get(resolution.code, 0)

    def action_open_stopped(self):
        """Button: the events that this error has stopped."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_stopped_event")
        return dict(action, domain=[("reason_id", "=", self.id)], context={})
