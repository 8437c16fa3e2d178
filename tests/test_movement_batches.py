# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Payments booked together equal payments booked one by one the way core does it, also when one of them is refused."""

from decimal import Decimal
from unittest.mock import patch

from odoo.exceptions import UserError

from ..benchmarks.differences import stored_values
from ..models.odoo import account_move_entries, account_move_messages
from ..simulators.partner import documents
from .common import IntegrationCommon

PAYMENTS = 6
BAD = 3
# What two entries never share: numbers, places and matches of their own, and what names the movement.
OWN_OF_ENTRIES = frozenset(
    {"statement_line_id", "ref", "full_reconcile_id", "matching_number", "date_maturity", "internal_index"}
)
# Under which Odoo's tests of accounting keep no histories.
UNFOLLOWED = frozenset({"tracking_disable", "mail_notrack"})
OWN_OF_MESSAGES = frozenset({"res_id", "message_id", "date", "parent_id"})


class BatchCommon(IntegrationCommon):
    def setUp(self):
        super().setUp()
        followed = {name: value for name, value in self.env.context.items() if name not in UNFOLLOWED}
        self.root = self.root(context=followed)
        self.stripe_connection = self.stripe_connection.with_context(followed)  # pylint: disable=context-overridden
        self.journal = self.stripe_connection.balance_account_ids.journal_id

    def parties(self):
        return [
            documents.Party(f"B-{place}", f"Batch customer {place}", f"b{place}@batch.example")
            for place in range(PAYMENTS)
        ]

    def open_invoices(self, name):
        """Issue one invoice for each customer, in different amounts."""
        return self.env["account.move"].union(
            *(
                self.issue(f"{name}-{place}", party, f"{100 + place}.00")
                for place, party in enumerate(self.parties())
            )
        )

    def charges(self, invoices):
        """Let each invoice be paid; returns the ids of the charges, in order."""
        made = []
        for invoice in invoices:
            cents = int(Decimal(str(invoice.amount_total)) * 100)
            made.append(self.stripe.charge(cents, "usd", metadata={"invoice_number": invoice.ref})["id"])
            self.clock.advance(seconds=1)
        return made

    def pay_together(self, invoices):
        made = self.charges(invoices)
        messages = self.send_stripe()
        return messages, [
            self.env["integration.movement"].search([("movement_id", "=", one)]) for one in made
        ]

    def pay_as_core_does(self, invoices):
        """The same, a batch for each payment, and every step as core takes it."""
        made = self.charges(invoices)
        Move = type(self.env["account.move"])
        with (
            patch.object(Move, "_context_of_lines", lambda records, values_list: {}),
            patch.object(Move, "_messages_are_known", lambda records: False),
        ):
            for told in self.stripe_events():
                self.send_stripe([told])
        return [self.movement("payment", one) for one in made]

    # -- what is compared ------------------------------------------------------------------------------------

    def books(self, entry):
        """Return all stored values of an entry and its items, but those of :data:`OWN_OF_ENTRIES`."""
        return [stored_values(row, OWN_OF_ENTRIES) for row in (entry, *entry.line_ids.sorted("id"))]

    def history(self, invoice):
        """Return all stored values of a document's messages; places stand for ids."""
        messages = invoice.message_ids.sorted("id")
        places = {message.id: place for place, message in enumerate(messages)}
        return [
            {
                **stored_values(message, OWN_OF_MESSAGES),
                "answers": places.get(message.parent_id.id),
                "tracked": [
                    stored_values(row, frozenset({"mail_message_id"}))
                    for row in message.sudo().tracking_value_ids.sorted("id")
                ],
                "told": sorted(message.sudo().notification_ids.res_partner_id.ids),
            }
            for message in messages
        ]

    def paid_messages(self, invoice):
        return invoice.message_ids.filtered(
            lambda message: message.subtype_id == self.env.ref("account.mt_invoice_paid")
        )


