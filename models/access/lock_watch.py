# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Who opens a locked period leaves a trace, has asked nobody's question himself, and is seen by others (F11, C7, A1).

Lock dates and exceptions from them are Odoo's; one accounting adviser makes an exception for everyone, for ever. Here
each change is written to the audit trail, and an opening that no approved request asks for raises an exception.
"""

from datetime import date, timedelta

from odoo import SUPERUSER_ID, api, fields, models

from odoo.addons.account.models.company import LOCK_DATE_FIELDS

# So long an agreed reopening counts, and so long who asked for it opens nothing.
AGREED_DAYS = 31
ASKED_DAYS = 92
MAX_REQUESTS = 1000
OPENED, ENDLESS = "lock_opened", "lock_opened_endless"
ASK, OPEN = "late_posting.ask", "lock.open"


class ResCompany(models.Model):
    _inherit = "res.company"

    def write(self, vals):
        names = [name for name in LOCK_DATE_FIELDS if name in vals]
        if not names:
            return super().write(vals)
        before = {company: {name: company[name] or None for name in names} for company in self}
        for company in self:
            if any(_opens(before[company][name], fields.Date.to_date(vals[name])) for name in names):
                company._integration_check_opening()
        result = super().write(vals)
        for company in self:
            for name in names:
                company._integration_lock_moved(name, before[company][name], company[name] or None)
        return result

    def _integration_check_opening(self):
        """Refuse to open a period to who has asked for it, where the company separates duties.

        :raises UserError: the acting user asked to reopen a period of this company.
        """
        # Odoo's own dialogs write as superuser in the name of the person.
        if self.env.uid != SUPERUSER_ID and self.sudo()._integration_separates_duties():
            self.env["integration.audit.leaf"]._check_segregation(
                OPEN, self, since=fields.Datetime.now() - timedelta(days=ASKED_DAYS)
            )

    def _integration_lock_moved(self, name, before, after):
        if before == after:
            return
        opened = _opens(before, after)
        self._integration_note_lock(
            OPEN if opened else "lock.set", f"{name}: {before or '–'} → {after or '–'}"
        )
        cause = f"{self._name} {self.id} {name}"
        if opened and not self._integration_agreed_opening(before, after):
            self._integration_tell_opening("lock_opened", cause, before)
        elif not opened:
            self._integration_settle_opening(OPENED, cause, after)

    def _integration_note_lock(self, action, detail):
        self.env["integration.audit.leaf"].sudo()._append(
            [
                {
                    "action": action,
                    "company_id": self.id,
                    "res_model": self._name,
                    "res_id": self.id,
                    "user_id": self.env.uid,
                    "detail": detail,
                }
            ]
        )

    def _integration_agreed_opening(self, before, after):
        """Whether another person agreed lately to reopen a day from after ``after`` until ``before``."""
        branches = self.sudo().search([("id", "child_of", self.ids)])
        requests = (
            self.env["integration.change.request"]
            .sudo()
            .search(
                [
                    ("kind", "=", "lock_waiver"),
                    ("company_id", "in", branches.ids),
                    ("state", "=", "approved"),
                    ("decided_at", ">=", fields.Datetime.now() - timedelta(days=AGREED_DAYS)),
                ],
                limit=MAX_REQUESTS,
            )
        )
        days = {row.get("before") for each in requests for row in (each.preview or {}).get("rows") or ()}
        return any(
            (after or date.min).isoformat() < day <= before.isoformat()
            for day in days
            if isinstance(day, str)
        )

    def _integration_tell_opening(self, code, cause, lock_date):
        """Raise an exception in the workbench, where this company or a branch of it has connections."""
        connections = self.env["integration.connection"].sudo()
        if connections.search_count([("company_id", "child_of", self.ids)], limit=1):
            self.env["integration.exception"]._raise_company_cause(
                self, code, {"who": self.env.user.name, "lock_date": lock_date.isoformat()}, cause
            )

    def _integration_settle_opening(self, code, cause, lock_date=None):
        """Close what was raised about an opening that has ended.

        :param lock_date: what is locked again; None = the opening itself is gone.
        """
        exceptions = self.env["integration.exception"].sudo()
        for opened in exceptions.search(
            [("company_id", "=", self.id), ("code", "=", code), ("cause", "=", cause), ("state", "=", "open")]
        ):
            was_locked = (opened.params or {}).get("lock_date") or ""
            if lock_date is None or lock_date.isoformat() >= was_locked:
                opened._resolve(self.env._("It is locked again."))


class AccountLockException(models.Model):
    _inherit = "account.lock_exception"

    @api.model_create_multi
    def create(self, vals_list):
        exceptions = super().create(vals_list)
        for exception in exceptions:
            company = exception.company_id
            before, after = exception.company_lock_date or None, exception.lock_date or None
            if not _opens(before, after):
                continue
            company._integration_check_opening()
            company._integration_note_lock(OPEN, exception._integration_words())
            if not exception.end_datetime:
                company._integration_tell_opening(
                    "lock_opened_endless", exception._integration_cause(), before
                )
            elif not company._integration_agreed_opening(before, after):
                company._integration_tell_opening("lock_opened", exception._integration_cause(), before)
        return exceptions

    def write(self, vals):
        ended = self.filtered("active") if vals.get("active") is False else self.browse()
        changed = self - ended if {"lock_date", "end_datetime", "user_id"} & vals.keys() else self.browse()
        result = super().write(vals)
        for exception in ended:
            exception.company_id._integration_note_lock("lock.exception_end", exception._integration_words())
            exception._integration_settle()
        for exception in changed.filtered("active"):
            exception.company_id._integration_note_lock(OPEN, exception._integration_words())
        return result

    def _integration_cause(self):
        return f"{self._name} {self.id}"

    def _integration_settle(self):
        for code in (OPENED, ENDLESS):
            self.company_id._integration_settle_opening(code, self._integration_cause())

    def _integration_words(self):
        """Return what the exception opens, for whom and until when, as the audit trail says it."""
        self.ensure_one()
        whom = f"user {self.user_id.id}" if self.user_id else "everyone"
        until = fields.Datetime.to_string(self.end_datetime) if self.end_datetime else "no end"
        return (
            f"exception {self.id}, {self.lock_date_field}: {self.company_lock_date or '–'} → {self.lock_date or '–'}; "
            f"{whom}; {until}"
        )


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    @api.model
    def _settle_ended_openings(self):
        """Hourly: close what asked about exceptions from lock dates whose time is over."""
        locks = self.env["account.lock_exception"].sudo().with_context(active_test=False)
        found = self.sudo().search(
            [
                ("code", "in", (OPENED, ENDLESS)),
                ("state", "=", "open"),
                ("cause", "=like", f"{locks._name} %"),
            ],
            limit=MAX_REQUESTS,
        )
        for opened in found:
            lock = locks.browse(int(opened.cause.rpartition(" ")[2])).exists()
            if not lock or lock.state != "active":
                opened._resolve(self.env._("It is locked again."))

    def _ask_step(self, step, values, reason):
        """Who has set the lock date does not ask to reopen the period, where the company separates duties."""
        if step != "reopen":
            return super()._ask_step(step, values, reason)
        company = self.company_id
        if company.sudo()._integration_separates_duties():
            self.env["integration.audit.leaf"]._check_segregation(
                ASK, company, since=fields.Datetime.now() - timedelta(days=ASKED_DAYS)
            )
        request = super()._ask_step(step, values, reason)
        company._integration_note_lock(ASK, self.display_name)
        return request


def _opens(before, after):
    """Whether a lock date that moves from one day to another (None = nothing is locked) unlocks days."""
    return bool(before) and (after is None or after < before)
