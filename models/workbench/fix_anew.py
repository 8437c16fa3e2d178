# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A changed journal entry is reversed and booked anew: proposed with what it would book, approved by another (P4).

Nothing of it is computed here: the drain's own steps are rehearsed (ADR 0012) at asking and at approving, and the drain
books only a plan with the mark that was approved (``models/posting/rebooking.py``).
"""

from decimal import Decimal

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date

from ...engine.error_catalogue import CODES
from ...engine.preview_words import told as said
from ...engine.rebooking import Item, per_account, unchanged
from ..messaging.error_words import sentence_words
from ..messaging.event import money
from ..posting.rebooking import REHEARSED

CHANGED_CODES = ("document_changed", "rebooking_outdated")
MAX_NEWER = 20


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    @api.depends("code", "state")
    def _compute_fix(self):
        """Only a journal entry is corrected: a legal document is credited, and issued anew under its own number."""
        result = super()._compute_fix()
        for exception in self.filtered(lambda row: row.code in CHANGED_CODES and row.state == "open"):
            kinds = set(exception.sudo().message_ids_held.mapped("kind"))
            exception.fix = "anew" if kinds == {"entry"} else False
        return result

    def action_book_anew(self):
        """Button: propose that the booked entry is reversed, and that what the source says now is booked."""
        self.ensure_one()
        self.check_access("write")
        self._end_overtaken()
        return self._open_step("book_anew", {})

    def _changed_entry(self):
        """Return the event that tells the entry anew: of several versions that wait, the newest.

        :raises UserError: none waits here any more.
        """
        changed = self.sudo().message_ids_held.filtered(
            lambda row: row.kind == "entry" and row.error_code in CHANGED_CODES and row.status == "parked"
        )
        if self.code not in CHANGED_CODES or not changed:
            raise UserError(self.env._("No changed journal entry waits here any more."))
        return changed.sorted("id")[-1:]

    def _booked_entry(self, message):
        """Return the entry that is booked for what the event is about."""
        told = self.env["integration.payload"].sudo()._documents_by_message(message.ids).get(message.id)
        outside_ids = [document["source"]["object_id"] for document in told or ()]
        bindings = self.env["integration.binding"].sudo()._find(self.connection_id, "entry", outside_ids)
        move = self.env["account.move"].sudo()
        return move.browse([row.res_id for row in bindings.values()]).exists()

    def _rehearse_anew(self):
        """Return (what it would do, whether that needs an exception to the flow's policy for locked periods).

        :raises UserError: it cannot be booked, with the reason and what to do.
        """
        message = self._changed_entry()
        message._bring_back()
        rehearsal, late = self.env["integration.rehearsal"], False
        told = rehearsal._rehearse(message.ids, {REHEARSED: True})[0]
        if told["error_code"] == "period_locked":
            # The flow says that documents of a locked period stop: then that, too, is asked for.
            told, late = rehearsal._rehearse(message.ids, {REHEARSED: True, "late_allowed": True})[0], True
        if told["outcome"] != "post" or not told["mark"]:
            reason = self._refusal_words(told) or told["note"] or ""
            raise UserError(self.env._("It cannot be booked anew as it stands. %s", reason))
        return told, late

    def _refusal_words(self, told):
        """Return why a rehearsal was refused and what to do, in the reader's language."""
        info = CODES.get(told["error_code"])
        if not info:
            return told["error_text"]
        params = told["error_params"]
        return " ".join(
            sentence_words(self.env, text, params, self.connection_id)
            for text in (info.sentence, info.next_step)
        )

    # -- the step --------------------------------------------------------------------------------------------

    def _say_anew(self, values):
        message = self._changed_entry()
        told, late = self._rehearse_anew()
        origin = self._booked_entry(message)
        days = sorted({entry["date"] for entry in told["entries"]})
        name = self.env._("Reverse %s and book it anew", origin.name or (self.params or {}).get("number"))
        lines = [
            self.what,
            self.env._(
                "%(entry)s is reversed, and what the source says now is booked, on: %(days)s. Both stay in the books "
                "and name each other.",
                entry=origin.name,
                days=", ".join(format_date(self.env, day) for day in days),
            ),
        ]
        if origin.date.isoformat() not in days:
            lines.append(
                self.env._(
                    "The period of %s is locked and stays locked: it is corrected on the first open day.",
                    format_date(self.env, origin.date),
                )
            )
        if late:
            lines.append(
                self.env._(
                    "This flow stops documents of a locked period: agreeing makes an exception for this one."
                )
            )
        return name, "\n".join(lines)

    def _facts_anew(self, message):
        """Return the rows that tell which event is meant and which entry stands: cheap to compare at a glance."""
        newer = self.env["integration.message"].sudo()
        newer = newer.search(
            [
                ("connection_id", "=", message.connection_id.id),
                ("object_key", "=", message.object_key),
                ("direction", "=", "in"),
                ("id", ">", message.id),
                ("status", "not in", ("superseded", "discarded", "done")),
            ],
            limit=MAX_NEWER,
            order="id",
        )
        origin = self._booked_entry(message)
        return [
            said(
                {"field": "event", "before": "", "after": f"{message.id} {message.event_id}"},
                label="told_by",
            ),
            said(
                {"field": "newer", "before": "", "after": ", ".join(str(row.id) for row in newer)},
                label="newer_versions",
            ),
            said(
                {"field": "booked", "before": f"{origin.name} ({origin.state})"},
                label="booked_entry",
                after="booked_anew",
            ),
        ]

    def _preview_anew(self, values):
        """Return rows, entries and the mark of the plan, as the drain's own steps compute them."""
        message = self._changed_entry()
        told, late = self._rehearse_anew()
        origin, places = self._booked_entry(message), self.company_currency_id.decimal_places
        old = [_item_of(line) for line in origin.line_ids.sorted(lambda row: (row.credit > 0, row.id))]
        reversals = [entry for entry in told["entries"] if entry["reverses_id"]]
        new = [entry for entry in told["entries"] if not entry["reverses_id"]]
        new_items = [_item(line) for entry in new for line in entry["lines"]]
        all_items = old + [_item(line) for entry in told["entries"] for line in entry["lines"]]
        rows = self._facts_anew(message)
        rows += [
            said(
                {"field": f"date {number}", "before": origin.date.isoformat(), "after": entry["date"]},
                label=("accounting_date_of", {"what": entry["ref"] or ""}),
            )
            for number, entry in enumerate(reversals + new)
        ]
        if late:
            rows.append(
                said(
                    {"field": "late_policy"},
                    label="locked_documents",
                    before="locked_stop",
                    after="locked_once",
                )
            )
        rows += [
            {
                "field": account,
                "label": account,
                "before": f"{before:.{places}f}",
                "after": f"{after:.{places}f}",
                "currency": self.company_currency_id.name,
            }
            for account, before, after in per_account(old, all_items)
        ]
        same = unchanged(old, new_items)
        entries = [
            *(shown_entry("reversed", entry, places) for entry in reversals),
            *(shown_entry("added", entry, places) for entry in new),
        ]
        if same:
            entries.append(
                said(
                    {"change": "unchanged", "lines": [_line(item, places) for item in same]},
                    title=("lines_unchanged", {"same": len(same), "all": len(old)}),
                )
            )
        return {"rows": rows, "entries": entries, "digest": told["mark"], "notes": self._notes(origin, told)}

    def _rows_anew(self, values):
        return self._preview_anew(values)["rows"]

    def _notes(self, origin, told):
        moved = sorted({entry["date"] for entry in told["entries"]} - {origin.date.isoformat()})
        if not moved:
            return []
        facts = {"day": origin.date.isoformat(), "days": ", ".join(moved), "entry": origin.name}
        return [said({}, text=("locked_note", facts))]

    def _do_anew(self, values, request):
        message = self._changed_entry()
        facts = {"rebooking_request_id": request.id}
        if request.kind == "lock_waiver":
            facts["late_allowed"] = True
        message.write(facts)
        self.env["integration.audit.leaf"]._record_change(
            self, "exception.book_anew", f"{message.object_key}; request {request.id}"
        )
        message._requeue("message.book_anew")

    # -- hooks of the steps ----------------------------------------------------------------------------------

    def _preview_of_step(self, step, values):
        return self._preview_anew(values) if step == "book_anew" else super()._preview_of_step(step, values)

    def _kind_of_step(self, step):
        if step == "book_anew" and self._rehearse_anew()[1]:
            return "lock_waiver"
        return super()._kind_of_step(step)

    def _amount_of_step(self, step):
        """The larger of what is reversed and what is booked decides, in the currency of the books."""
        if step != "book_anew":
            return super()._amount_of_step(step)
        told, _late = self._rehearse_anew()
        return max(sum(Decimal(line["debit"]) for line in entry["lines"]) for entry in told["entries"])

    def _approval_glance(self, request):
        """Whether a request is overtaken, where that can be said without a rehearsal; it is rehearsed at deciding."""
        if (request.values or {}).get("step") != "book_anew":
            return None
        try:
            facts = self._facts_anew(self._changed_entry())
        except UserError:
            return True
        shown = (request.preview or {}).get("rows") or []
        return self.state != "open" or facts != shown[: len(facts)]


def _item(line):
    return Item(
        line["account"], line["partner"], line["label"], Decimal(line["debit"]), Decimal(line["credit"])
    )


def _item_of(line):
    """Return a booked journal item as a rehearsal tells one."""
    own = line.company_currency_id
    account = line.account_id.with_company(line.company_id)
    return Item(
        f"{account.code or ''} {account.name or ''}".strip(),
        line.partner_id.display_name or "",
        line.name or "",
        money(line.debit, own).value,
        money(line.credit, own).value,
    )


def _line(item, places):
    return {
        "account": item.account,
        "label": item.label,
        "debit": f"{item.debit:.{places}f}" if item.debit else "",
        "credit": f"{item.credit:.{places}f}" if item.credit else "",
    }


def shown_entry(change, entry, places, with_date=True):
    """Return an entry that a rehearsal told as a request shows it.

    :param places: decimals of the books' currency.
    :param with_date: its date is fixed; else it is that of the day on which it is approved.
    """
    parts = (entry["journal"], entry["date"] if with_date else "", entry["ref"])
    title = " · ".join(filter(None, parts))
    return {
        "change": change,
        "title": title,
        "lines": [_line(_item(line), places) for line in entry["lines"]],
    }
