# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What only the hub writes: forged by each role with write, create, defaults, import and onchange, refused (C1, X4)."""

from contextlib import suppress

from odoo.exceptions import AccessError, UserError

from ..models.access.protected import _read_only
from .access_common import REFUSALS, AccessCommon

PEOPLE = ("auditor", "operator", "approver", "administrator", "reader", "accountant", "nobody", "portal")
# What an approval, a state and its evidence consist of.
FORGED = {
    "integration.change.request": {
        "state": "approved", "approver_id": "me", "decided_at": "2026-03-02 10:00:00", "requester_id": "me",
        "reason": "forged", "values": {"state": "live"},
    },
    "integration.replay": {
        "state": "approved", "approved_by_id": "me", "approved_at": "2026-03-02 10:00:00",
        "approved_until": "2027-03-02 10:00:00", "requested_by_id": "me", "plan_digest": "x", "approved_digest": "x",
        "needs_approval": False, "run_by_id": "me",
    },
    "integration.exception": {
        "state": "resolved", "resolved_by_id": "me", "resolution": "forged", "severity": "low", "code": "forged",
        "what": "forged", "params": {}, "deadline": "2030-01-01 00:00:00", "company_id": "company",
    },
    "integration.message": {
        "status": "done", "stage": "posted", "amount": 1.0, "event_id": "forged", "body_digest": "x",
    },
    "integration.access.review": {"state": "signed", "signed_by_id": "me", "digest": "x", "prepared_by_id": "me"},
    "integration.access.review.line": {"decision": "keep", "decided_by_id": "me", "findings": "", "has_factor": True},
    "integration.connection": {"state": "active", "service_user_id": "me"},
    "integration.audit.leaf": {"action": "change.approve", "user_id": "me", "digest": "x"},
    "integration.approval.policy": {"state": "active", "approved_by_id": "me"},
}  # fmt: skip
# Models that set what is read-only anew at each create, whatever comes in.
GUARDED_BY_ITSELF = {"integration.approval.delegation"}
PARTNER_STAMPS = {
    "integration_customer_approved_at": "2026-03-02 10:00:00",
    "integration_customer_approved_by_id": "me",
    "integration_supplier_active_at": "2026-03-02 10:00:00",
    "integration_supplier_active_by_id": "me",
    "integration_credit_hold_at": "2026-03-02 10:00:00",
    "integration_credit_hold_by_id": "me",
}


