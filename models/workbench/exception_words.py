# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What an exception says. Code and parameters are stored; the words are made when somebody reads, in their language."""

from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.translate import LazyTranslate

from ...engine.error_catalogue import CODES, fill
from ..governance.mapping import MAPPING_CODES

_lt = LazyTranslate(__name__)

# Parameters that are words themselves, as the code that raises writes them.
WORDS = {
    "customer": _lt("customer"),
    "invoice": _lt("invoice"),
    "somebody unknown": _lt("somebody unknown"),
    "all events": _lt("all events"),
    "customer invoices": _lt("customer invoices"),
    "journal entries": _lt("journal entries"),
    "(none given)": _lt("(none given)"),
    "it is not posted": _lt("it is not posted"),
    "its entry does not exist any more": _lt("its entry does not exist any more"),
    "a part of it is credited already": _lt("a part of it is credited already"),
    "its account allows no matching": _lt("its account allows no matching"),
    "several products have this number": _lt("several products have this number"),
    "it has the same number and another barcode": _lt("it has the same number and another barcode"),
    "the source knows that one under another id": _lt("the source knows that one under another id"),
    "its number is only written otherwise": _lt("its number is only written otherwise"),
    "it has the same name, and the source gives no number": _lt(
        "it has the same name, and the source gives no number"
    ),
    "account holder": _lt("account holder"),
    "bank": _lt("bank"),
    "clearing number": _lt("clearing number"),
    "currency": _lt("currency"),
}


def spoken(env, params):
    """Return the parameters of a sentence with those that are words in the language of ``env``.

    Behind a colon a word may name what it is about: a document, an account.
    """

    def said(value):
        word, colon, about = value.partition(": ") if isinstance(value, str) else (value, "", "")
        return f"{env._(WORDS[word])}{colon}{about}" if isinstance(value, str) and word in WORDS else value

    return {name: said(value) for name, value in (params or {}).items()}


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    name = fields.Char(compute="_compute_words", search="_search_name", string="Exception")
    what = fields.Text(compute="_compute_words", search="_search_what", string="What happened")
    next_step = fields.Text(compute="_compute_words", search="_search_next_step", string="What to do next")
    reason_id = fields.Many2one(
        "integration.error.resolution",
        compute="_compute_reason_id",
        store=True,
        precompute=True,
        index=True,
        string="Kind",
        help="What it is, as the catalogue of errors calls it.",
    )

    @api.depends("code", "params")
    @api.depends_context("lang")
    def _compute_words(self):
        for exception in self:
            info = CODES.get(exception.code)
            if not info:
                exception.name = exception.what = exception.code
                exception.next_step = False
                continue
            params = exception._spoken_params()
            exception.name = self.env._(info.title)  # pylint: disable=translation-not-lazy
            exception.what = fill(self.env._(info.sentence), params)  # pylint: disable=translation-not-lazy
            exception.next_step = fill(self.env._(info.next_step), params)  # pylint: disable=translation-not-lazy

    @api.depends("code")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for exception in self:
            info = CODES.get(exception.code)
            exception.display_name = self.env._(info.title) if info else exception.code  # pylint: disable=translation-not-lazy

    def _spoken_params(self):
        """Return the parameters of the sentences with those that are words in the reader's language."""
        params = spoken(self.env, self.params)
        if self.code in MAPPING_CODES and "code" in params:
            labels = dict(self.env["integration.mapping"]._fields["mapping"]._description_selection(self.env))
            params["mapping"] = labels.get(params["code"], params.get("mapping"))
        return params

    @api.depends("code")
    def _compute_reason_id(self):
        known = self.env["integration.error.resolution"].sudo()
        rows = known.search([("code", "in", self.mapped("code"))])
        by_code = {row.code: row.id for row in rows}
        for exception in self:
            exception.reason_id = by_code.get(exception.code, False)

    # -- searching in words that are not in the database ------------------------------------------------------

    def _search_name(self, operator, value):
        return self.env["integration.error.resolution"]._search_text("title", operator, value)

    def _search_next_step(self, operator, value):
        return self.env["integration.error.resolution"]._search_text("next_step", operator, value)

    def _search_what(self, operator, value):
        """Look in the sentence as the reader sees it, and in what fills it: a number, a name, an amount."""
        if operator != "ilike" or not isinstance(value, str):
            return NotImplemented
        by_sentence = self.env["integration.error.resolution"]._search_text("sentence", operator, value)
        by_param = fields.Domain.custom(
            to_sql=lambda model, alias, query: SQL(
                "%s::text ILIKE %s", SQL.identifier(alias, "params"), f"%{_literal(value)}%"
            )
        )
        return fields.Domain(by_sentence) | by_param


def _literal(value):
    return value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
