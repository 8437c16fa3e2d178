# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
def post_load():
    """Put the short way in in front of Odoo, and the runner that comes back sooner in place of queue_job's.

    Runs before any database is known; without effect on a running server.
    """
    from .controllers import fast_intake
    from .models.messaging import job_runner

    fast_intake.install()
    job_runner.install()


def uninstall_hook(env):
    """Archive the users as whom connections posted: what they posted stays, and nobody can act as them.

    The functions behind the triggers go, too; the tables are dropped with the addon's other tables. What Odoo gives to
    its administrators, they get back.
    """
    from .models.messaging.append_only import drop_functions

    drop_functions(env.cr)
    env.cr.execute("DROP FUNCTION IF EXISTS integration_exception_touch() CASCADE")
    env.cr.execute("DROP TABLE IF EXISTS integration_exception_touched")
    env["res.users"].sudo().search([("integration_service", "=", True)]).write({"active": False})
    env["res.groups"].sudo()._integration_join_bank_right()
