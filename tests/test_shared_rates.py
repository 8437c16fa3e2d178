# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Limits hold over all processes of a host, and each of several hosts grants its part (E7)."""

import os
import signal
import tempfile
from pathlib import Path
from unittest.mock import patch

from odoo.exceptions import ValidationError
from odoo.tests import BaseCase, tagged

from ..controllers import reading
from ..engine.rate_limit import TokenBucket
from ..models.messaging import shared_rates
from ..models.messaging.endpoint import HOSTS_PARAMETER
from ..models.messaging.shared_rates import PROBES, SIZE, SharedRates
from .common import IntegrationCommon

SECOND = 1_000_000_000


class RatesCommon(BaseCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "rates"
        self.rates = SharedRates(self.path)

    def process(self, die=False):
        """Take one token after the other in a process of its own; return its pid and where it says how many it got.

        :param die: be killed while it holds the lock.
        """
        reader, writer = os.pipe()
        pid = os.fork()
        if pid:
            os.close(writer)
            return pid, reader
        try:  # nothing of the test's process may be used or closed here
            rates = SharedRates(self.path)
            if die:
                rates._take = lambda *_wanted: os.kill(os.getpid(), signal.SIGKILL)
            given = sum(not rates.take([("a", 1, 40, 1)], now=1) for _try in range(60))
            os.write(writer, str(given).encode())
        finally:
            os._exit(0)

    def result(self, pid, reader):
        """Return (what the process wrote, with which signal it ended)."""
        with os.fdopen(reader) as stream:
            text = stream.read()
        return text, os.WTERMSIG(os.waitpid(pid, 0)[1])


@tagged("post_install", "-at_install")
class TestSharedRates(RatesCommon):
    def test_processes_share_one_limit(self):
        running = [self.process() for _number in range(3)]
        given = [int(self.result(*process)[0]) for process in running]
        self.assertEqual(sum(given), 40, given)
        self.assertTrue(self.rates.take([("a", 1, 40, 1)], now=1))

    def test_who_is_killed_with_the_lock_in_hand_keeps_nobody_waiting(self):
        self.assertEqual(self.result(*self.process(die=True)), ("", signal.SIGKILL))
        self.assertEqual(self.rates.take([("a", 1, 40, 1)], now=1), 0)

    def test_several_limits_are_taken_together_or_not_at_all(self):
        wanted = [("a", 10, 10, 4), ("b", 1, 2, 2)]
        self.assertEqual(self.rates.take(wanted, now=1), 0)
        self.assertEqual(self.rates.take(wanted, now=1), 2 * SECOND)
        self.assertEqual(self.rates.take([("a", 10, 10, 6)], now=1), 0, "the refusal took something")

    def test_what_was_taken_outlives_the_process_and_comes_back_with_time(self):
        self.rates.take([("a", 2, 4, 4)], now=SECOND)
        again = SharedRates(self.path)
        self.assertEqual(again.take([("a", 2, 4, 1)], now=SECOND), SECOND // 2)
        self.assertEqual(again.take([("a", 2, 4, 2)], now=2 * SECOND), 0)

    def test_more_than_fits_is_owed(self):
        self.assertEqual(self.rates.take([("a", 2, 10, 30)], now=SECOND), 0)
        self.assertEqual(self.rates.take([("a", 2, 10, 1)], now=SECOND), 10 * SECOND + SECOND // 2)

    def test_a_clock_of_before_the_host_was_started_again_holds_nobody_up(self):
        self.rates.take([("a", 1, 1, 1)], now=10**18)
        self.assertEqual(self.rates.take([("a", 1, 1, 1)], now=1), 0)

    def test_names_that_fall_on_one_place_keep_apart_and_the_stalest_gives_way(self):
        names = [str(number) for number in range(PROBES + 1)]
        with patch.object(shared_rates, "_tag", lambda name: (int(name) + 1) * shared_rates.SLOTS + 7):
            for number, name in enumerate(names, start=1):
                self.assertEqual(self.rates.take([(name, 1, 1, 1)], now=number), 0, name)
            for name in names[1:]:
                self.assertTrue(self.rates.take([(name, 1, 1, 1)], now=PROBES + 1), name)

    def test_a_file_that_is_not_ours_alone_is_not_used(self):
        self.path.write_bytes(bytes(SIZE))
        self.path.chmod(0o666)
        link = self.path.with_name("link")
        link.symlink_to(self.path)
        for path in (self.path, link, self.path / "below"):
            with self.subTest(path=path), self.assertLogs(shared_rates._logger, "WARNING"):
                rates = SharedRates(path)
                self.assertEqual(rates.take([("a", 1, 1, 1)], now=1), 0)
                self.assertTrue(rates.take([("a", 1, 1, 1)], now=1), "the process does not even limit itself")
        self.assertFalse(any(self.path.read_bytes()))

    def test_the_usual_file_is_ours_and_readable_by_nobody_else(self):
        path = shared_rates.usual_path()
        self.assertIn(str(os.geteuid()), path.name)
        SharedRates().take([(f"test {os.getpid()}", 1, 1, 1)])
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)


@tagged("post_install", "-at_install")
class TestHosts(IntegrationCommon):
    def facts(self):
        endpoint = self.partner_connection.endpoint_ids
        return endpoint._address_facts(endpoint.key)

    def test_each_host_grants_its_part(self):
        self.assertEqual(self.facts()["hosts"], 1)
        self.env["ir.config_parameter"].sudo().set_param(HOSTS_PARAMETER, "4")
        facts = self.facts()
        self.assertEqual(facts["hosts"], 4)
        taken = []
        with patch.object(reading._buckets, "take", lambda wanted: taken.extend(wanted) or 0):
            reading.check_rate(facts, {})
        ((_name, rate, burst, tokens),) = taken
        self.assertEqual((rate, burst, tokens), (facts["rate_per_second"] // 4, rate * 5, 1))
        self.env["ir.config_parameter"].sudo().set_param(HOSTS_PARAMETER, None)
        self.assertEqual(self.facts()["hosts"], 1)

    def test_a_number_of_hosts_that_is_none_is_refused(self):
        for value in ("0", "-1", "many", "101", "1.5"):
            with self.subTest(value=value), self.assertRaises(ValidationError), self.env.cr.savepoint():
                self.env["ir.config_parameter"].sudo().set_param(HOSTS_PARAMETER, value)

    def test_a_bucket_of_another_rate_is_full_at_most_to_its_own_brim(self):
        bucket = TokenBucket(5, 5, TokenBucket(100, 100).level_after(0, 1))
        self.assertEqual(bucket.take(0, 5), 0)
        self.assertEqual(bucket.take(0, 1), 1)
