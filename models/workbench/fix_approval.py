# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Steps of an exception that a second person approves before anything happens (accounting policy F5, class c)."""

from odoo import fields, models
from odoo.exceptions import UserError

from ...engine.errors import IntegrationError
from ..messaging.error_words import sentence_words
from .limits import _check_approved

# Step → (what says it in words, what tells the change, what does it, kind of request).
STEPS = {
    "apply": ("_say_apply", "_rows_apply", "_do_apply", "application"),
    "identify": ("_say_identify", "_rows_identify", "_do_identify", "application"),
    "collect": ("_say_collect", "_rows_collect", "_do_collect", "application"),
    "write_off": ("_say_write_off", "_rows_write_off", "_do_write_off", "write_off"),
    "accept_difference": ("_say_difference", "_rows_difference", "_do_difference", "override"),
    "reopen": ("_say_reopen", "_rows_reopen", "_do_reopen", "lock_waiver"),
    "book_open_period": ("_say_open_period", "_rows_open_period", "_do_open_period", "override"),
    "correct": ("_say_correction", "_rows_correction", "_do_correction", "override"),
    "accept_numbering": ("_say_numbering", "_rows_numbering", "_do_numbering", "override"),
    "book_anew": ("_say_anew", "_rows_anew", "_do_anew", "entry"),
}
OPEN_STATES = ("asked", "agreed")


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    request_ids = fields.Many2many(
        "integration.change.request", compute="_compute_request_ids", string="Requests"
    )
    request_text = fields.Char(compute="_compute_request_ids", string="Waits for approval")

    def _compute_request_ids(self):
        requests = self.env["integration.change.request"].search(
            [("res_model", "=", self._name), ("res_id", "in", self.ids)]
        )
        for exception in self:
            own = requests.filtered(lambda request, this=exception: request.res_id == this.id)
            exception.request_ids = own
            asked = own.filtered(lambda request: request.state in OPEN_STATES)[:1]
            exception.request_text = bool(asked) and self.env._(
                "%(what)s, asked by %(user)s", what=asked.name, user=asked.requester_id.name
            )
            if asked and asked.is_stale:
                exception.request_text = self.env._(
                    "%s. It has changed in the meantime and cannot be approved: ask for it anew.",
                    exception.request_text,
                )

    def _open_step(self, step, values, why=None):
        """Return the question for the reason; the step is then asked of an approver.

        :param why: in words, why one person may not do it alone.
        """
        self.ensure_one()
        name, summary = self._say_step(step, values)
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": "integration.exception.step",
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_exception_id": self.id,
                "default_step": step,
                "default_values": values,
                "default_summary": f"{why}\n\n{summary}" if why else summary,
            },
        }

    def _say_step(self, step, values):
        """Return name and summary of a step; made here and never taken from whoever asks.

        :raises UserError: there is no such step, or it makes no sense any more.
        """
        self.ensure_one()
        if step not in STEPS:
            raise UserError(self.env._("There is no such step."))
        if self.state != "open":
            raise UserError(self.env._("This has been settled in the meantime."))
        return getattr(self, STEPS[step][0])(values or {})

    def _ask_step(self, step, values, reason):
        """Ask an approver for a step; returns the request."""
        self.check_access("write")
        self._end_overtaken()
        name, summary = self._say_step(step, values)
        request = self.env["integration.change.request"]._ask(
            self,
            name,
            {"step": step, **(values or {})},
            reason,
            summary,
            kind=self._kind_of_step(step),
            amount=self._amount_of_step(step),
            currency=self.company_currency_id,
            barred=self._barred_of_step(step, values or {}),
        )
        self.sudo().approval_asked = True
        return request

    def _barred_of_step(self, step, values):
        """Hook: return the users who do not decide about a step, besides who asks."""
        return self.env["res.users"]

    def _end_overtaken(self):
        """End what was asked for here and has changed in the meantime, so that it can be asked for as it is now."""
        self.ensure_one()
        requests = self.env["integration.change.request"].sudo()
        for request in requests.search(
            [("res_model", "=", self._name), ("res_id", "=", self.id), ("state", "in", OPEN_STATES)]
        ):
            if request._is_overtaken():
                request._lock(*OPEN_STATES)
                request._end("withdrawn", self.env._("Something else would be done by now: asked for anew."))

    def _kind_of_step(self, step):
        """Return the kind of request that decides who has to agree."""
        return STEPS[step][3]

    def _preview_of_step(self, step, values):
        """Return what a step would change, in the form of ``request_preview``.

        :raises UserError: what was to be done is gone.
        """
        return {"rows": getattr(self, STEPS[step][1])(values)}

    def _amount_of_step(self, step):
        """Return the amount, in the currency of the books, by which rules of approval tell requests apart."""
        if step == "write_off":
            return abs(self._rest()[1].amount_residual)
        if step == "accept_difference":
            return self._in_company_currency_of(*self._difference())
        if step == "identify":
            return self._unidentified_in_books()
        self._recount_touched()
        return self.stake_company

    def _approval_preview(self, values):
        """Return what a step would change; it is compared once more before it is done."""
        self.ensure_one()
        values = dict(values or {})
        step = values.pop("step", None)
        settled = {"rows": [{"field": "state", "before": self.state, "after": ""}]}
        if step not in STEPS or self.state != "open":
            return settled
        try:
            return self._preview_of_step(step, values)
        except UserError:
            # What was to be done is gone: that is a change, too.
            return settled

    def _carry_out(self, request):
        """Do what was asked for and approved.

        :raises UserError: it was not approved by a second person, or was settled in the meantime.
        """
        self.ensure_one()
        _check_approved(self, request)
        values = dict(request.values or {})
        step = values.pop("step", None)
        if step not in STEPS or self.state != "open":
            raise UserError(self.env._("This has been settled in the meantime."))
        try:
            getattr(self, STEPS[step][2])(values, request)
        except IntegrationError as error:
            raise self._in_words(error) from error

    def _in_words(self, error):
        """Return an error of the hub as one that a person reads, in their language."""
        texts = (error.info.sentence, error.info.next_step)
        return UserError(
            "\n".join(sentence_words(self.env, text, error.params, self.connection_id[:1]) for text in texts)
        )


class IntegrationChangeRequest(models.Model):
    _inherit = "integration.change.request"

    def _after_decision(self, verdict, reason):
        result = super()._after_decision(verdict, reason)
        self._tell_exceptions()
        return result

    def _after_end(self):
        result = super()._after_end()
        self._tell_exceptions()
        return result

    def _tell_exceptions(self):
        """A request about an exception is decided: it no longer waits for an approver, and who asked is told."""
        decided = self.filtered(
            lambda row: row.res_model == "integration.exception" and row.state not in OPEN_STATES
        )
        states = dict(self._fields["state"]._description_selection(self.env))
        for request in decided:
            exception = self.env["integration.exception"].browse(request.res_id).exists().sudo()
            if not exception:
                continue
            exception.approval_asked = False
            exception.message_post(
                body=self.env._("%(what)s: %(state)s", what=request.name, state=states[request.state]),
                author_id=self.env.user.partner_id.id,
                partner_ids=(request.requester_id - self.env.user).partner_id.ids,
            )
