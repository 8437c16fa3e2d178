# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Sentences are kept exactly and written the reader's way: language, currency, time zone, the numbers people know."""

from ..engine.error_catalogue import CODES
from ..engine.errors import BusinessError
from ..models.messaging.error_words import exact_forms, in_words, kept_words, object_words
from .language_common import GERMAN, LanguageCommon
from .shop_common import ShopCommon, item
from .workbench_common import WorkbenchCommon


class TestReaderForm(LanguageCommon, WorkbenchCommon):
    def raised(self, code, **params):
        return self.root["integration.exception"]._raise_cause(
            self.stripe_connection, code, params, "reader form"
        )

    def german(self, record):
        return record.with_context(lang=GERMAN, tz="Europe/Berlin")

    def test_amounts_and_days_are_the_readers_and_what_is_kept_is_not(self):
        self.say_in_german(
            {
                CODES[
                    "late_movement"
                ].sentence: "%(amount)s vom %(date)s: die Periode ist gesperrt; gebucht am %(booked_on)s."
            }
        )
        kept = {"amount": "2162.00 USD", "date": "2026-03-02", "booked_on": "2026-04-01"}
        exception = self.raised("late_movement", **kept)
        self.assertEqual(
            exception.with_context(lang="en_US").what,
            "$\xa02,162.00 moved on 03/02/2026, which is locked; it is booked on the first open day 04/01/2026.",
        )
        self.assertEqual(
            self.german(exception).what,
            "$\xa02.162,00 vom 02.03.2026: die Periode ist gesperrt; gebucht am 01.04.2026.",
        )
        self.assertEqual(exception.params, kept)

    def test_an_instant_is_on_the_readers_clock(self):
        exception = self.raised(
            "evidence_held_up", dispute="dp_1", amount="5.00 USD", due="2026-03-02 15:30:00 UTC"
        )
        told = exception.with_context(lang="en_US", tz="America/New_York").what
        self.assertIn("After 03/02/2026 10:30:00 AM the provider", told.replace("\u202f", " "))
        berlin = exception.with_context(lang="en_US", tz="Europe/Berlin").what
        self.assertIn("04:30:00 PM", berlin.replace("\u202f", " "))
        # A job has no clock of its own, and says so.
        self.root.user.tz = False
        self.assertIn(" UTC the provider", exception.with_env(self.root).with_context(tz=False).what)

    def test_an_amount_is_never_rounded_and_an_unknown_currency_stays(self):
        exception = self.raised("amount_not_exact", amount="1.2345", currency="USD")
        self.assertIn("$\xa01.2345", exception.what)
        other = self.raised("movement_unclassified", amount="5.00 ZZZ", provider_type="fee")
        self.assertIn("5.00 ZZZ", other.what)
        yen = self.raised("refund_adds", number="R-1", amount="-1250 JPY")
        self.assertIn("-1,250", yen.what)

    def test_an_amount_and_a_day_are_found_as_the_reader_writes_them(self):
        exception = self.raised(
            "late_movement", amount="2162.00 USD", date="2026-03-02", booked_on="2026-04-01"
        )

        def found(text, lang="en_US"):
            rows = self.env["integration.exception"].with_context(lang=lang)
            return rows.search([("what", "ilike", text), ("code", "=", "late_movement")])

        for text in ("2162.00", "2,162.00", "$\xa02,162.00", "$ 2,162.00", "03/02/2026", "2026-03-02"):
            self.assertEqual(found(text), exception, text)
        self.env["res.lang"]._activate_lang(GERMAN)
        for text in ("2.162,00", "2.162,00 $", "02.03.2026"):
            self.assertEqual(found(text, GERMAN), exception, text)
        for text in ("2,163.00", "03/03/2026", "%"):
            self.assertFalse(found(text), text)
        self.assertEqual(exact_forms(self.env(context={"lang": "en_US"}), "NEW-1"), [])

    def test_an_error_that_a_button_says(self):
        error = BusinessError("period_locked", params={"date": "2026-03-02", "lock_date": "2026-03-31"})
        text = in_words(self.env(context={"lang": "en_US"}), error)
        self.assertTrue(
            text.startswith("The document is dated 03/02/2026, and the books are locked up to 03/31/2026.")
        )

    def test_why_an_event_stopped_is_read_in_the_readers_language(self):
        template = CODES["total_difference"].sentence
        self.say_in_german(
            {template: "Für %(number)s nennt der Aussteller %(stated)s, gebucht wären %(computed)s."}
        )
        message = self.send_partner("invoice.issued", self.document("P-9", total_gross="2162.00"))
        message.sudo()._advance(
            "validated",
            "parked",
            error_code="total_difference",
            error_text=template % {"number": "P-9", "stated": "2162.00 USD", "computed": "115.00 USD"},
        )
        self.env.invalidate_all()
        stopped = self.env["integration.stopped.event"].browse(message.id)
        wanted = "Für P-9 nennt der Aussteller $\xa02.162,00, gebucht wären $\xa0115,00."
        for record in (message, stopped):
            self.assertEqual(self.german(record).error_words, wanted)
            self.assertIn("states a total of $\xa02,162.00", record.with_context(lang="en_US").error_words)
        self.assertIn("2162.00 USD", message.error_text)
        cursor = self.env["integration.pull.cursor"].new(
            {"error_code": "total_difference", "last_error": message.error_text}
        )
        drop = self.env["integration.drop"].new(
            {"error_code": "total_difference", "last_error": message.error_text}
        )
        for record in (cursor, drop):
            self.assertEqual(self.german(record).error_words, wanted)
        # Of what is no sentence of the catalogue, amounts and days are written anew.
        env = self.env(context={"lang": GERMAN})
        self.assertEqual(kept_words(env, "", "5.00 USD on 2026-03-02"), "$\xa05,00 on 02.03.2026")

    def test_a_request_says_amounts_the_readers_way(self):
        request = self.env["integration.change.request"].new(
            {
                "preview": {
                    "rows": [
                        {"field": "date INV/1", "before": "2026-03-02", "after": "2026-04-01"},
                        {
                            "field": "x",
                            "before": "5.00 101402",
                            "words": {"before": ["on_account", {"amount": "5.00 USD", "account": "101402"}]},
                        },
                        {
                            # As an earlier version has asked for it.
                            "field": "replay",
                            "label": "Would be booked",
                            "after": "2 × 5.00 USD, 4 journal items",
                            "words": {
                                "after": [
                                    "replay_counts",
                                    {"events": 2, "amount": "5.00", "currency": "USD", "lines": 4},
                                ]
                            },
                        },
                    ]
                },
                "res_model": "integration.exception",
                "company_id": self.company.id,
            }
        )
        text = str(request.with_context(lang="en_US").preview_html)
        for words in ("03/02/2026", "04/01/2026", "$\xa05.00 on 101402", "2 × $\xa05.00, 4 journal items"):
            self.assertIn(words, text)
        for raw in ("2026-03-02", "USD"):
            self.assertNotIn(raw, text)


