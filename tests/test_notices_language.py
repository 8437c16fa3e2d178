# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a request says is read in the reader's language, and who is told of it is told in his own (X4)."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError

from ..engine.preview_words import WORDS
from .language_common import GERMAN, LanguageCommon
from .replay_common import ReplayCommon
from .test_bank_details import BankDetailsPeople
from .test_role_accounts import RoleAccountsCommon


class TestPreviewOfARole(LanguageCommon, RoleAccountsCommon):
    def test_the_change_of_an_account_is_read_in_every_language_and_kept_in_one(self):
        self.go_productive()
        request = self.propose()
        kept = request.preview
        self.say_in_german(
            {
                WORDS["holds_for"]: "Gilt für",
                WORDS["all_connections"]: "alle Verbindungen",
                WORDS[
                    "role_booked"
                ]: "%(account)s hat %(count)s Buchungen, Saldo %(amount)s. Sie bleiben dort.",
            }
        )
        german = str(request.with_context(lang=GERMAN).preview_html)
        code = self.now.with_company(self.company).code
        for words in (
            "Gilt für",
            "alle Verbindungen",
            f"{code} {self.now.name} hat 0 Buchungen, Saldo $\xa00,00.",
        ):
            self.assertIn(words, german)
        self.assertNotIn("Holds for", german)
        self.assertNotIn("stay there", german)
        english = str(request.with_context(lang="en_US").preview_html)
        self.assertIn("They stay there; what is booked from now on goes to the other account.", english)
        self.assertNotIn("Gilt", english)
        # Whoever reads it, it is the same request: a German approver is not told that it was overtaken.
        self.assertEqual(request.preview, kept)
        self.ann.sudo().lang = GERMAN
        request.with_user(self.ann).with_context(lang=GERMAN).action_approve()
        self.env.invalidate_all()
        self.assertEqual((request.state, self.fee.account_id), ("approved", self.other))


class TestPreviewOfABankAccount(LanguageCommon, BankDetailsPeople):
    def test_warnings_and_the_call_are_read_in_the_approvers_language(self):
        bank = self.account()
        bank.sudo().acc_holder_name = "Somebody Else Ltd"
        request = self.call(bank)
        kept = request.preview
        self.assertEqual([note["text"] for note in kept["notes"]], [WORDS["bank_holder"]])
        self.say_in_german(
            {
                WORDS["bank_holder"]: "Der Kontoinhaber heißt anders als der Lieferant.",
                WORDS["called_person"]: "Wer angerufen wurde",
            }
        )
        german = str(request.with_context(lang=GERMAN).preview_html)
        self.assertIn("Der Kontoinhaber heißt anders als der Lieferant.", german)
        self.assertIn("Wer angerufen wurde", german)
        self.assertNotIn("Who was called", german)
        self.assertIn("Who was called", str(request.with_context(lang="en_US").preview_html))
        request.with_user(self.ann).with_context(lang=GERMAN).action_approve()
        self.env.invalidate_all()
        self.assertEqual((request.preview, bank.integration_state), (kept, "approved"))