class TestMovementBatches(BatchCommon):
    def test_a_batch_equals_core_one_by_one(self):
        ours, theirs = self.open_invoices("OUR"), self.open_invoices("THE")
        _messages, together = self.pay_together(ours)
        alone = self.pay_as_core_does(theirs)
        for place in range(PAYMENTS):
            with self.subTest(place=place):
                one, other = together[place], alone[place]
                self.assertEqual((one.application, other.application), ("applied", "applied"))
                self.assertEqual(self.books(one.move_id), self.books(other.move_id))
                self.assertEqual(one.move_id.partner_id, ours[place].commercial_partner_id)
                self.assertEqual(one.move_id.message_partner_ids, other.move_id.message_partner_ids)
                self.assertEqual(self.history(one.move_id), self.history(other.move_id))
                self.assertEqual(
                    stored_values(ours[place], OWN_OF_ENTRIES), stored_values(theirs[place], OWN_OF_ENTRIES)
                )
                self.assertEqual(self.history(ours[place]), self.history(theirs[place]))
                self.assertEqual(len(self.paid_messages(ours[place])), 1)

    def test_the_comparison_of_line_and_entry_has_nothing_to_write(self):
        invoices = self.open_invoices("CMP")
        Move = type(self.env["account.move"])
        original, written = Move.write, []

        def write(records, vals):
            written.append((len(records), frozenset(vals)))
            return original(records, vals)

        with patch.object(Move, "write", write):
            self.pay_together(invoices)
        self.assertEqual([names for _count, names in written if "partner_id" in names], [])
        self.assertEqual(len([names for _count, names in written if "statement_line_id" in names]), PAYMENTS)

    def test_the_comparison_has_the_last_word(self):
        """What is said beforehand may be wrong; the entry is its line's all the same."""
        invoices = self.open_invoices("WRO")
        stranger = self.env["res.partner"].create({"name": "Somebody else"})

        def wrong(_records, values_list):
            new = account_move_entries.NewLines(values_list, [stranger.id] * len(values_list))
            return {account_move_entries.NEW_LINES: new}

        with patch.object(type(self.env["account.move"]), "_context_of_lines", wrong):
            _messages, movements = self.pay_together(invoices)
        for invoice, movement in zip(invoices, movements, strict=True):
            self.assertEqual(movement.move_id.partner_id, invoice.commercial_partner_id)
            self.assertEqual(movement.move_id.line_ids.partner_id, invoice.commercial_partner_id)
            self.assertEqual(invoice.payment_state, "paid")

    def test_who_follows_the_journal_follows_its_entries(self):
        parent = self.env["mail.message.subtype"].create(
            {"name": "Entry changed", "res_model": "account.move", "default": False}
        )
        followed = self.env["mail.message.subtype"].create(
            {
                "name": "Entry of the journal changed",
                "res_model": "account.journal",
                "relation_field": "journal_id",
                "parent_id": parent.id,
                "default": False,
            }
        )
        self.env.registry.clear_cache()
        values = {
            "journal_id": self.journal.id,
            "date": self.clock.now.date(),
            "amount": 5.0,
            "payment_ref": "x",
        }
        service = self.stripe_connection._as_service()
        self.assertFalse(service.env["account.move"]._gains_no_followers([values]))
        follower = self.env.user.partner_id
        self.journal.message_subscribe(partner_ids=follower.ids, subtype_ids=followed.ids)
        [line] = service.env["integration.posting.movement"]._create_lines(
            [{**values, "counterpart_account_id": None}]
        )
        self.assertEqual(line.with_env(self.env).move_id.message_partner_ids, follower)
        self.assertTrue(service.env["account.move"]._gains_no_followers([{"date": values["date"]}]))


class TestMessagesTogether(BatchCommon):
    def test_followers_are_told_as_core_tells_them(self):
        ours, theirs = self.open_invoices("FOL"), self.open_invoices("FOC")
        self.env.user.notification_type = "inbox"
        follower, paid = self.env.user.partner_id, self.env.ref("account.mt_invoice_paid")
        (ours[1] | theirs[1]).message_subscribe(partner_ids=follower.ids, subtype_ids=paid.ids)
        # A conversation is answered before any note.
        for invoices in (ours, theirs):
            invoices[2].message_post(body="When will it be paid?", message_type="comment")
            invoices[2].message_post(body="A note", message_type="notification")
        self.pay_together(ours)
        self.pay_as_core_does(theirs)
        for place in range(PAYMENTS):
            self.assertEqual(self.history(ours[place]), self.history(theirs[place]), place)
        told = [self.history(invoice)[-1]["told"] for invoice in ours]
        self.assertEqual(told, [follower.ids if place == 1 else [] for place in range(PAYMENTS)])
        self.assertEqual(self.history(ours[2])[-1]["answers"], len(self.history(ours[2])) - 3)

    def test_a_long_history_is_read_as_core_reads_it(self):
        ours, theirs = self.open_invoices("LON"), self.open_invoices("LOC")
        for invoices in (ours, theirs):
            for number in range(3):
                invoices[0].message_post(body=f"Note {number}", message_type="notification")
        self.patch(account_move_messages, "LATEST_MESSAGES", 2)
        self.pay_together(ours)
        self.pay_as_core_does(theirs)
        for place in range(PAYMENTS):
            self.assertEqual(self.history(ours[place]), self.history(theirs[place]), place)

    def test_with_anybody_elses_rules_and_for_people_each_is_posted_on_its_own(self):
        Move = type(self.env["account.move"])
        self.assertFalse(self.env["account.move"]._messages_are_known())
        service = self.stripe_connection._as_service().env
        self.assertTrue(service["account.move"]._messages_are_known())
        invoices = self.open_invoices("OTH")
        with patch.object(Move, "_post_together", side_effect=AssertionError("together")):
            self.patch(account_move_messages, "KNOWN_MODULES", frozenset({"mail"}))
            self.assertFalse(service["account.move"]._messages_are_known())
            self.pay_together(invoices)
        self.assertEqual([len(self.paid_messages(invoice)) for invoice in invoices], [1] * PAYMENTS)

    def test_they_are_written_in_one_go(self):
        invoices = self.open_invoices("ONE")
        Message = type(self.env["mail.message"])
        original, sizes = Message.create, []

        def create(records, vals_list):
            sizes.append(len(vals_list))
            return original(records, vals_list)

        with patch.object(Message, "create", create):
            self.pay_together(invoices)
        self.assertEqual(sizes, [PAYMENTS])

    def test_a_context_from_outside_keeps_nothing_out_of_a_history(self):
        invoice = self.open_invoices("CTX")[0]
        before = len(invoice.message_ids)
        values = {"body": "", "author_id": False, "subtype_id": False, "tracking_value_ids": []}
        outside = {
            account_move_messages.TOGETHER: [],
            account_move_entries.NEW_LINES: {"parties": [1], "links": [1]},
        }
        told = invoice.with_context(**outside)
        told.message_post(**values)
        told.write({"narration": "Changed"})
        self.assertEqual(len(invoice.message_ids), before + 1)
        self.assertIn("Changed", invoice.narration)


