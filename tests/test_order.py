# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Order per key, and versions (E3)."""

from decimal import Decimal

from odoo.exceptions import UserError

from ..models.messaging import drain_order
from .common import ANNA, BEN
from .order_common import OrderCommon


class TestOrder(OrderCommon):
    def test_a_stopped_event_holds_back_its_own_object_only(self):
        first = self.unknown_tax("P-1")
        second = self.tell(self.document("P-1", version=None))
        third = self.tell(self.document("P-1"))
        others = [self.tell(self.document(f"Q-{number}")) for number in range(5)]
        self.work()
        self.assertEqual(self.states(first, second, third), ["parked", "held", "held"])
        self.assertEqual(self.states(*others), ["done"] * 5)
        self.assertEqual(sorted(self.booked()), [f"Q-{number}" for number in range(5)])
        self.assertEqual((second + third).mapped("hold_reason"), ["order", "order"])
        self.assertIn("Another event of the same object", second.waiting_text)
        self.assertEqual(second.action_open_blocker()["res_id"], first.id)

    def test_held_events_take_no_place_of_others(self):
        """However many are held, a batch is filled with those that can be worked off."""
        stopped = self.unknown_tax("P-1")
        self.work()
        held = [self.tell(self.document("P-1", version=None)) for _number in range(12)]
        free = [self.tell(self.document(f"Q-{number}")) for number in range(3)]
        looked_at = self.root["integration.drain"]._work_off(self.lane.id, limit=3)
        self.assertEqual(looked_at, 15)
        self.assertEqual(self.states(stopped, *held), ["parked"] + ["held"] * 12)
        self.assertEqual(self.states(*free), ["done"] * 3)

    def test_what_is_held_beyond_the_bound_waits_for_the_next_batch(self):
        self.unknown_tax("P-1")
        self.work()
        held = [self.tell(self.document("P-1", version=None)) for _number in range(5)]
        free = self.tell(self.document("Q-1"))
        self.patch(drain_order, "MAX_HELD_PER_BATCH", 3)
        drain = self.root["integration.drain"]
        self.assertEqual([drain._work_off(self.lane.id, limit=3) for _batch in range(3)], [3, 3, 0])
        self.assertEqual(self.states(*held, free), ["held"] * 5 + ["done"])

    def test_a_chain_is_let_go_at_once_and_follows_in_order(self):
        first = self.unknown_tax("P-1")
        chain = [self.tell_customer(BEN, version=number) for number in range(1, 4)]
        behind = [self.tell(self.document("P-1", version=None, amount=f"{n}.00")) for n in range(1, 6)]
        self.work()
        self.assertEqual(self.states(first, *behind), ["parked"] + ["held"] * 5)
        self.assertEqual(self.states(*chain), ["done"] * 3)
        first.action_discard("Not to be booked")
        self.assertEqual(self.states(first, *behind), ["discarded"] + ["ready"] * 5)
        self.work()
        # The first of the chain is booked, the next one says something else of the same document: stopped again.
        self.assertEqual(self.states(*behind), ["done", "parked", "held", "held", "held"], self.stopped())
        self.assertEqual(self.became(behind[0], "account.move").amount_total, 1.15)
        self.assertEqual(self.booked(), ["P-1"])

    def test_put_aside_dead_and_superseded_let_the_rest_go(self):
        """Whatever ends a stopped event, what waited for it goes on."""
        first = self.unknown_tax("P-1")
        second = self.tell(self.document("P-1", version=None))
        self.work()
        self.assertEqual(self.states(first, second), ["parked", "held"])
        newer = self.tell(self.document("P-1", version=2))
        self.work()
        # The newer version does not overtake what says no version.
        self.assertEqual(self.states(first, second, newer), ["parked", "held", "held"])
        first.action_discard("Not to be booked")
        self.work()
        self.assertEqual(self.states(first, second, newer), ["discarded", "done", "parked"])
        self.assertEqual(newer.error_code, "document_changed")

    def test_a_hold_whose_release_was_lost_is_healed_by_the_drain_and_by_the_sweep(self):
        """A person puts the blocker aside while a batch is holding its successors back: neither sees the other."""
        first, second = self.unknown_tax("P-1"), self.tell(self.document("P-1", version=None))
        third = self.tell(self.document("P-1", version=None))
        self.work()
        first.with_env(self.root)._advance(first.stage, "discarded")  # as if its release had not seen them
        self.assertEqual(self.states(second, third), ["held", "held"])
        self.assertEqual(self.root["integration.message"]._release_held(self.lane.id), 2)
        self.assertEqual(self.states(second, third), ["ready", "ready"])
        self.work()
        self.assertEqual(self.states(second, third), ["done", "done"])  # the third says the same again
        self.assertEqual(self.booked(), ["P-1"])

    def test_an_event_in_a_paused_flow_holds_back_its_object_in_other_flows(self):
        document = self.document("P-1", codes=("ODD",))
        first = self.tell(document)
        other = self.partner_connection.flow_ids.filtered(lambda flow: flow.kind == "entry")
        second = self.tell(self.document("P-1"))
        self.env.cr.execute("UPDATE integration_message SET flow_id = %s WHERE id = %s", [other.id, first.id])
        self.set_state(other, "paused")
        self.work()
        self.assertEqual(self.states(first, second), ["ready", "held"])
        self.assertEqual(self.root["integration.message"]._release_held(self.lane.id), 0)
        self.set_state(other, "live")
        self.assertEqual(self.root["integration.message"]._release_held(self.lane.id), 1)
        self.work()
        self.assertEqual(self.states(first, second), ["parked", "held"])

    def set_state(self, flow, state):
        self.env.flush_all()
        self.env.cr.execute("UPDATE integration_flow SET state = %s WHERE id = %s", [state, flow.id])
        self.env.invalidate_all()
        self.env.registry.clear_cache()

    def test_open_events_move_along_when_a_flow_changes_its_lane(self):
        stopped = self.unknown_tax("P-1")
        self.work()
        waiting = self.tell(self.document("Q-1"))
        lane = self.env["integration.lane"].create({"name": "Invoices", "company_id": self.company.id})
        self.flow.lane_id = lane
        self.assertEqual((stopped + waiting).lane_id, lane)
        self.root["integration.drain"]._work_off(lane.id)
        self.assertEqual(self.states(stopped, waiting), ["parked", "done"])


