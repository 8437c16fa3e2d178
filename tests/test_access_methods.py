# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Each public method of the hub, called as each kind of user: refused without the right, and nothing written (C1)."""

from odoo import models
from odoo.exceptions import AccessError
from odoo.service.model import call_kw, get_public_method

from ..engine.access import CORE_METHODS, FIELDS, METHODS, VERBS
from ..models.access.right import UNLISTED, public_methods
from ..simulators import wire
from .access_common import ROLES, AccessCommon

ADDON = "finance_integration"
# Which role holds which right: what docs/access_matrix.md says, written down once more by hand.
_ANYBODY = {"notice", "ask", "decide"}
HELD = {
    "portal": set(),
    "nobody": _ANYBODY,
    "accountant": _ANYBODY,
    "service": _ANYBODY,
    "auditor": _ANYBODY | {"view", "view_masked", "view_audit", "verify", "export", "prepare_review"},
    "administrator": _ANYBODY
    | {
        "view",
        "view_audit",
        "verify",
        "export",
        "prepare_review",
        "run",
        "propose",
        "configure",
        "manage_credentials",
    },
}
HELD["reader"] = HELD["auditor"] | {"view_payload"}
HELD["operator"] = HELD["auditor"] | {"run", "propose", "resolve", "replay"}
HELD["approver"] = HELD["operator"] | {"approve", "review_access"}


class TestTableOfRights(AccessCommon):
    def reachable(self):
        """Yield (model, method name, function) of everything of the hub that a remote call can reach."""
        for definition in models.MetaModel._module_to_models__[ADDON]:
            for name, function in public_methods(definition).items():
                yield definition._name, name, function

    def test_every_public_method_is_in_the_table(self):
        found = {(model, name) for model, name, _function in self.reachable()}
        listed = {(model, name) for model, names in METHODS.items() for name in names}
        core = {(model, name) for model, names in CORE_METHODS.items() for name in names}
        self.assertGreater(len(found), 100)
        self.assertEqual(found - listed - core, set(), "give them a right in engine/access/methods*.py")

    def test_the_right_stands_in_front_of_every_method(self):
        for model, name, function in self.reachable():
            if name in CORE_METHODS.get(model, ()):
                self.assertFalse(hasattr(function, "_integration_verb"))
            else:
                self.assertEqual(function._integration_verb, METHODS[model][name], f"{model}.{name}")

    def test_what_nobody_has_listed_asks_for_the_right_to_see_the_hub(self):
        self.assertEqual(UNLISTED, "view")
        for role, user in self.people.items():
            if "view" not in HELD[role]:
                with self.assert_refused(role):
                    self.env["integration.right"].with_user(user)._require(UNLISTED)

    def test_each_role_holds_exactly_these_rights(self):
        for role, user in self.people.items():
            right = self.env["integration.right"].with_user(user)
            self.assertEqual({verb for verb in VERBS if right._may(verb)}, HELD[role], role)
        self.assertEqual(set(HELD), set(ROLES) | {"service"})

    def test_kept_contents_are_read_by_nobody_past_the_screens_that_mask_them(self):
        for role, user in self.people.items():
            for field in ("documents", "headers"):
                with self.subTest(role=role, field=field), self.assertRaises(AccessError):
                    self.env["integration.payload"].with_user(user).search_read([], [field])


