# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Questions and answers are stored encrypted, given again byte for byte, and can be erased (C9)."""

import psycopg2

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..engine import sealing
from .query_common import QueryCommon


@tagged("post_install", "-at_install")
class TestSealedAnswers(QueryCommon):
    def setUp(self):
        super().setUp()
        self.partner_connection.content_protection = "all"

    def stored(self):
        """Return (question, answer, share) of the one answer as they stand in the database."""
        self.env.flush_all()
        self.env.cr.execute("SELECT question::text, answer_text, key_share FROM integration_query_answer")
        [row] = self.env.cr.fetchall()
        return row

    def test_nothing_readable_is_stored_and_the_same_answer_is_given_again(self):
        body = self.question(customer="C-1", query_id="q-sealed")
        first = self.ask(body, event_id="msg_1")
        question, answer, share = self.stored()
        self.assertEqual(len(bytes(share)), sealing.SHARE_BYTES)
        for text in (question, answer):
            self.assertIn('"sealed"', text)
            self.assertNotIn("C-1", text)
            self.assertNotIn(self.company.name, text)
        again = self.ask(body, event_id="msg_2")
        self.assertEqual((again.status_code, again.content), (200, first.content))
        row = self.kept()
        self.assertEqual(row.sudo().answer_text.encode(), first.content)
        self.assertIn('"C-1"', row.question_shown)

    def test_a_connection_that_encrypts_nothing_keeps_them_as_they_are(self):
        self.partner_connection.content_protection = "none"
        self.answered(self.question(customer="C-1"))
        question, answer, share = self.stored()
        self.assertIsNone(share)
        self.assertIn("C-1", question)
        self.assertIn("answered", answer)

    def test_an_erased_answer_is_not_given_again(self):
        body = self.question(customer="C-1", query_id="q-erased")
        self.ask(body, event_id="msg_1")
        Answer = self.env["integration.query.answer"]
        self.assertEqual(Answer.sudo()._erase_about(self.company.id, [0]), 0)
        self.assertEqual(Answer.sudo()._erase_about(self.company.id, self.anna.ids), 1)
        self.assertIsNone(self.stored()[2])
        row = self.kept()
        self.assertTrue(row.is_erased)
        self.assertIn("was erased", row.answer_shown)
        again = self.ask(body, event_id="msg_2")
        self.assertEqual(again.status_code, 410, again.text)
        self.assertIn("content_erased", again.text)
        self.assertEqual(len(self.kept()), 1)

    def test_the_database_lets_nothing_else_be_changed(self):
        self.answered(self.question(customer="C-1"))
        for change in ("answer_text = '{}'", "key_share = NULL", "erased_at = now()", "question = NULL"):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaisesRegex(psycopg2.Error, "kept as they are"),
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(f"UPDATE integration_query_answer SET {change}")
        self.assertFalse(self.kept().is_erased)