class TestNumbersOfAShop(ShopCommon):
    def test_an_order_is_named_by_its_number(self):
        message = self.send("orders/paid", self.order([item(1, "100.00")]))
        order = self.env["integration.shop.order"].search([("connection_id", "=", self.shop.id)])
        self.assertEqual(len(order), 1)
        self.assertEqual(message.filtered(lambda row: row.kind == "order").mapped("subject"), [order.number])
        key = f"order:{order.outside_id}"
        self.assertEqual(object_words(self.env, key, self.shop), f"Order {order.number}")
        exception = self.root["integration.exception"]._raise_cause(
            self.shop, "version_conflict", {"object": key, "version": "3"}, "reader form"
        )
        self.assertIn(f"version 3 of Order {order.number} twice", exception.what)
        framed = f"gid://shopify/Order/{order.outside_id}"
        other = self.root["integration.exception"]._raise_cause(
            self.shop,
            "shop_not_written",
            {"what": framed, "shop": "Anna", "reason": f"{framed} is gone"},
            "x",
        )
        self.assertIn(f"{order.number} is gone", other.what)
        self.assertNotIn("gid://", other.what)
        unknown = self.root["integration.exception"]._raise_cause(
            self.shop,
            "mapping_missing",
            {"mapping": "Tax", "value": "gid://shopify/TaxLine/77"},
            "reader form",
        )
        self.assertIn("“77”", unknown.what)
        self.assertEqual(other.params["what"], framed)
