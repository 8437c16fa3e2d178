# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The daily look for duplicates: everything once, then what has changed, and where it goes on (M3)."""

from unittest.mock import patch

from ..models.governance import duplicate
from .test_duplicates import DuplicateCommon


class TestDailyLook(DuplicateCommon):
    def test_the_daily_look_goes_on_where_it_stopped(self):
        one, other = self.contact(vat="DE123456788"), self.contact("X", vat="DE123456788")
        self.daily_look()
        pair = self.pair(one, other)
        self.assertEqual(pair.state, "open")
        other.unlink()
        self.daily_look()
        self.assertEqual(pair.state, "gone")

    def test_after_everything_was_seen_only_what_has_changed_is_looked_at(self):
        Duplicate = self.root["integration.duplicate"]
        self.daily_look()
        self.assertEqual(Duplicate._place("res.partner")[0], "since")
        one, other = self.contact(vat="DE123456788"), self.contact("X", vat="DE123456788")
        with patch.object(duplicate, "PORTION", 1):
            self.daily_look(portions=2)
        self.assertEqual(self.pair(one, other).state, "open")

    def test_the_place_of_a_record_that_was_changed_between_two_seconds_is_found_again(self):
        self.daily_look()
        changed = self.contact(vat="DE123456788")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE res_partner SET write_date = date_trunc('second', now() AT TIME ZONE 'UTC')"
            " + interval '1 day 0.602958 seconds' WHERE id = %s",
            [changed.id],
        )
        self.env.invalidate_all()
        self.daily_look()
        how, moment, _last = self.root["integration.duplicate"]._place("res.partner")
        self.assertEqual((how, moment.microsecond), ("since", 602958))
        self.daily_look()

    def daily_look(self, portions=1):
        """Run the scheduled action; each portion would be a transaction of its own."""
        self.env.flush_all()
        cron = self.env.registry["ir.cron"]
        with patch.object(cron, "_commit_progress", return_value=60.0) as committed:
            self.root["integration.duplicate"]._cron_look()
        self.assertGreaterEqual(committed.call_count, portions)
        self.env.invalidate_all()
