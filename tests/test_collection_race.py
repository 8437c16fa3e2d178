# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Two who collect the same money at once, and processes that are killed on the way: one pair of entries (C5, E1, E2).

Real connections, real commits, real threads; what is left behind is removed at the end.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date, datetime

import psycopg2

from odoo import SUPERUSER_ID, api
from odoo.fields import Command
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, tagged
from odoo.tests.common import get_db_name
from odoo.tools import SQL, mute_logger

from .real_data import newest_ids, remove_newer

TRIES = 6
DAY = date(2026, 3, 2)
PLACES = 24


class Killed(BaseException):
    """The process ends here: nothing catches it."""


class Dying:
    """A cursor of a process that ends before its n-th statement."""

    def __init__(self, cr, place):
        self.said = 0
        execute = cr.execute

        def counted(*arguments, **facts):
            if place and self.said == place:
                raise Killed  # also what would be taken back on the way out is not said any more
            self.said += 1
            if self.said == place:
                raise Killed
            return execute(*arguments, **facts)

        cr.execute = counted


@tagged("post_install", "-at_install")
class TestCollectionRace(BaseCase):
    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        with self.registry.cursor() as cr:
            newest = newest_ids(cr)
        self.addCleanup(self.remove, newest)
        with self.registry.cursor() as cr:
            self.build(self.env(cr))

    def remove(self, newest):
        with self.registry.cursor() as cr:
            remove_newer(cr, newest)
        self.registry.clear_all_caches()

    def env(self, cr):
        return api.Environment(cr, SUPERUSER_ID, {"no_reset_password": True, "mail_create_nolog": True})

    # -- two companies, money of the first one ---------------------------------------------------------------

    def build(self, env):
        usd = env.ref("base.USD")
        one, two = (
            env["res.company"].create({"name": f"Race {name}", "currency_id": usd.id}) for name in ("A", "B")
        )
        self.one, self.two = one.id, two.id
        # What new companies are on a platform where others have set lock dates or charts says nothing here.
        account, journal = self.account, self.journal
        self.unid = account(env, one, "UNID", "liability_current")
        cash = account(env, one, "CASH", "asset_current", reconcile=False)
        owed, due = account(env, one, "OWED", "liability_current"), account(env, two, "DUE", "asset_current")
        self.income = account(env, two, "INC", "income", reconcile=False)
        receivable = account(env, two, "AR", "asset_receivable")
        own, between = journal(env, one, "OWN"), journal(env, one, "BETW")
        theirs, self.sales = journal(env, two, "BETW"), journal(env, two, "SALE", "sale", self.income)
        connection = env["integration.connection"].create(
            {
                "name": "Race",
                "connector": "stripe",
                "company_id": one.id,
                "environment": "test",
                "time_zone": "UTC",
                "entry_journal_id": own,
            }
        )
        agreement = env["integration.collection.agreement"].create(
            {
                "company_id": one.id,
                "payee_id": two.id,
                "payable_account_id": owed,
                "receivable_account_id": due,
                "journal_id": between,
                "payee_journal_id": theirs,
                "valid_from": date(2026, 1, 1),
            }
        )
        agreement.action_activate()
        connection._ensure_service_user()
        partner = env["res.partner"].create({"name": "Race customer"})
        partner.with_company(two).property_account_receivable_id = receivable
        self.connection_id, self.partner_id = connection.id, partner.id
        self.cash, self.own, self.between, self.theirs = cash, own, between, theirs

    def account(self, env, company, code, account_type, reconcile=True):
        values = {"name": code, "code": f"RACE{code}", "account_type": account_type, "reconcile": reconcile}
        accounts = env["account.account"].with_company(company)
        return accounts.create({**values, "company_ids": [Command.set(company.ids)]}).id

    def journal(self, env, company, code, journal_type="general", account=False):
        values = {"name": code, "code": code, "type": journal_type, "default_account_id": account}
        return env["account.journal"].with_company(company).create({**values, "company_id": company.id}).id

    def money(self, env, movement_id="ch_race", amount=115.0, number="B-1"):
        """Let the first company hold money that names an invoice; returns the id of its movement."""
        items = [(self.cash, amount), (self.unid, -amount)]
        move = (
            env["account.move"]
            .with_company(self.one)
            .create(
                {
                    "move_type": "entry",
                    "journal_id": self.own,
                    "date": DAY,
                    "line_ids": [
                        Command.create({"name": movement_id, "account_id": account, "balance": balance})
                        for account, balance in items
                    ],
                }
            )
        )
        move._post(soft=False)
        movement = env["integration.movement"].create(
            {
                "connection_id": self.connection_id,
                "type": "payment",
                "movement_id": movement_id,
                "changes_balance": True,
                "status": "succeeded",
                "occurred_at": datetime(2026, 3, 2, 15, 0),  # noqa: DTZ001 - as Odoo keeps it
                "event_date": DAY,
                "currency_id": env.ref("base.USD").id,
                "amount": amount,
                "counterpart_id": move.line_ids.filtered(lambda line: line.account_id.id == self.unid).id,
                "application": "unidentified",
                "reference_ids": [Command.create({"type": "invoice", "value": number})],
            }
        )
        return movement.id

    def bill(self, env, number="B-1", amount=115.0):
        """Return the id of a posted invoice of the other company."""
        invoice = (
            env["account.move"]
            .with_company(self.two)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.partner_id,
                    "journal_id": self.sales,
                    "invoice_date": DAY,
                    "date": DAY,
                    "invoice_date_due": DAY,
                    "payment_reference": number,
                    "currency_id": env.ref("base.USD").id,
                    "invoice_line_ids": [
                        Command.create(
                            {
                                "name": "Advice",
                                "quantity": 1,
                                "price_unit": amount,
                                "account_id": self.income,
                                "tax_ids": [Command.clear()],
                            }
                        )
                    ],
                }
            )
        )
        invoice._post(soft=False)
        return invoice.id

    def committed(self, make):
        with self.registry.cursor() as cr:
            return make(self.env(cr))

    # -- looking -----------------------------------------------------------------------------------------------

    def outcome(self):
        """Return (collections, entries of each company between the two, open of the invoices, money left)."""
        with self.registry.cursor() as cr:
            cr.execute(
                SQL(
                    """
                    SELECT (SELECT count(*) FROM integration_collection WHERE company_id = %(one)s),
                           (SELECT count(*) FROM account_move WHERE journal_id = %(between)s AND state = 'posted'),
                           (SELECT count(*) FROM account_move WHERE journal_id = %(theirs)s AND state = 'posted'),
                           (SELECT sum(amount_residual) FROM account_move
                             WHERE company_id = %(two)s AND move_type = 'out_invoice'),
                           (SELECT -sum(l.amount_residual) FROM integration_movement m
                              JOIN account_move_line l ON l.id = m.counterpart_id WHERE m.company_id = %(one)s)
                    """,
                    one=self.one,
                    two=self.two,
                    between=self.between,
                    theirs=self.theirs,
                )
            )
            return tuple(float(value or 0) for value in cr.fetchone())

    def pairs(self):
        """Return how many pairs agree: two posted entries of one amount, day and reference, one in each company."""
        with self.registry.cursor() as cr:
            cr.execute(
                SQL(
                    """
                    SELECT count(*) FROM integration_collection c
                      JOIN account_move a ON a.id = c.move_id AND a.company_id = c.company_id
                      JOIN account_move b ON b.id = c.payee_move_id AND b.company_id = c.payee_id
                     WHERE c.company_id = %s AND a.state = 'posted' AND b.state = 'posted' AND a.ref = b.ref
                       AND a.date = b.date AND a.amount_total = b.amount_total AND a.amount_total = c.amount
                    """,
                    self.one,
                )
            )
            return cr.fetchone()[0]

    # -- two at once -------------------------------------------------------------------------------------------

    def collect(self, movement_id, before):
        """Look for what money pays, as the drain does it: from a fresh snapshot again while the database is in the way.

        :returns: how often the database was in the way.
        """
        for tries in range(TRIES):
            with closing(self.registry.cursor()) as cr:
                try:
                    movement = self.env(cr)["integration.movement"].browse(movement_id)
                    service = movement.connection_id._as_service()
                    before(cr)
                    service.env["integration.posting.application"]._apply_again(
                        movement.with_env(service.env)
                    )
                    service.env.flush_all()
                    cr.commit()  # pylint: disable=invalid-commit
                except (psycopg2.OperationalError, psycopg2.IntegrityError):
                    cr.rollback()
                    continue
                return tries
        raise AssertionError("in the way again and again")

    def at_once(self, *movement_ids):
        """Let each begin with its own snapshot, taken before any of them books."""
        start = threading.Barrier(len(movement_ids))

        def work(movement_id):
            waited = []

            def before(cr):
                cr.execute("SELECT 1 FROM integration_movement LIMIT 1")
                if not waited:
                    waited.append(start.wait(60))

            return self.collect(movement_id, before)

        with mute_logger("odoo.sql_db"), ThreadPoolExecutor(len(movement_ids)) as threads:
            return list(threads.map(work, movement_ids))

    def test_two_who_collect_the_same_money_at_once_book_one_pair(self):
        movement_id = self.committed(self.money)
        self.committed(self.bill)
        self.assertEqual(self.outcome(), (0, 0, 0, 115.0, 115.0))
        tries = self.at_once(movement_id, movement_id)
        self.assertEqual((self.outcome(), self.pairs()), ((1, 1, 1, 0.0, 0.0), 1))
        self.assertEqual(min(tries), 0, tries)
        self.assertGreater(max(tries), 0, "neither saw the other: nothing was raced")
        # And nothing more when somebody looks once more.
        self.collect(movement_id, lambda cr: None)
        self.assertEqual((self.outcome(), self.pairs()), ((1, 1, 1, 0.0, 0.0), 1))

    def test_two_payments_of_one_invoice_at_once_pay_it_once(self):
        first, second = self.committed(lambda env: (self.money(env, "ch_1"), self.money(env, "ch_2")))
        self.committed(self.bill)
        self.at_once(first, second)
        # The later one finds the invoice paid, and waits for a person with its money.
        self.assertEqual((self.outcome(), self.pairs()), ((1, 1, 1, 0.0, 115.0), 1))
        with self.registry.cursor() as cr:
            cr.execute(
                SQL(
                    "SELECT code FROM integration_exception WHERE state = 'open' AND company_id = %s",
                    self.one,
                )
            )
            self.assertEqual(cr.fetchall(), [("collect_invoice_closed",)])

    def test_payments_of_two_invoices_at_once_by_one_agreement_are_both_collected(self):
        first, second = self.committed(
            lambda env: (self.money(env, "ch_1"), self.money(env, "ch_2", 40.0, "B-2"))
        )
        self.committed(lambda env: (self.bill(env), self.bill(env, "B-2", 40.0)))
        self.at_once(first, second)
        self.assertEqual((self.outcome(), self.pairs()), ((2, 2, 2, 0.0, 0.0), 2))

    # -- killed between the invoice and the second look ----------------------------------------------------------

    def sweep(self):
        with self.registry.cursor() as cr:
            self.env(cr)["integration.waiting"]._sweep()

    def post_and_die(self):
        """Post the other company's invoice and end right after the commit, before anybody looks what it explains."""
        with closing(self.registry.cursor()) as cr:
            self.bill(self.env(cr))
            self.env(cr).flush_all()
            cr.postcommit.clear()
            cr.commit()  # pylint: disable=invalid-commit

    def test_a_process_that_ends_after_the_invoice_loses_nothing_and_books_nothing_twice(self):
        self.committed(self.money)
        self.post_and_die()
        self.assertEqual(self.outcome(), (0, 0, 0, 115.0, 115.0))
        self.sweep()
        self.assertEqual((self.outcome(), self.pairs()), ((1, 1, 1, 0.0, 0.0), 1))
        self.sweep()
        self.assertEqual((self.outcome(), self.pairs()), ((1, 1, 1, 0.0, 0.0), 1))

    def test_a_second_look_that_is_killed_at_any_statement_leaves_neither_side(self):
        movement_id = self.committed(self.money)
        self.post_and_die()

        def look(place):
            """Take the second look; returns how many statements were made until the process ended."""
            with closing(self.registry.cursor()) as cr:
                env = self.env(cr)
                dying = Dying(cr, place)
                try:
                    env["integration.waiting"]._look_again(movement_ids=[movement_id])
                    env.flush_all()
                except Killed:
                    return dying.said
                return dying.said

        with mute_logger("odoo.sql_db"):
            total = look(0)  # taken back as a whole
            self.assertGreater(total, 20)
            killed = 0
            for place in range(1, total + 1, max(1, total // PLACES)):
                killed += look(place) == place
                self.assertEqual(self.outcome(), (0, 0, 0, 115.0, 115.0), f"killed at {place} of {total}")
        self.assertGreaterEqual(killed, PLACES // 2)
        self.sweep()
        self.assertEqual((self.outcome(), self.pairs()), ((1, 1, 1, 0.0, 0.0), 1))
