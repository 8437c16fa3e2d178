# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Entries of many statement lines, made in few steps; what decides about them is core's own code."""

import dataclasses
from typing import Any

from odoo import api, models
from odoo.tools import groupby

from ..known_code import is_known

# Where an entry's followers come from, and what is sent when it is made. With anybody else's rules in place all of it
# is asked for each entry, as core does.
THREAD_METHODS = frozenset(
    {"_message_auto_subscribe", "_message_auto_subscribe_followers", "_track_template", "_track_subtype"}
)
KNOWN_MODULES = frozenset({"account", "finance_integration", "mail"})
# Whose code runs when an entry is written, and does not ask to which statement line it is tied.
WRITING_MODULES = KNOWN_MODULES | {"purchase"}
# What core writes on each entry when its line is there.
LINK = frozenset({"name", "narration", "statement_line_id"})
# What it writes besides what the line brings.
WRITTEN_BY_CORE = LINK | {"move_type", "partner_id"}
NEW_LINES = "integration_new_lines"


@dataclasses.dataclass(eq=False)
class NewLines:
    """Statement lines that are being created; travels in the context of the one call that creates them.

    ``values``    of the lines, in their order.
    ``parties``   ids of the partners of their entries, until the entries are made.
    ``links``     (entry, values) that core has written on entries, until they are carried out together; nothing is
                  kept where ``tied_together`` is not set.
    ``no_distribution``  no rule spreads items over analytic accounts.
    """

    values: list[dict[str, Any]]
    parties: list[int | bool]
    links: list[tuple[Any, dict[str, Any]]] = dataclasses.field(default_factory=list)
    tied_together: bool = True
    no_distribution: bool = False


class AccountMove(models.Model):
    _inherit = "account.move"

    @api.model
    def _context_of_lines(self, values_list):
        """Return the context in which the entries of new statement lines are made in few steps.

        - Core makes an entry without its customer, and writes that when it compares the entry with its line. The
          customer is known before; the comparison then finds nothing to write, and still has the last word.
        - Core ties entry by entry to its line, and computes journal, company, fiscal position and taxes of that one
          anew each time. They are all tied first, and then all computed.
        - What happens to an entry within the transaction that makes it is never tracked. Where nobody can become a
          follower either, core need not look, entry by entry.
        - Where no rule spreads items over analytic accounts, none is looked for, item by item.

        The context lasts for one call of ``create``.

        :param values_list: values of account.bank.statement.line, without items of the entries.
        """
        parties = [values.get("partner_id") or False for values in values_list]
        rules = self.env["account.analytic.distribution.model"].search_count([], limit=1)
        known = is_known(self, {"write"}, WRITING_MODULES)
        context = {NEW_LINES: NewLines(values_list, parties, tied_together=known, no_distribution=not rules)}
        if self._gains_no_followers(values_list):
            context["tracking_disable"] = True
        return context

    def _gains_no_followers(self, values_list):
        """Whether core's look for followers of such entries is sure to find none."""
        *_others, relations = self.env["mail.message.subtype"]._get_auto_subscription_subtypes(self._name)
        leading = {name for names in relations.values() for name in names}
        given = WRITTEN_BY_CORE.union(*values_list)
        return not leading & given and is_known(self, THREAD_METHODS, KNOWN_MODULES)

    @api.model_create_multi
    def create(self, vals_list):
        """Name the customer of each entry at once."""
        new = lines_being_created(self.env)
        if new and new.parties and len(new.parties) == len(vals_list):
            vals_list = [
                {"partner_id": partner_id, **vals}
                for partner_id, vals in zip(new.parties, vals_list, strict=True)
            ]
            new.parties = []  # further entries are none of these lines'
        return super().create(vals_list)

    def write(self, vals):
        """Keep the ties of entries to their lines for :meth:`_tie_together`."""
        new = lines_being_created(self.env)
        if new and new.tied_together and vals.keys() == LINK and vals["statement_line_id"]:
            new.links.append((self, vals))
            return True
        return super().write(vals)

    def _tie_together(self, new):
        """Carry out what core has written on each entry; what depends on it is computed for all entries together."""
        links, new.links = new.links, []
        moves = self.union(*(move for move, _vals in links))
        lines = self.env["account.bank.statement.line"].browse(
            [vals["statement_line_id"] for _move, vals in links]
        )
        tie = self._fields["statement_line_id"]
        with self.env.protecting([(_computed(moves), moves), (_computed(lines), lines)]):
            for move, vals in links:
                tie.write(move, vals["statement_line_id"])
            for narration, alike in groupby(links, lambda link: link[1]["narration"]):
                together = self.union(*(move for move, _vals in alike))
                together.write({"name": False, "narration": narration})
            moves._validate_fields([tie.name])
            moves._check_company([tie.name])
        # What was given stands, as it does where core writes.
        given = self._get_protected_vals(dict.fromkeys(LINK), moves)
        for line, values in zip(lines, new.values, strict=True):
            given += self._get_protected_vals(values, line)
        with self.env.protecting(given):
            moves.modified(LINK)


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    @api.model_create_multi
    def create(self, vals_list):
        """Items of new statement lines are made when all entries have been tied to their lines."""
        new = lines_being_created(self.env)
        if new and new.links:
            self.env["account.move"]._tie_together(new)
        return super().create(vals_list)


class AccountAnalyticDistributionModel(models.Model):
    _inherit = "account.analytic.distribution.model"

    def _get_applicable_models(self, vals):
        new = lines_being_created(self.env)
        return self.browse() if new and new.no_distribution else super()._get_applicable_models(vals)


def lines_being_created(env):
    """Return the lines that are being created, None where there are none, whatever a context from outside holds."""
    new = env.context.get(NEW_LINES)
    return new if isinstance(new, NewLines) else None


def _computed(records):
    return [field for field in records._fields.values() if field.compute and field.store]
