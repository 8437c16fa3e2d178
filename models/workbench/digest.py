# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The daily e-mail: what waits for somebody who has asked for it, through Odoo's own mail."""

import pytz
from markupsafe import Markup, escape

from odoo import api, models

from ...engine.instants import utc_now

FROM_HOUR = 7
MAX_MAILS = 200
# Tiles of the page "My work" that are told, in this order.
TOLD = ("mine", "approvals", "due_today", "overdue", "new")


class IntegrationWorkView(models.Model):
    _inherit = "integration.work.view"

    @api.model
    def _send_digests(self):
        """Send what is due: in the person's own morning, once a day, only where something waits; returns how many."""
        self.env["integration.exception"]._recount_touched()
        sent = 0
        for view in self.sudo().search([("digest", "=", True)], limit=MAX_MAILS):
            user = view.user_id
            local = utc_now().astimezone(pytz.timezone(user.tz or "UTC"))
            if local.hour < FROM_HOUR or view.digest_sent_on == local.date() or not user.active:
                continue
            if not self.env["integration.exception"].with_user(user).has_access("read"):
                continue  # the right was taken away since
            view.digest_sent_on = local.date()
            sent += bool(view._send_digest())
        return sent

    def _send_digest(self):
        self.ensure_one()
        user = self.user_id
        work = (
            self.env["integration.my.work"]
            .with_user(user)
            .with_context(lang=user.lang, tz=user.tz, allowed_company_ids=user.company_ids.ids)
        )
        labels = {key: label for _title, tiles in work._groups() for key, label, _tone in tiles}
        counts = [(labels[key], work._count(key)) for key in TOLD]
        if not any(count for _label, count in counts) or not user.email:
            return False
        rows = Markup().join(
            Markup("<li>%s: <b>%s</b></li>") % (label, count) for label, count in counts if count
        )
        stakes = ", ".join(row["mine"] for row in work._stakes() if row["mine"])
        link = f"{self.get_base_url()}/odoo/integration-my-work"
        body = Markup("<p>%s</p><ul>%s</ul><p>%s</p><p><a href='%s'>%s</a></p>") % (
            work.env._("This waits for you in the finance integration:"),
            rows,
            escape(work.env._("At stake, gross: %s", stakes)) if stakes else "",
            link,
            work.env._("Open my work"),
        )
        self.env["mail.mail"].sudo().create(
            {
                "subject": work.env._("Finance integration: what waits for you"),
                "email_to": user.email_formatted,
                "body_html": body,
                "auto_delete": True,
            }
        )
        return True
