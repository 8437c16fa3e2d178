# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Each invariant of the fault suite holds for a healthy database and fails for one that is broken in its way."""

from datetime import date
from decimal import Decimal
from pathlib import Path

from ..faults import audit_invariants, invariants, money_invariants, seal_invariants
from ..simulators.partner import documents
from .common import ANNA, BEN, IntegrationCommon
from .seal_common import SealEnvironment

UNGUARDED = "ALTER TABLE integration_audit_leaf DISABLE TRIGGER USER; "


class CursorBooks:
    """The test's own transaction as the books that invariants look at."""

    def __init__(self, cr, log=()):
        self._cr = cr
        self._log = list(log)

    def sql(self, statement, *values):
        with self._cr.savepoint():  # what is refused must not end the test's transaction
            self._cr.execute(statement, values or None, log_exceptions=False)
            return self._cr.fetchall() if self._cr.description else []

    def one(self, statement, *values):
        return self.sql(statement, *values)[0][0]

    def log_problems(self):
        return self._log


class TestFaultInvariants(SealEnvironment, IntegrationCommon):
    def setUp(self):
        super().setUp()
        for version in (1, 2):
            self.send_partner("customer.updated", documents.customer(ANNA, self.clock.now, version))
        self.send_partner("customer.updated", documents.customer(BEN, self.clock.now))
        self.issue("P-1")
        self.issue("P-2", BEN)
        charge = self.stripe.charge(115000, "usd", metadata={"invoice_number": "P-1"})
        self.stripe.settle(charge["id"])
        self.send_stripe()
        self.env.flush_all()
        self.books = CursorBooks(self.env.cr)
        self.day = {date(2026, 3, 2): Decimal("1150.00")}

    def fails(self, check, breaking, *expected, count=None):
        """Break the database in one way and take it back; ``check`` must hold before and fail then."""
        self.assertEqual(check(self.books, *expected), [], check.__name__)
        savepoint = self.env.cr.savepoint(flush=False)
        try:
            self.env.cr.execute(breaking)
            found = check(self.books, *expected)
        finally:
            savepoint.close(rollback=True)
        self.assertTrue(found, f"{check.__name__} does not notice: {breaking}")
        if count is not None:
            self.assertEqual(len(found), count, found)
        self.assertEqual(check(self.books, *expected), [], check.__name__)

    def drop_unique(self, table):
        """Return what takes the unique indexes of a table away, the primary key left."""
        names = self.books.sql(
            "SELECT i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid"
            " WHERE x.indrelid = %s::regclass AND x.indisunique AND NOT x.indisprimary",
            table,
        )
        return "".join(f'DROP INDEX "{name}"; ' for (name,) in names)

    def test_a_healthy_database_breaks_nothing(self):
        self.assertEqual(invariants.broken(self.books, self.promises(), self.day, bad=[]), [])

    def promises(self):
        rows = self.books.sql(
            "SELECT connection_id, event_id, body_digest FROM integration_message WHERE direction = 'in'"
        )
        self.assertEqual(len(rows), 7)  # three customers, two invoices, two events of the charge
        return {(connection, event_id): digest for connection, event_id, digest in rows}

    def test_events(self):
        self.fails(
            invariants.every_acknowledged_event_is_stored,
            "UPDATE integration_message SET event_id = 'lost' WHERE id = (SELECT min(id) FROM integration_message"
            " WHERE direction = 'in')",
            self.promises(),
            count=1,
        )
        self.fails(
            invariants.every_acknowledged_event_is_stored,
            "UPDATE integration_payload SET raw = 'x' WHERE raw IS NOT NULL",
            self.promises(),
            count=7,
        )
        self.fails(
            invariants.one_message_per_event,
            self.drop_unique("integration_message")
            + "UPDATE integration_message SET event_id = 'twice' WHERE kind = 'customer'",
            count=1,
        )
        self.fails(
            invariants.every_event_is_accounted_for,
            "UPDATE integration_message SET status = 'processing' WHERE kind = 'customer'",
            count=1,
        )
        for status in ("ready", "held", "parked", "dead", "waiting", "unknown"):
            self.fails(
                invariants.every_event_is_done_or_visibly_stopped,
                f"UPDATE integration_message SET status = '{status}', due_at = NULL WHERE kind = 'invoice'",
                count=2,
            )
        self.fails(
            invariants.exactly_the_bad_ones_stopped,
            "UPDATE integration_message SET status = 'dead' WHERE kind = 'invoice'",
            [],
            count=2,
        )
        self.assertEqual(
            invariants.exactly_the_bad_ones_stopped(self.books, ["msg_bad"]),
            ["event msg_bad is bad and did not stop"],
        )

    def test_effects(self):
        self.fails(
            invariants.no_effect_happened_twice,
            self.drop_unique("integration_effect")
            + "INSERT INTO integration_effect (message_id, connection_id, key, res_model, res_id)"
            " SELECT message_id, connection_id, key, res_model, res_id FROM integration_effect"
            " WHERE res_model = 'account.move'",
        )
        self.fails(
            invariants.no_effect_happened_twice,
            "UPDATE account_move SET ref = 'P-1' WHERE ref = 'P-2'",
            count=1,
        )
        self.fails(
            invariants.no_effect_happened_twice,
            "UPDATE integration_movement SET statement_line_id = NULL",
            count=1,
        )
        self.fails(
            invariants.every_effect_has_its_record,
            "UPDATE integration_effect SET res_id = -1 WHERE res_model = 'account.move'",
        )
        self.fails(
            invariants.every_effect_has_its_record,
            "DELETE FROM integration_effect WHERE res_model = 'account.move'",
        )

    def test_order(self):
        first, second = self.env["integration.message"].search(
            [("object_key", "like", ANNA.id), ("kind", "=", "customer")], order="id"
        )
        self.fails(
            invariants.objects_were_applied_in_order,
            f"UPDATE integration_attempt SET message_id = CASE message_id WHEN {first.id} THEN {second.id}"
            f" ELSE {first.id} END WHERE message_id IN ({first.id}, {second.id})",
            count=1,
        )
        self.fails(
            invariants.versions_never_go_back,
            f"UPDATE integration_message SET version = 9 WHERE id = {first.id}",
            count=1,
        )

    def test_books(self):
        self.fails(
            money_invariants.debits_equal_credits,
            "UPDATE account_move_line SET debit = debit + 0.01, balance = balance + 0.01"
            " WHERE id = (SELECT min(id) FROM account_move_line WHERE debit > 0 AND parent_state = 'posted')",
            count=2,  # the entry, and the ledger of its company
        )
        self.fails(
            money_invariants.debits_equal_credits,
            "UPDATE account_move SET state = 'draft' WHERE ref = 'P-1'",
            count=1,
        )
        self.fails(
            money_invariants.numbering_has_no_gaps,
            "UPDATE account_move SET sequence_number = sequence_number + 1 WHERE ref = 'P-2'",
            count=1,
        )
        self.fails(
            money_invariants.money_is_applied_to_its_invoice,
            "UPDATE integration_movement SET application = 'open';"
            " UPDATE account_move SET payment_state = 'not_paid' WHERE ref = 'P-1'",
            count=1,
        )
        self.fails(
            money_invariants.money_agrees_with_the_provider,
            "UPDATE account_bank_statement_line SET amount = amount + 0.01",
            self.day,
            count=1,
        )
        self.assertEqual(
            len(money_invariants.money_agrees_with_the_provider(self.books, {date(2026, 3, 1): Decimal(1)})),
            4,
        )

    def test_evidence(self):
        self.fails(audit_invariants.every_attempt_is_written, "DELETE FROM integration_attempt")
        self.fails(
            audit_invariants.every_outcome_is_in_the_audit_trail,
            UNGUARDED + "DELETE FROM integration_audit_leaf",
        )
        self.fails(
            audit_invariants.every_outcome_is_in_the_audit_trail,
            "INSERT INTO integration_audit_leaf (recorded_at, action, message_id, digest)"
            " SELECT recorded_at, action, message_id, digest FROM integration_audit_leaf"
            " WHERE action = 'message.done'",
        )
        self.fails(
            audit_invariants.audit_entries_are_genuine,
            UNGUARDED + "UPDATE integration_audit_leaf SET detail = 'nothing' WHERE action = 'message.done'",
        )
        self.fails(
            audit_invariants.audit_entries_cannot_be_changed,
            "DROP TRIGGER integration_audit_row ON integration_audit_leaf",
            count=2,
        )
        self.fails(
            audit_invariants.audit_entries_cannot_be_changed,
            "DROP TRIGGER integration_audit_table ON integration_audit_leaf",
            count=1,
        )

    def test_seals(self):
        self.use_own_keys()
        self.registry_enter_test_mode()
        self.root["integration.audit.sealer"]._run(seconds=20)
        self.root["integration.audit.sealer"]._run(seconds=20)
        unguarded = "ALTER TABLE integration_audit_seal DISABLE TRIGGER USER; "
        follow, covered = (
            seal_invariants.seals_follow_one_another,
            seal_invariants.every_entry_is_what_was_sealed,
        )
        self.fails(follow, unguarded + "DELETE FROM integration_audit_seal WHERE number = 1", count=1)
        self.fails(
            follow,
            unguarded
            + "UPDATE integration_audit_seal SET text = replace(text, ':1,', ':1 ,') WHERE number = 2",
            count=1,
        )
        self.fails(
            covered, UNGUARDED + "DELETE FROM integration_audit_leaf WHERE id = (SELECT min(id)"
            " FROM integration_audit_leaf)", count=2,
        )  # fmt: skip
        self.fails(
            covered, unguarded + "UPDATE integration_audit_seal SET entries = '' WHERE number = 1", count=1
        )
        outside = seal_invariants.every_seal_is_outside
        folder = Path(self.folder.name)
        self.fails(
            outside, unguarded + "DELETE FROM integration_audit_seal WHERE number = 2", folder, count=1
        )
        [path] = folder.iterdir()
        path.unlink()
        self.assertEqual(outside(self.books, folder), ["2 seals, 0 of them outside"])

    def test_jobs_and_logs(self):
        self.partner_connection.flow_ids.lane_id.with_delay()._drain()
        self.env.flush_all()
        self.fails(audit_invariants.no_job_failed, "UPDATE queue_job SET state = 'failed'", count=1)
        self.assertEqual(
            audit_invariants.the_logs_are_clean(CursorBooks(self.env.cr, ["ERROR x"])), ["ERROR x"]
        )

    def test_deliveries(self):
        self._secret(self.partner_connection, "outbound_signature", "whsec_" + "QUJD" * 8)
        self.partner_connection.delivery_url = "https://receiver.example/hook"
        self.issue("P-3")
        self.issue("P-4", BEN)
        self.env.flush_all()
        out = self.env["integration.message"].search([("direction", "=", "out")])
        self.assertEqual(len(out), 2)
        taken = {event_id: {b"{}"} for event_id in out.mapped("event_id")}
        self.fails(
            audit_invariants.every_delivery_arrived,
            "UPDATE integration_message SET event_id = 'other' || id, status = 'done' WHERE direction = 'out'",
            taken,
            count=4,  # two never arrived, two arrived and were never told
        )
        twice = {**taken, out[0].event_id: {b"{}", b"[]"}}
        self.assertEqual(
            audit_invariants.every_delivery_arrived(self.books, twice),
            [f"event {out[0].event_id} arrived with 2 contents"],
        )
