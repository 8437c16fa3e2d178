# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What an exception says. Code and parameters are stored; the words are made when somebody reads, in their language."""

import functools

from odoo import api, fields, models
from odoo.tools import SQL

from ...engine.error_catalogue import CODES, fill
from ..governance.mapping import MAPPING_CODES
from ..messaging.error_words import exact_forms, spoken


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
    @api.depends_context("lang", "tz", "uid")
    def _compute_words(self):
        translate, labels = self.env._, functools.cache(self._labels_of)
        for code, exceptions in self.grouped("code").items():
            info = CODES.get(code)
            if not info:
                exceptions.name = exceptions.what = code
                exceptions.next_step = False
                continue
            # A list has many of a few kinds: their sentences are looked up once, not once per row.
            title, sentence, step = (translate(text) for text in (info.title, info.sentence, info.next_step))
            for exception in exceptions:
                params = exception._spoken_params(labels)
                exception.name = title
                exception.what = fill(sentence, params)
                exception.next_step = fill(step, params)

    @api.depends("code")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for exception in self:
            info = CODES.get(exception.code)
            exception.display_name = self.env._(info.title) if info else exception.code  # pylint: disable=translation-not-lazy

    def _for_reader(self, user):
        """Return these in language and time zone of somebody who is told; a job has none of its own."""
        reader = user.sudo()
        return self.with_context(
            lang=reader.lang or self.env.lang, tz=reader.tz or self.env.context.get("tz")
        )

    def _spoken_params(self, labels=None):
        """Return the parameters of the sentences as the reader writes them.

        :param labels: :meth:`_labels_of`, or what remembers its answers where many are read at once.
        """
        labels = labels or self._labels_of
        params = spoken(self.env, self.params, self.connection_id)
        if self.code in MAPPING_CODES and "code" in params:
            mappings = labels("integration.mapping", "mapping")
            params["mapping"] = mappings.get(params["code"], params.get("mapping"))
        if self.code == "flow_added":
            kinds = labels("integration.flow", "kind")
            params["kind"] = kinds.get((self.params or {}).get("kind"), params.get("kind"))
        if self.code == "duplicate_suspected" and (pair := self.sudo().duplicate_ids[:1]):
            # As they are called now, like in the comparison.
            params |= {"one": pair.first_shown, "other": pair.second_shown}
        return params

    def _labels_of(self, model, field):
        return dict(self.env[model]._fields[field]._description_selection(self.env))

    def _kept_text(self):
        """Return what happened as it is kept with an event: in English, with everything in its exact form."""
        return fill(
            CODES[self.code].sentence, {name: str(value) for name, value in (self.params or {}).items()}
        )

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
        domain = fields.Domain(by_sentence)
        for text in (value, *exact_forms(self.env, value)):
            domain |= fields.Domain.custom(
                to_sql=lambda model, alias, query, text=text: SQL(
                    "%s::text ILIKE %s", SQL.identifier(alias, "params"), f"%{_literal(text)}%"
                )
            )
        return domain


def _literal(value):
    return value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