class TestEachMethodAsEachRole(AccessCommon):
    """Generated from the table: a method that is added is tested without a further line."""

    def setUp(self):
        super().setUp()
        self.issue("P-1")
        self.stripe.charge(5000, "usd")
        self.send_stripe()
        told = {"id": "evt_x", "object": "event", "type": "odd.one", "created": 1772460000, "livemode": False}
        body = wire.compact({**told, "data": {"object": {"id": "x_1", "object": "thing"}}})
        self.accept(self.stripe_connection, body)
        self.drain(self.stripe_connection)
        operator, flow = self.people["operator"], self.stripe_connection.flow_ids[:1]
        self.env["integration.change.request"].with_user(operator)._ask(
            flow, "Pause", {"state": "paused"}, "Because"
        )
        self.env["integration.replay"].with_user(operator).create(
            {"company_id": self.company.id, "reason": "Once more"}
        )
        self.root["integration.access.review"].create({"company_id": self.company.id})._prepare()

    def target(self, model):
        """Return a record of the model where there is one, else none: the right is asked for before the record."""
        records = self.root[model]
        return records if records._abstract or records._transient else records.search([], limit=1)

    def methods(self):
        """Return (model, method, right) of all that is there."""
        return [
            (model, name, verb)
            for model, names in METHODS.items()
            if model in self.env.registry
            for name, verb in names.items()
            if hasattr(self.env[model], name)
        ]

    def test_without_the_right_it_is_refused_and_nothing_is_written(self):
        calls = 0
        for model, name, verb in self.methods():
            target = self.target(model)
            for role in [role for role in self.people if verb not in HELD[role]]:
                with self.subTest(model=model, method=name, role=role):
                    with self.assert_refused(f"{model}.{name} as {role}"):
                        getattr(target.with_user(self.people[role]), name)()
                    calls += 1
        self.assertGreater(calls, 500)

    def test_a_remote_call_is_refused_in_the_same_way(self):
        for model, name, _verb in self.methods():
            records = self.env[model].with_user(self.people["portal"])
            self.assertTrue(get_public_method(records, name))
            with self.subTest(model=model, method=name), self.assert_refused(f"{model}.{name}"):
                call_kw(records, name, [] if name == "banner" else [self.target(model).ids], {})

    def test_the_system_itself_is_not_asked(self):
        self.root["integration.right"]._require(
            "approve", self.root["integration.message"].search([], limit=1)
        )
        self.env["integration.right"].with_user(self.people["portal"]).sudo()._require("configure")

    def test_with_the_right_another_company_s_record_is_refused_all_the_same(self):
        other = self.setup_other_company()["company"]
        for user in self.people.values():
            if user != self.people["service"]:
                user.sudo().write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        calls = 0
        for model, name, verb in self.methods():
            target = self.target(model)
            if not model.startswith("integration.") or not target or "company_id" not in target._fields:
                continue
            if not target.sudo().company_id:
                continue
            for role in ("operator", "approver", "administrator", "reader"):
                if verb not in HELD[role]:
                    continue
                with self.subTest(model=model, method=name, role=role):
                    with self.assert_refused(f"{model}.{name} as {role} of another company"):
                        getattr(target.with_user(self.people[role]), name)()
                    calls += 1
        self.assertGreater(calls, 60)

    def test_masked_contents_are_a_right_of_their_own(self):
        message = self.root["integration.message"].search([("event_type", "=", "invoice.issued")], limit=1)
        for role, sees in (("auditor", True), ("operator", True), ("administrator", False)):
            for field, verb in FIELDS["integration.message"].items():
                self.assertEqual(verb in HELD[role], sees)
                self.assertEqual(bool(message.with_user(self.people[role])[field]), sees, f"{role} {field}")


class TestWhatRolesMayDoWithRecords(AccessCommon):
    """What ``ir.model.access.csv`` gives, checked against what the policy allows."""

    def hub_models(self):
        return [
            self.env[name]
            for name in self.env.registry
            if name.startswith("integration.") and not self.env[name]._abstract
        ]

    def allowed(self, role, operation):
        return {
            model._name
            for model in self.hub_models()
            if model.with_user(self.people[role]).has_access(operation) and not model._transient
        }

    def test_people_without_rights_reach_no_record(self):
        for role in ("nobody", "portal"):
            for operation in ("read", "write", "create", "unlink"):
                self.assertEqual(self.allowed(role, operation), set(), f"{role} {operation}")

    def test_accounting_staff_reaches_approvals_and_nothing_else(self):
        """Rules of approvals may name them; they stand in for each other."""
        reached = self.allowed("accountant", "read")
        others = {
            name
            for name in reached
            if not name.startswith(
                ("integration.approval.", "integration.change.request", "integration.bank.")
            )
        }
        self.assertEqual(others, set())
        for operation in ("write", "create", "unlink"):
            self.assertLessEqual(
                self.allowed("accountant", operation), {"integration.approval.delegation"}, operation
            )

    def test_auditors_change_nothing_but_reviews_that_are_not_drawn_up(self):
        for role in ("auditor", "reader"):
            for operation in ("write", "create", "unlink"):
                self.assertEqual(
                    self.allowed(role, operation), {"integration.access.review"}, f"{role} {operation}"
                )

    def test_operators_and_approvers_set_nothing_up(self):
        set_up = {
            "integration.connection", "integration.endpoint", "integration.credential", "integration.flow",
            "integration.lane", "integration.drop", "integration.rule", "integration.subscription",
            "integration.role.account", "integration.balance.account", "integration.pull.cursor",
        }  # fmt: skip
        for role in ("operator", "approver"):
            for operation in ("write", "create", "unlink"):
                self.assertFalse(self.allowed(role, operation) & set_up, f"{role} {operation}")
        self.assertNotIn("integration.credential", self.allowed("operator", "read"))

    def test_administrators_neither_resolve_nor_post(self):
        for operation in ("write", "create", "unlink"):
            mine = self.allowed("administrator", operation)
            self.assertFalse(
                mine
                & {
                    "integration.message",
                    "integration.exception",
                    "integration.replay",
                    "integration.movement",
                }
            )
            self.assertFalse(
                self.env["account.move"].with_user(self.people["administrator"]).has_access(operation)
            )

    def test_nobody_deletes_evidence(self):
        evidence = {
            "integration.message", "integration.payload", "integration.attempt", "integration.effect",
            "integration.audit.leaf", "integration.exception", "integration.movement", "integration.replay",
            "integration.change.request", "integration.batch", "integration.archive",
        }  # fmt: skip
        for role in self.people:
            self.assertFalse(self.allowed(role, "unlink") & evidence, role)
