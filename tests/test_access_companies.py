# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Nobody reads or writes anything of another company, through whatever door (C5); over all models of the hub."""

from contextlib import suppress

import psycopg2

from odoo import fields
from odoo.exceptions import AccessError
from odoo.service.model import call_kw
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from .access_common import ROLES, AccessCommon

HUB = "integration."
# Models without a company: what they hold is the same for everybody.
COMMON = {
    "integration.error.resolution": "what an error code means",
    "integration.audit.key": "public keys; the trail is sealed as one",
    "integration.audit.seal": "numbers and digests; the trail is sealed as one",
    "integration.audit.verification": "how many entries of the trail hold; names none of them",
    "integration.contract": "published with the hub, the same for everybody",
    "integration.contract.field": "the same",
    "integration.encryption.key": "fingerprints of the keys of this server",
    "integration.key.rotation": "how far this server has encrypted anew",
    "integration.status.word": "the hub's own words for states, the same for everybody",
    "integration.duplicate.key": "digests; read by who administers Odoo only",
}
# So many models may keep out what is put past the hub's own code; of those the rule is looked at instead.
MAX_UNFILLED = 10
# Where the company stands, for models that have no field of their own.
THROUGH = {"integration.movement.reference": "movement_id.company_id"}
# Types of columns → a value that fits where nothing better is known.
FILL = {
    "boolean": "FALSE", "integer": "1", "bigint": "1", "numeric": "1", "double precision": "1",
    "character varying": "'other'", "text": "'other'", "date": "CURRENT_DATE", "jsonb": "'{}'", "bytea": "''",
    "timestamp without time zone": "now() AT TIME ZONE 'UTC'",
}  # fmt: skip