class TestForgedByEachRole(AccessCommon):
    def values(self, values, user):
        stand = {"me": user.id, "company": self.company.id}
        return {
            name: stand.get(value, value) if isinstance(value, str) else value
            for name, value in values.items()
        }

    def records(self, model):
        """Return a record of the model to write to, made as the hub makes it."""
        make = {
            "integration.change.request": self.request,
            "integration.replay": lambda: (
                self.root["integration.replay"]
                .with_user(self.people["operator"])
                .create({"company_id": self.company.id, "reason": "Once more"})
            ),
            "integration.access.review": self.review,
            "integration.access.review.line": lambda: self.review().line_ids[:1],
            "integration.exception": lambda: self.root["integration.exception"]._raise_cause(
                self.stripe_connection, "payment_without_reference", {}, "forged"
            ),
            "integration.message": self.message,
            "integration.connection": lambda: self._connection("generic", "Forged"),
        }
        return make.get(model, lambda: self.root[model].search([], limit=1))()

    def request(self):
        flow = self.stripe_connection.flow_ids[:1]
        requests = self.env["integration.change.request"].with_user(self.people["operator"])
        return requests._ask(flow, "Go live", {"state": "live"}, "Because")

    def review(self):
        review = self.root["integration.access.review"].create({"company_id": self.company.id})
        review._prepare()
        return review

    def message(self):
        self.stripe.charge(5000, "usd")
        return self.send_stripe()[:1]

    def test_writing_is_refused_field_by_field(self):
        for model, fields in FORGED.items():
            record = self.records(model)
            for role in PEOPLE:
                user = self.people[role]
                for name, value in self.values(fields, user).items():
                    with (
                        self.subTest(model=model, field=name, role=role),
                        self.assert_refused(f"{model}.{name}"),
                    ):
                        record.with_user(user).write({name: value})

    def test_creating_is_refused_field_by_field(self):
        for model, fields in FORGED.items():
            for role in PEOPLE:
                user = self.people[role]
                for name, value in self.values(fields, user).items():
                    with (
                        self.subTest(model=model, field=name, role=role),
                        self.assert_refused(f"{model}.{name}"),
                    ):
                        self.env[model].with_user(user).create({name: value})

    def test_importing_is_refused(self):
        for model, fields in FORGED.items():
            for role in ("operator", "approver", "administrator"):
                user = self.people[role]
                name, value = next(iter(self.values(fields, user).items()))
                with self.subTest(model=model, role=role):
                    count = self.root[model].search_count([])
                    with suppress(*REFUSALS), self.env.cr.savepoint():
                        told = self.env[model].with_user(user).load([name], [[str(value)]])
                        self.assertFalse(told["ids"], f"{model} was imported")
                    self.env.invalidate_all()
                    self.assertEqual(self.root[model].search_count([]), count)

    def test_a_default_in_the_context_is_ignored(self):
        operator = self.people["operator"]
        approver = self.people["approver"]
        context = {
            "default_state": "approved",
            "default_approved_by_id": approver.id,
            "default_requested_by_id": self.people["administrator"].id,
            "default_needs_approval": False,
            "default_plan_digest": "x",
            "default_approved_digest": "x",
            "default_approver_id": approver.id,
            "default_decided_at": "2026-03-02 10:00:00",
        }
        replay = (
            self.env["integration.replay"]
            .with_user(operator)
            .with_context(**context)
            .create({"company_id": self.company.id, "reason": "Once more"})
        )
        self.assertEqual((replay.state, replay.plan_digest), ("draft", False))
        self.assertFalse(replay.approved_by_id | replay.requested_by_id)
        flow = self.stripe_connection.flow_ids[:1]
        request = (
            self.env["integration.change.request"]
            .with_user(operator)
            .with_context(**context)
            ._ask(flow, "Go live", {"state": "live"}, "Because")
        )
        self.assertEqual(request.state, "asked")
        self.assertFalse(request.approver_id or request.decided_at)
        self.assertEqual(request.requester_id, operator)

    def test_a_default_brings_no_rule_of_approvals_into_force(self):
        administrator = self.people["administrator"]
        Policy = self.env["integration.approval.policy"].with_user(administrator)
        forged = Policy.with_context(default_state="active", default_approved_by_id=administrator.id)
        policy = forged.create({"name": "Forged"})
        self.assertEqual(policy.state, "draft")
        self.assertFalse(policy.approved_by_id)

    def test_a_default_approves_no_partner(self):
        accountant = self.people["accountant"]
        for user in (accountant, self.people["operator"]):
            context = {
                "default_integration_customer_approved": True,
                "default_integration_supplier_active": True,
                "default_integration_customer_approved_by_id": user.id,
                "default_integration_credit_hold": True,
            }
            if not self.env["res.partner"].with_user(user).has_access("create"):
                continue
            partner = (
                self.env["res.partner"].with_user(user).with_context(**context).create({"name": "Forged"})
            )
            self.assertFalse(
                partner.integration_customer_approved
                or partner.integration_supplier_active
                or partner.integration_customer_approved_by_id
                or partner.integration_credit_hold
            )

    def test_onchange_stores_nothing(self):
        request = self.records("integration.change.request")
        user = self.people["approver"]
        before = self.written_rows()
        with suppress(*REFUSALS):
            request.with_user(user).onchange(
                {"state": "approved", "approver_id": user.id}, ["state"], {"state": {}}
            )
        self.assertEqual(self.written_rows(), before)
        self.assertEqual(request.sudo().state, "asked")

    def test_signatures_of_partners_are_not_written(self):
        partner = self.env["res.partner"].create({"name": "Anna"})
        for role in PEOPLE:
            user = self.people[role]
            for name, value in self.values(PARTNER_STAMPS, user).items():
                with self.subTest(field=name, role=role), self.assert_refused(name):
                    partner.with_user(user).write({name: value})
                with self.subTest(field=name, role=role), self.assert_refused(name):
                    self.env["res.partner"].with_user(user).create({"name": "Forged", name: value})

    def test_the_source_of_an_entry_is_not_written(self):
        move = self.issue("P-1")
        for role in ("accountant", "operator", "approver", "administrator"):
            for name, value in (
                ("integration_connection_id", self.stripe_connection.id),
                ("integration_source_id", "forged"),
                ("integration_issued_elsewhere", False),
                ("integration_event_date", "2026-01-01"),
                ("integration_correlation_id", "forged"),
            ):
                with self.subTest(field=name, role=role), self.assert_refused(name):
                    move.with_user(self.people[role]).write({name: value})

    def test_what_people_may_write_they_write(self):
        exception = self.records("integration.exception").with_user(self.people["operator"])
        exception.write({"user_id": self.people["operator"].id})
        self.assertEqual(exception.user_id, self.people["operator"])
        connection = self.stripe_connection.with_user(self.people["administrator"])
        connection.write({"outside_account": "acct_1"})
        connection.action_pause()
        self.assertEqual(connection.state, "paused")


class TestReadOnlyFieldsOfEveryModel(AccessCommon):
    """Generated: whatever field of the hub is read-only on a screen is read-only for remote calls of people."""

    def test_every_read_only_field_is_guarded(self):
        tried = 0
        for name in sorted(self.env.registry):
            model = self.env[name]
            if not name.startswith("integration.") or model._abstract or model._transient or not model._auto:
                continue
            if name in GUARDED_BY_ITSELF:
                continue
            for role in PEOPLE:
                mine = model.with_user(self.people[role])
                for operation in ("write", "create"):
                    if not mine.has_access(operation):
                        continue
                    for field in sorted(_read_only(model)):
                        tried += 1
                        with self.subTest(model=name, field=field, role=role, operation=operation):
                            self.refused(getattr(mine, operation), {field: False})
        self.assertGreater(tried, 200)

    def refused(self, call, values):
        """The call refuses these values before it looks at any record."""
        try:
            call(values)
        except (AccessError, UserError):
            return
        self.fail("not refused")
