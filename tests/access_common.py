# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""People of every kind, and a way to see that nothing was written."""

from contextlib import contextmanager

from odoo.exceptions import AccessError, RedirectWarning, UserError
from odoo.tests import new_test_user

from .common import IntegrationCommon

REFUSALS = (AccessError, UserError, RedirectWarning)
HUB = "finance_integration"
# role → groups. Each is what a person of that kind has in practice.
ROLES = {
    "auditor": f"{HUB}.group_auditor",
    "operator": f"{HUB}.group_operator",
    "approver": f"{HUB}.group_approver",
    "administrator": f"{HUB}.group_administrator",
    "reader": f"{HUB}.group_contents",
    "accountant": "account.group_account_manager,account.group_account_user",
    "nobody": "base.group_user",
    "portal": "base.group_portal",
}


class AccessCommon(IntegrationCommon):
    """One user of every kind in the company, and the service user of a connection."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        companies = {"company_id": cls.company.id, "company_ids": [(6, 0, cls.company.ids)]}
        cls.people = {
            role: new_test_user(cls.env, f"role_{role}", groups=groups, **companies)
            for role, groups in ROLES.items()
        }
        cls.people["service"] = cls.stripe_connection.service_user_id

    def second_approver(self, login="role_approver_2"):
        return new_test_user(
            self.env,
            login,
            groups=ROLES["approver"],
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )

    def written_rows(self):
        """Return how many rows this transaction has written so far, in all tables of the database."""
        self.env.cr.flush()  # also what waits for the end of a transaction, such as tracked values
        self.env.cr.execute(
            "SELECT COALESCE(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_xact_user_tables"
        )
        return self.env.cr.fetchone()[0]

    @contextmanager
    def assert_refused(self, message=""):
        """The block is refused to a person, and not a row of any table was written, not even to be taken back."""
        before = self.written_rows()
        with self.assert_taken_back(message):
            yield
        self.assertEqual(self.written_rows(), before, f"{message}: refused, but something was written")

    @contextmanager
    def assert_taken_back(self, message=""):
        """The block is refused to a person, in whatever way; what it wrote before is taken back."""
        try:
            with self.env.cr.savepoint():
                yield
        except REFUSALS:
            self.env.invalidate_all()
        else:
            self.fail(f"{message}: not refused")

    def in_production(self):
        """Let the company have a connection on real books."""
        self.stripe_connection.sudo().environment = "production"

    def give_second_factor(self, user):
        """Let a user sign in with codes of an authenticator app."""
        user.sudo().totp_secret = "JBSWY3DPEHPK3PXP"
        user.invalidate_recordset(["totp_enabled"])