class TestOtherCompany(AccessCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.setup_other_company()["company"]
        cls.foreigners = {
            role: new_test_user(
                cls.env,
                f"foreign_{role}",
                groups=ROLES[role] + ",account.group_account_manager",
                company_id=cls.other.id,
                company_ids=[(6, 0, cls.other.ids)],
            )
            for role in ("approver", "administrator", "reader")
        }

    def setUp(self):
        super().setUp()
        self.issue("P-1")
        self.stripe.charge(5000, "usd")
        self.send_stripe()
        review = self.root["integration.access.review"].create({"company_id": self.company.id})
        review._prepare()
        for model in self.hub_models():
            if model._auto and not model.search_count([], limit=1):
                self.fill(model)
        self.env.invalidate_all()

    def hub_models(self):
        """Return the models that keep records; of a dialog, Odoo shows each person only the own one."""
        return [
            self.root[name]
            for name in sorted(self.env.registry)
            if name.startswith(HUB)
            and not (self.root[name]._abstract or self.root[name]._transient)
            and name not in COMMON
        ]

    def fill(self, model):
        """Put one row of this company into the model's table, past the hub's own code, which has nothing of it yet."""
        self.env.cr.execute(
            """
            SELECT column_name, data_type FROM information_schema.columns
             WHERE table_name = %s AND is_nullable = 'NO' AND column_default IS NULL
            """,
            [model._table],
        )
        needed = dict(self.env.cr.fetchall())
        values = {}
        for name, field in model._fields.items():
            if not field.store or not field.column_type:
                continue
            if field.type == "many2one" and (name in needed or name in ("company_id", "connection_id")):
                values[name] = str(self.partner_of(name, field) or self.any_id(field.comodel_name))
            elif field.type == "selection" and name in needed:
                values[name] = f"'{field.get_values(self.root)[0]}'"
        for name, kind in needed.items():
            values.setdefault(name, FILL[kind])
        if "active" in model._fields:
            values["active"] = "TRUE"
        names = ", ".join(f'"{name}"' for name in values)
        # Triggers and checks of some tables keep out what the hub has not made.
        with mute_logger("odoo.sql_db"), suppress(psycopg2.Error), self.env.cr.savepoint():
            self.env.cr.execute(
                f'INSERT INTO "{model._table}" ({names}) VALUES ({", ".join(values.values())})'
            )

    def partner_of(self, name, field):
        """Return a third company for what stands between two; None for every other field."""
        if field.comodel_name != "res.company" or name == "company_id":
            return None
        own = (self.company | self.other).ids
        return self.root["res.company"].search([("id", "not in", own)], limit=1).id

    def any_id(self, model):
        if model == "res.company":
            return self.company.id
        records = self.root[model]
        if model == "res.currency":  # one that nothing of the company has yet
            return records.with_context(active_test=False).search([], order="id desc", limit=1).id
        domain = [("company_id", "=", self.company.id)] if "company_id" in records._fields else []
        found = records.search(domain, limit=1) or records.search([], limit=1)
        if not found and model.startswith(HUB):
            self.fill(records)
            found = records.search([], limit=1)
        return found.id or 0

    def mine(self, model):
        """Return what of the model belongs to this company."""
        path = THROUGH.get(model._name, "company_id")
        self.assertIn(
            path.split(".")[0],
            model._fields,
            f"{model._name}: give it a company, or say in COMMON why it needs none",
        )
        return model.search([]).filtered(lambda row: row.mapped(path) == self.company)

    def test_every_model_has_rows_and_none_is_reached_through_any_door(self):
        seen, unfilled = 0, []
        for model in self.hub_models():
            with self.subTest(model=model._name):
                rules = [("model_id.model", "=", model._name), ("groups", "=", False)]
                domains = self.root["ir.rule"].search(rules).mapped("domain_force")
                self.assertRegex(" ".join(domains), r"company_ids|user\.id", "no global rule confines it")
                rows = self.mine(model)
                if not rows:
                    unfilled.append(model._name)
                    continue
                seen += 1
                for role, user in self.foreigners.items():
                    self.doors_are_closed(rows[:3].with_env(self.env(user=user.id)), role)
        self.assertGreater(seen, 40)
        self.assertLessEqual(len(unfilled), MAX_UNFILLED, f"nothing to try it with: {unfilled}")

    def doors_are_closed(self, rows, role):
        model, ids = rows.browse(), rows.ids
        if not model.has_access("read"):
            with self.assertRaises(AccessError):
                model.search([])
            return
        message = f"{model._name} as {role}"
        self.assertFalse(set(model.search([]).ids) & set(ids), f"search {message}")
        self.assertFalse(model.search_count([("id", "in", ids)]), f"count {message}")
        self.assertFalse(
            model._read_group([("id", "in", ids)], [], ["__count"])[0][0], f"read_group {message}"
        )
        found = call_kw(model, "name_search", [], {"name": "", "domain": [("id", "in", ids)]})
        self.assertFalse(found, f"name_search {message}")
        self.assertFalse(
            call_kw(model, "search_read", [[("id", "in", ids)], ["id"]], {}), f"search_read {message}"
        )
        for door in (
            lambda: rows.read(["id", "display_name"]),
            lambda: call_kw(model, "web_read", [ids, {"display_name": {}}], {}),
            lambda: call_kw(model, "export_data", [ids, ["display_name"]], {}),
            lambda: call_kw(model, "copy", [ids], {}),
        ):
            with self.assert_taken_back(message):
                door()
        for operation in ("write", "unlink"):
            with self.assertRaises(AccessError, msg=f"{operation} {message}"):
                rows.check_access(operation)

    def test_nothing_is_made_in_another_company(self):
        made = 0
        for model in self.hub_models():
            if "company_id" not in model._fields:
                continue
            field = model._fields["company_id"]
            for role, user in self.foreigners.items():
                mine = self.env[model._name].with_user(user)
                if not mine.has_access("create"):
                    continue
                values = {"company_id": self.company.id}
                if field.related:
                    values = {field.related.split(".")[0]: self.any_id(self.owner(model, field))}
                before = model.search_count([])
                with (
                    self.subTest(model=model._name, role=role),
                    self.assert_taken_back(f"{model._name} as {role}"),
                    mute_logger("odoo.sql_db"),
                ):
                    self.clear(model)  # what is there already must not be why it is refused
                    mine.create({**self.needed(model), **values})
                self.assertEqual(model.search_count([]), before, model._name)
                made += 1
        self.assertGreater(made, 8)

    def clear(self, model):
        """Take the rows of this company out of the model's table, as far as nothing holds them."""
        if not model._fields["company_id"].store:
            return
        with suppress(psycopg2.Error), self.env.cr.savepoint():
            self.env.cr.execute(f'DELETE FROM "{model._table}" WHERE company_id = %s', [self.company.id])

    def owner(self, model, field):
        return model._fields[field.related.split(".")[0]].comodel_name

    def needed(self, model):
        """Return values for the required fields of a model that have no default."""
        values = {}
        for name, field in model._fields.items():
            if not field.required or not field.store or field.default or field.compute or field.readonly:
                continue
            if field.type == "many2one":
                values[name] = self.partner_of(name, field) or self.any_id(field.comodel_name)
            elif field.type == "selection":
                values[name] = field.get_values(self.root)[0]
            elif field.type in ("char", "text"):
                values[name] = "other"
            elif field.type in ("integer", "float", "monetary", "many2one_reference"):
                values[name] = 1
            elif field.type == "date":
                values[name] = fields.Date.today()  # also when another one defaults to today
            elif field.type == "datetime":
                values[name] = "2026-03-02 10:00:00"
        return values

    def test_what_is_common_is_changed_by_nobody_of_a_company_and_digests_are_read_by_none(self):
        for name in COMMON:
            for role, user in self.foreigners.items():
                model = self.env[name].with_user(user)
                self.assertFalse(model.has_access("create") or model.has_access("unlink"), f"{name} {role}")
        for user in self.foreigners.values():
            self.assertFalse(self.env["integration.duplicate.key"].with_user(user).has_access("read"))

    def test_choosing_the_company_in_the_context_opens_nothing(self):
        """Who is no member of a company is refused when it is chosen by the call itself."""
        user = self.foreigners["approver"]
        message = self.root["integration.message"].search([("company_id", "=", self.company.id)], limit=1)
        with self.assertRaises(AccessError):
            message.with_user(user).with_context(allowed_company_ids=self.company.ids).read(["event_id"])

    def test_a_member_of_both_sees_the_chosen_one_only(self):
        both = new_test_user(
            self.env,
            "member_of_both",
            groups=ROLES["auditor"],
            company_id=self.other.id,
            company_ids=[(6, 0, (self.other | self.company).ids)],
        )
        Message = self.env["integration.message"].with_user(both)
        self.assertFalse(Message.with_context(allowed_company_ids=self.other.ids).search([]))
        self.assertTrue(Message.with_context(allowed_company_ids=self.company.ids).search([]))

    def test_a_branch_does_not_see_its_parent_s_events_nor_the_parent_unchosen_the_branch_s(self):
        branch = self.env["res.company"].sudo().create({"name": "Branch", "parent_id": self.company.id})
        user = new_test_user(
            self.env,
            "branch_auditor",
            groups=ROLES["auditor"],
            company_id=branch.id,
            company_ids=[(6, 0, branch.ids)],
        )
        for model in self.hub_models():
            mine = self.env[model._name].with_user(user)
            if mine.has_access("read") and "company_id" in model._fields:
                self.assertFalse(
                    mine.search([]).sudo().filtered(lambda row: row.company_id == self.company), model._name
                )

    def test_pausing_another_company_is_refused(self):
        for role in ("approver", "administrator"):
            with self.assertRaises(AccessError, msg=role), self.env.cr.savepoint():
                self.env["integration.company.pause"].with_user(self.foreigners[role]).create(
                    {"company_id": self.company.id, "reason": "Not mine"}
                ).action_pause()
        self.assertFalse(self.company.integration_paused)
