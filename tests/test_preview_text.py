# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What an approver reads: choices in words, days and amounts as people write them; what is compared stays exact."""

from .approval_common import ApprovalCommon
from .language_common import GERMAN, LanguageCommon


class TestPreviewText(ApprovalCommon, LanguageCommon):
    def shown(self, model, rows=(), entries=(), record=None, lang="en_US"):
        request = (
            self.env["integration.change.request"]
            .with_context(lang=lang)
            .new(
                {
                    "preview": {"rows": list(rows), "entries": list(entries)},
                    "res_model": model,
                    "res_id": record.id if record else 0,
                    "company_id": self.company.id,
                }
            )
        )
        return str(request.preview_html)

    def test_a_choice_is_said_in_words(self):
        row = {"field": "state", "before": "draft", "after": "to_send"}
        text = self.shown("integration.refund.order", [row])
        self.assertIn("To be asked for", text)
        self.assertIn("To be sent", text)
        for raw in ("draft", "to_send"):
            self.assertNotIn(raw, text)

    def test_a_choice_that_is_kept_in_english_is_read_in_the_readers_language(self):
        self.env["res.lang"]._activate_lang(GERMAN)
        choice = self.env["ir.model.fields.selection"].search(
            [
                ("field_id.model", "=", "integration.flow"),
                ("field_id.name", "=", "state"),
                ("value", "=", "live"),
            ]
        )
        choice.with_context(lang=GERMAN).name = "Im Betrieb"
        row = {"field": "state", "before": "Draft", "after": "Live"}
        self.assertIn("Im Betrieb", self.shown("integration.flow", [row], lang=GERMAN))
        english = self.shown("integration.flow", [row])
        self.assertIn("Live", english)
        self.assertNotIn("Im Betrieb", english)

    def test_amounts_have_their_currency(self):
        row = {"field": "trusted_amount", "before": "0.00", "after": "1500.00"}
        text = self.shown(self.stripe_connection._name, [row], record=self.stripe_connection)
        self.assertIn("$\xa01,500.00", text)
        self.assertNotIn("1500.00", text)
        paid = {
            "field": "INV/1",
            "label": "INV/1",
            "before": "2050.00",
            "after": "− 12.50",
            "currency": "EUR",
        }
        text = self.shown("integration.exception", [paid])
        self.assertIn("2,050.00\xa0€", text)
        self.assertIn("− 12.50\xa0€", text)
        said = {"field": "amount", "before": "", "after": "1234.50 EUR"}
        self.assertIn("1,234.50\xa0€", self.shown("integration.refund.order", [said]))

    def test_words_and_unknown_currencies_stay_as_they_are(self):
        rows = [
            {"field": "a", "before": "paid as far as the money goes", "after": "7.00", "currency": "ZZZ"},
            {"field": "payment_id", "before": "", "after": "12.50"},
        ]
        text = self.shown("integration.refund.order", rows)
        for words in ("paid as far as the money goes", "7.00", "12.50"):
            self.assertIn(words, text)

    def test_days_and_yes_and_no(self):
        rows = [
            {"field": "start_date", "before": "", "after": "2026-02-01"},
            {"field": "late_policy", "before": "no such choice", "after": ""},
        ]
        text = self.shown("integration.flow", rows)
        self.assertIn("02/01/2026", text)
        self.assertIn("no such choice", text)
        row = {"field": "billing_products", "before": "False", "after": "True"}
        text = self.shown("integration.connection", [row])
        self.assertIn("<b>Yes</b>", text)
        self.assertIn("<td>No</td>", text)

    def test_entries_are_in_the_currency_of_the_books(self):
        lines = [
            {"account": "101402", "label": "Paid", "debit": "1234.50", "credit": ""},
            {"account": "121000", "label": "Paid", "debit": "", "credit": "1234.50"},
        ]
        text = self.shown("integration.flow", entries=[{"change": "added", "title": "MISC", "lines": lines}])
        self.assertEqual(text.count("$\xa01,234.50"), 2)

    def test_what_is_compared_and_sealed_stays_exact(self):
        request = self.ask(slot="money", kind="entry", amount=1234.5)
        kept, sealed = request.preview, request.content_digest
        self.assertEqual(kept, {"rows": [{"field": "start_date", "before": "", "after": "2026-02-01"}]})
        self.assertIn("02/01/2026", request.preview_html)
        self.env.invalidate_all()
        self.assertEqual((request.preview, request._content_now()), (kept, sealed))
        self.assertFalse(request.is_stale)