class TestPreviewOfAReplay(LanguageCommon, ReplayCommon):
    def setUp(self):
        super().setUp()
        self.message = self.invoice("A-1")
        self.drain(self.partner_connection)
        self.replay = self.plan(self.message)
        self.say_in_german(
            {
                WORDS["replay_post"]: "Würde gebucht",
                WORDS["replay_duplicate"]: "Schon gebucht",
                WORDS["replay_counts"]: "%(events)s × %(amount)s, %(lines)s Buchungszeilen",
                WORDS["replay_note"]: "Nichts Gebuchtes wird storniert.",
                "Sent back.": "Zurückgegeben.",
                "%(user)s did not approve it: %(reason)s": "%(user)s hat nicht zugestimmt: %(reason)s",
                "The replay was changed or cancelled meanwhile.": "Die Wiederholung wurde inzwischen geändert.",
            }
        )

    def asked(self):
        self.replay.action_request()
        return self.replay.request_id.sudo()

    def test_its_plan_is_read_in_every_language(self):
        request = self.asked()
        rows = request.preview["rows"]
        self.assertEqual(len(rows), 1)
        german = str(request.with_context(lang=GERMAN).preview_html)
        [label] = [words for words in ("Würde gebucht", "Schon gebucht") if words in german]
        self.assertTrue(label)
        self.assertIn("Nichts Gebuchtes wird storniert.", german)
        self.assertIn("Buchungszeilen", german)
        self.assertNotIn("journal items", german)
        english = str(request.with_context(lang="en_US").preview_html)
        self.assertIn("Nothing that is booked is reversed. Open the replay to see every event.", english)
        self.assertEqual(rows[0]["after"], "1 × 100.00 USD, 0 journal items")
        self.assertIn("1 × $\xa0100.00, 0 journal items", english)
        self.assertFalse(request.is_stale)

    def test_a_request_of_before_the_sentences_were_told_is_not_overtaken(self):
        request = self.asked()
        bare = {
            **request.preview,
            "notes": ["Nothing that is booked is reversed. Open the replay to see every event."],
            "rows": [
                {name: text for name, text in row.items() if name != "words"}
                for row in request.preview["rows"]
            ],
            "entries": [
                {name: text for name, text in entry.items() if name != "words"}
                for entry in request.preview["entries"]
            ],
        }
        self.env.flush_all()
        self.env.cr.execute("ALTER TABLE integration_change_request DISABLE TRIGGER USER")
        request._set(preview=bare, content_digest=False)
        self.env.cr.execute("ALTER TABLE integration_change_request ENABLE TRIGGER USER")
        self.assertFalse(request._is_overtaken())
        self.assertIn("Nothing that is booked", str(request.with_context(lang=GERMAN).preview_html))
        request.with_user(self.approver).action_approve()
        self.assertEqual(self.replay.state, "approved")

    def test_who_planned_it_reads_in_his_language_why_it_came_back(self):
        self.operator.sudo().lang = GERMAN
        request = self.asked()
        self.replay.with_user(self.approver).with_context(lang="en_US").action_refuse()
        self.env.invalidate_all()
        self.assertEqual((request.state, request.answer), ("refused", "Zurückgegeben."))
        self.assertEqual(self.replay.note, f"{self.approver.name} hat nicht zugestimmt: Zurückgegeben.")
        again = self.asked()
        self.replay.action_cancel()
        self.assertEqual(
            (again.state, again.answer), ("withdrawn", "Die Wiederholung wurde inzwischen geändert.")
        )


class TestNotices(LanguageCommon, RoleAccountsCommon):
    def setUp(self):
        super().setUp()
        self.say_in_german(
            {
                "Decide: %s": "Entscheiden: %s",
                "Waits too long: %s": "Wartet zu lange: %s",
                "This waits since %s and nobody has decided.": "Das wartet seit %s, und niemand hat entschieden.",
                "Nobody decided in time.": "Niemand hat rechtzeitig entschieden.",
            }
        )
        self.ann.sudo().lang = GERMAN

    def said_to(self, request, user):
        return request.sudo().activity_ids.filtered(lambda row: row.user_id == user)

    def test_each_approver_is_asked_in_his_own_language(self):
        request = self.ask(kind="bundle")
        self.assertEqual(self.said_to(request, self.ann).mapped("summary"), [f"Entscheiden: {request.name}"])
        self.assertEqual(self.said_to(request, self.ben).mapped("summary"), [f"Decide: {request.name}"])
        request.sudo()._escalate()
        self.assertIn("Das wartet seit", self.said_to(request, self.ann).note)
        self.assertIn("This waits since", self.said_to(request, self.ben).note)

    def test_who_asked_is_told_in_his_own_language_by_the_job_too(self):
        self.operator.sudo().lang = GERMAN
        request = self.ask(kind="bundle")
        self.env.flush_all()
        self.env.cr.execute("ALTER TABLE integration_change_request DISABLE TRIGGER USER")
        request.sudo()._set(expires_at=fields.Datetime.now() - timedelta(hours=1))
        self.env.cr.execute("ALTER TABLE integration_change_request ENABLE TRIGGER USER")
        self.root["integration.change.request"].with_context(lang="en_US")._cron_look()
        self.env.invalidate_all()
        self.assertEqual((request.state, request.answer), ("expired", "Niemand hat rechtzeitig entschieden."))
        self.assertIn("Niemand hat rechtzeitig entschieden.", request.sudo().message_ids[0].body)
        with self.assertRaises(UserError):
            request.with_user(self.ann).action_approve()