class TestOneIsRefused(BatchCommon):
    """A batch of good events and a bad one ends as if each had been alone, wherever Odoo refuses the bad one."""

    def refusing(self, bad, model, method, subject):
        """Let ``method`` refuse what belongs to the charge ``bad``; ``subject(records, arguments)`` names it."""
        kind = type(self.env[model])
        original = getattr(kind, method)

        def refuse(records, *arguments, **more):
            result = original(records, *arguments, **more)
            if bad in subject(records, arguments):
                raise UserError("Refused in the middle of a batch.")  # pylint: disable=translation-required
            return result

        return patch.object(kind, method, refuse)

    def check(self, name, model, method, subject):
        clean, spoiled = self.open_invoices(f"{name}C"), self.open_invoices(f"{name}S")
        _messages, expected = self.pay_together(clean)
        last = max(self.numbers())
        made = self.charges(spoiled)
        with self.refusing(made[BAD], model, method, subject):
            messages = self.send_stripe()
        good = [place for place in range(PAYMENTS) if place != BAD]
        self.assert_done(messages[place] for place in good)
        self.assertEqual((messages[BAD].status, messages[BAD].error_code), ("parked", "core_refused"))
        self.assertEqual(len(messages[BAD].attempt_ids), 1)
        self.assertFalse(messages[BAD].effect_ids)
        for place in good:
            movement = self.movement("payment", made[place])
            self.assertEqual(self.books(movement.move_id), self.books(expected[place].move_id))
            self.assertEqual(movement.invoice_ids, spoiled[place])
            self.assertEqual(self.history(spoiled[place]), self.history(clean[place]))
        self.nothing_is_left_of(made[BAD], spoiled[BAD])
        # Numbers follow each other: what was taken back has left no gap.
        self.assertEqual(
            sorted(self.numbers() - set(range(1, last + 1))), list(range(last + 1, last + len(good) + 1))
        )
        self.released(messages[BAD], made[BAD], spoiled[BAD], expected[BAD], clean[BAD])

    def nothing_is_left_of(self, charge, invoice):
        self.assertFalse(self.env["integration.movement"].search([("movement_id", "=", charge)]))
        self.assertFalse(self.env["account.move"].search([("integration_source_id", "=", charge)]))
        self.assertEqual((invoice.payment_state, invoice.amount_residual), ("not_paid", invoice.amount_total))
        self.assertFalse(self.paid_messages(invoice))

    def released(self, message, charge, invoice, expected, clean):
        """Once nothing refuses it any more it is booked as all the others were."""
        message.action_try_again()
        self.drain(self.stripe_connection)
        self.assert_done(message)
        movement = self.movement("payment", charge)
        self.assertEqual(self.books(movement.move_id), self.books(expected.move_id))
        self.assertEqual(self.history(invoice), self.history(clean))

    def numbers(self):
        """Return the numbers of the entries of the balance's journal."""
        entries = self.env["account.move"].search([("journal_id", "=", self.journal.id)])
        found = entries.mapped("sequence_number")
        self.assertEqual(len(set(found)), len(found))
        return set(found)

    def test_while_its_entry_is_made(self):
        self.check(
            "MAD",
            "account.bank.statement.line",
            "_prepare_move_line_default_vals",
            lambda line, _arguments: [line.ref],
        )

    def test_when_its_entry_is_posted(self):
        self.check(
            "POS", "account.move", "_post", lambda moves, _arguments: [move.ref or "" for move in moves]
        )

    def test_when_it_has_been_matched(self):
        self.check(
            "MAT",
            "integration.posting.application",
            "_judge_payment",
            lambda _application, arguments: [arguments[1].movement_id],
        )
