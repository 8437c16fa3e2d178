# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Entries that are committed late are never passed over, and two sealers at once make one chain (A2).

Real connections, real commits, real threads; what is left behind is removed at the end.
"""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from unittest.mock import patch

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, tagged
from odoo.tests.common import get_db_name

from ..engine.audit_seal import read_list
from ..models.audit import sealer
from .seal_common import SealEnvironment

ROUNDS = 8
PER_ROUND = 5


@tagged("post_install", "-at_install")
class TestSealRace(SealEnvironment, BaseCase):
    def setUp(self):
        super().setUp()
        self.use_own_keys()
        self.registry = Registry(get_db_name())
        with self.registry.cursor() as cr:
            cr.execute("SELECT COALESCE(max(id), 0) FROM integration_audit_leaf")
            [self.after] = cr.fetchone()
            cr.execute("SELECT count(*) FROM integration_audit_seal")
            self.assertEqual(cr.fetchone(), (0,))
        self.addCleanup(self.remove)

    def remove(self):
        with self.registry.cursor() as cr:
            for table, prefix, condition in (
                ("integration_audit_seal", "integration_audit_seal", "TRUE"),
                ("integration_audit_key", "integration_audit_key", "TRUE"),
                ("integration_audit_leaf", "integration_audit", f"id > {self.after}"),
            ):
                cr.execute(f"ALTER TABLE {table} DISABLE TRIGGER {prefix}_row")
                cr.execute(f"DELETE FROM {table} WHERE {condition}")
                cr.execute(f"ALTER TABLE {table} ENABLE TRIGGER {prefix}_row")
            cr.execute("DELETE FROM integration_audit_verification")

    def record(self, cr, count=1):
        env = api.Environment(cr, SUPERUSER_ID, {})
        env["integration.audit.leaf"]._append([{"action": "test.entry"}] * count)
        cr.execute("SELECT currval('integration_audit_leaf_id_seq')")
        return cr.fetchone()[0]

    def seal(self, seconds=20):
        with self.registry.cursor() as cr:
            return api.Environment(cr, SUPERUSER_ID, {})["integration.audit.sealer"]._run(seconds)

    def sealed(self):
        """Return the numbers of all sealed entries, in the order of the seals."""
        with self.registry.cursor() as cr:
            seals = api.Environment(cr, SUPERUSER_ID, {})["integration.audit.seal"]
            return [
                number
                for seal in seals.search([], order="number")
                for number, _digest in read_list(seals._entry_list(seal.number))
            ]

    def verify(self):
        with self.registry.cursor() as cr:
            checked = api.Environment(cr, SUPERUSER_ID, {})["integration.audit.verification"]._start()
            return checked.state, checked.result

    def test_an_entry_that_is_committed_late_is_waited_for(self):
        with closing(self.registry.cursor()) as slow:
            late = self.record(slow)
            with self.registry.cursor() as quick:
                early = self.record(quick)
            self.assertLess(late, early)
            with patch.object(sealer, "WAIT_SECONDS", 0.3):
                self.assertEqual(self.seal(), 0)
            self.assertEqual(self.sealed(), [])
            with ThreadPoolExecutor(1) as pool:
                waiting = pool.submit(self.seal)
                time.sleep(0.5)
                self.assertFalse(waiting.done())
                slow.commit()
                self.assertEqual(waiting.result(30), 1)
        self.assertEqual([number for number in self.sealed() if number > self.after][:2], [late, early])
        self.assertEqual(self.verify()[0], "holds")

    def test_a_transaction_that_gives_up_leaves_a_number_behind(self):
        with closing(self.registry.cursor()) as slow:
            given_up = self.record(slow)
            with self.registry.cursor() as quick:
                kept = self.record(quick)
            slow.rollback()
        self.assertEqual(self.seal(), 1)
        self.assertIn(kept, self.sealed())
        self.assertNotIn(given_up, self.sealed())
        self.assertEqual(self.verify()[0], "holds")

    def test_writers_and_sealers_at_once(self):
        stop = threading.Event()
        written = []

        def write(number):
            for turn in range(ROUNDS):
                with self.registry.cursor() as cr:
                    self.record(cr, PER_ROUND)
                    time.sleep(0.02 * ((number + turn) % 3))
            written.append(number)

        def seal():
            made = []
            while not stop.is_set():
                made.append(self.seal())
            return made

        with ThreadPoolExecutor(6) as pool:
            sealers = [pool.submit(seal) for _number in range(2)]
            for writer in [pool.submit(write, number) for number in range(4)]:
                writer.result(60)
            stop.set()
            made = [count for one in sealers for count in one.result(60)]
        self.assertEqual(len(written), 4)
        self.assertIn(None, made)  # one found the other at it
        self.seal()
        self.seal()
        numbers = self.sealed()
        self.assertEqual(len(numbers), len(set(numbers)))
        with self.registry.cursor() as cr:
            cr.execute("SELECT id FROM integration_audit_leaf ORDER BY id")
            self.assertEqual(numbers, [number for (number,) in cr.fetchall()])
        new = [number for number in numbers if number > self.after]
        self.assertEqual(len(new), 4 * ROUNDS * PER_ROUND + 1)  # and the entry about the key
        state, result = self.verify()
        self.assertEqual(state, "holds", result)