class TestVersions(OrderCommon):
    def applied(self, key):
        return self.env["integration.applied.version"].search([("object_key", "=", key)]).mapped("version")

    def test_a_late_older_version_is_never_applied_whatever_its_kind(self):
        self.tell_customer(version=5, drain=True)
        late = self.tell_customer(version=4, drain=True, name="Old name")
        self.assertEqual(late.status, "superseded")
        partner = self.env["res.partner"].search([("email", "=", ANNA.email)])
        self.assertEqual(partner.name, ANNA.name)
        self.tell(self.document("P-1", version=5), drain=True)
        old = self.tell(self.document("P-1", version=4, amount="7.00"), drain=True)
        self.assertEqual((old.status, self.booked()), ("superseded", ["P-1"]))
        entry = self.tell(self.entry(version=5), "entry.reported", drain=True)
        old_entry = self.tell(self.entry(version=4, amount="7.00"), "entry.reported", drain=True)
        self.assertEqual(self.states(entry, old_entry), ["done", "superseded"], self.stopped())
        self.assertEqual(len(self.env["account.move"].search([("ref", "=", "E-1")])), 1)
        self.assertEqual(
            [self.applied(key) for key in (f"customer:{ANNA.id}", "invoice:P-1", "entry:E-1")],
            [[5], [5], [5]],
        )
        self.assertFalse(self.exceptions())

    def entry(self, version=1, amount="40.00"):
        return {
            "kind": "entry",
            "schema_version": "1",
            "source": {"system": "partner", "object_id": "E-1", "version": version},
            "occurred_at": self.clock.now.isoformat(),
            "reference": "E-1",
            "date": "2026-03-02",
            "currency": "USD",
            "lines": [
                {"account": "A", "debit": amount},
                {"account": "B", "credit": amount},
            ],
        }

    def setUp(self):
        super().setUp()
        accounts = self.env["account.account"].search(
            [("company_ids", "in", self.company.id), ("account_type", "=", "expense")], limit=2
        )
        self.assertEqual(len(accounts), 2)
        self.env["integration.mapping"].create(
            [
                {
                    "connection_id": self.partner_connection.id,
                    "mapping": "account",
                    "outside_value": code,
                    "account_id": account.id,
                }
                for code, account in zip("AB", accounts, strict=True)
            ]
        )

    def test_versions_of_one_batch_end_as_one_by_one(self):
        """The newest counts, whichever came first, in one batch and in several."""
        new = self.tell_customer(version=3, name="New")
        old = self.tell_customer(version=2, name="Old")
        newest = self.tell_customer(version=4, name="Newest")
        self.work()
        self.assertEqual(self.states(new, old, newest), ["done", "superseded", "done"])
        partner = self.env["res.partner"].search([("email", "=", ANNA.email)])
        self.assertEqual(partner.name, "Newest")

    def test_one_version_with_two_contents_is_a_conflict(self):
        self.tell_customer(version=3, drain=True)
        other = self.tell_customer(version=3, drain=True, name="Another name")
        self.assertEqual((other.status, other.error_code), ("parked", "version_conflict"))
        self.assertIn("version 3", other.exception_id.what)
        same = self.tell_customer(BEN, version=3, drain=True)
        again = self.tell_customer(BEN, version=3, drain=True)
        self.assertEqual(self.states(same, again), ["done", "done"])
        partner = self.env["res.partner"].search([("email", "=", ANNA.email)])
        self.assertEqual(partner.name, ANNA.name)

    def test_a_newer_version_replaces_a_stopped_one_and_closes_its_exception(self):
        broken = self.document("P-1")
        broken["total_gross"] = "1.00"
        first = self.tell(broken)
        self.work()
        exception = first.exception_id
        self.assertEqual((first.status, exception.state), ("parked", "open"))
        right = self.tell(self.document("P-1", version=2))
        self.work()
        self.assertEqual(self.states(first, right), ["superseded", "done"])
        self.assertEqual((exception.state, self.booked()), ("resolved", ["P-1"]))
        self.assertIn("Version 2", first.error_text)
        with self.assertRaises(UserError):
            first.action_try_again()

    def test_in_one_batch_the_newer_version_replaces_the_one_that_fails(self):
        broken = self.document("P-1")
        broken["total_gross"] = "1.00"
        first, right = self.tell(broken), self.tell(self.document("P-1", version=2))
        self.work()
        self.assertEqual(self.states(first, right), ["superseded", "done"])
        self.assertFalse(self.exceptions())

    def test_once_a_newer_version_is_there_the_stopped_one_waits_for_it(self):
        """Both lack the mapping; when it is given, only the newer one is booked."""
        first, newer = self.unknown_tax("P-1", amount="50.00"), self.unknown_tax("P-1", version=2)
        self.work()
        self.assertEqual(self.states(first, newer), ["parked", "parked"])
        self.give_mapping()
        self.work()
        self.assertEqual(self.states(first, newer), ["superseded", "done"])
        self.assertEqual(self.became(newer, "account.move").amount_total, 115.00)
        self.assertEqual(self.booked(), ["P-1"])
        self.assertFalse(self.exceptions())

    def test_an_older_version_does_not_wait_for_a_newer_one_that_waits_for_it(self):
        """Between them stands an event without a version: it waits for the older, the newer waits for it."""
        first = self.unknown_tax("P-1", amount="50.00")
        between = self.tell(self.document("P-1", version=None, amount="51.00"))
        newer = self.tell(self.document("P-1", version=2))
        self.work()
        self.assertEqual(self.states(first, between, newer), ["parked", "held", "held"])
        self.give_mapping()
        self.work()
        self.assertEqual(self.states(first, between, newer), ["done", "parked", "held"])
        self.assertEqual(between.error_code, "document_changed")
        between.action_discard("Not to be booked")
        self.work()
        self.assertEqual(self.states(newer), ["parked"])
        self.assertEqual(self.booked(), ["P-1"])

    def test_when_the_newer_version_is_put_aside_the_older_one_counts_again(self):
        first, newer = self.unknown_tax("P-1", amount="50.00"), self.document("P-1", version=2)
        newer["total_gross"] = "1.00"
        newer = self.tell(newer)
        self.work()
        self.give_mapping()
        self.work()
        self.assertEqual(self.states(first, newer), ["held", "parked"])
        newer.action_discard("Not to be booked")
        self.work()
        self.assertEqual(self.states(first, newer), ["done", "discarded"])
        self.assertEqual(self.became(first, "account.move").amount_total, 57.50)

    def movement(self, amount, version, identity="ch_1", **facts):
        return {
            "kind": "movement",
            "schema_version": "1",
            "source": {"system": "partner", "object_id": "M-1", "version": version},
            "occurred_at": self.clock.now.isoformat(),
            "movement_id": identity,
            "type": "payment",
            "amount": {"value": amount, "currency": "USD"},
            **facts,
        }

    def test_money_is_a_fact_and_is_booked_whatever_its_version(self):
        newer = self.tell(self.movement("10.00", 2), "movement.reported", drain=True)
        older = self.tell(self.movement("7.00", 1, "ch_2"), "movement.reported", drain=True)
        self.assertEqual(self.states(newer, older), ["done", "done"], self.stopped())
        self.assertEqual(self.movement_amounts(), {"ch_1": 10.0, "ch_2": 7.0})
        late = self.tell(self.movement("99.00", 1), "movement.reported", drain=True)
        self.assertEqual(late.status, "superseded")
        self.assertFalse(self.exceptions("movement_amount_differs"))
        self.assertEqual(self.movement_amounts(), {"ch_1": 10.0, "ch_2": 7.0})
        self.assertEqual(self.balance(self.role("UNID")), Decimal("-17.00"))

    def test_money_under_a_version_that_is_used_is_booked_and_told(self):
        self.tell(self.movement("10.00", 2), "movement.reported", drain=True)
        other = self.tell(self.movement("7.00", 2, "ch_2"), "movement.reported", drain=True)
        self.assertEqual(other.status, "done")
        self.assertEqual(self.movement_amounts(), {"ch_1": 10.0, "ch_2": 7.0})
        self.assertEqual(len(self.exceptions("version_conflict")), 1)

    def movement_amounts(self):
        return {
            row.movement_id: row.amount
            for row in self.env["integration.movement"].search(
                [("connection_id", "=", self.partner_connection.id)]
            )
        }
