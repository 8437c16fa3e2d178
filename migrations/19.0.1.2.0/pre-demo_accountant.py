# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The demo accountant of an older demo database may enter contacts; Odoo changes no demo record that is there already.

Without it the demo data that came later, which this person enters, would not be installed.
"""

from odoo.tools import SQL

USER = ("finance_integration", "demo_user_accountant")
GROUP = ("base", "group_partner_manager")


def migrate(cr, _version):
    cr.execute(
        SQL(
            """
            INSERT INTO res_groups_users_rel (gid, uid)
            SELECT g.res_id, u.res_id
              FROM ir_model_data u, ir_model_data g
             WHERE (u.module, u.name) = %s AND u.model = 'res.users'
               AND (g.module, g.name) = %s AND g.model = 'res.groups'
            ON CONFLICT DO NOTHING
            """,
            USER,
            GROUP,
        )
    )
