# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a person has decided and a provider is told once: refunds, evidence of disputes (ADR 0015).

A job sends it outside of any transaction. Before it goes out it is written down as sent, so that after a crash or an
answer that nobody can read, the provider is asked for it first and it is sent again only where it is not there.
"""

import zlib
from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models

from odoo.addons.queue_job.exception import RetryableJobError

from ...engine.errors import BusinessError, ContractError, IntegrationError, TransientError
from . import http_client
from .doorbell import comes_back
from .lane import CHANNEL, exclusive
from .own_transaction import in_own_transaction

FIRST_PAUSE_SECONDS = 10
LONGEST_PAUSE_SECONDS = 3600
MAX_SWEPT = 200
MAX_ANSWER_BYTES = 1_000_000
# From then on a person is told that it does not arrive.
TRIES_BEFORE_ALARM = 5
# Nothing went out: it is simply sent again.
NOTHING_SENT = ("destination_unavailable", "address_forbidden")


class IntegrationSentOnce(models.AbstractModel):
    """For models with the states to_send, unknown, sent and refused and a field ``connection_id``."""

    _name = "integration.sent.once"
    _description = "What a provider is told once"
    _inherit = ["integration.doorbell"]

    key = fields.Char(
        readonly=True, copy=False, index="btree_not_null", help="Sent along, so that it is made once."
    )
    answer = fields.Char(readonly=True, copy=False, string="What the provider said")
    tries = fields.Integer(readonly=True, copy=False)
    due_at = fields.Datetime(readonly=True, copy=False, string="Next try")

    # -- what each kind says of itself -----------------------------------------------------------------------

    def _facts_to_send(self):
        """Return what of this record the calls need: a dict that outlives the transaction."""
        raise NotImplementedError

    @api.model
    def _tell(self, facts, step):
        """Tell the provider, or find that it was told; no transaction is open. Returns the arguments of ``_made``.

        :param step: function (method name, arguments) that runs a method of the record in a transaction of its own.
        :raises IntegrationError: by what the provider says, or does not say.
        """
        raise NotImplementedError

    def _made(self, *arguments):
        """The provider has it."""
        raise NotImplementedError

    @api.model
    def _failure_code(self):
        """Return the code of the exception that says that it does not arrive."""
        raise NotImplementedError

    def _failure_params(self):
        """Return the parameters of the exception's sentence, but for ``reason``."""
        raise NotImplementedError

    def _cause(self):
        raise NotImplementedError

    # -- sending ---------------------------------------------------------------------------------------------

    def _send_soon(self, seconds=None):
        """Queue the job that sends it; ``seconds`` = not before so long."""
        for record in self.with_user(SUPERUSER_ID):
            record.with_delay(
                channel=CHANNEL,
                priority=9,
                identity_key=f"finance_integration.{self._name}.{record.id}",
                max_retries=0,
                eta=seconds,
            )._send()

    @api.model
    def _sweep(self):
        """Send what is due: jobs that were lost, and what nobody knows the answer to; what waits longest first."""
        self.search(
            [
                ("state", "in", ("to_send", "unknown")),
                ("connection_id.state", "=", "active"),
                "|",
                ("due_at", "=", False),
                ("due_at", "<=", fields.Datetime.now()),
            ],
            order="write_date, id",
            limit=MAX_SWEPT,
        )._send_soon()

    @comes_back
    def _send(self):
        """Job: send it, outside of any transaction; one try at a time, also where an answer takes long.

        A second try beside the first one would find nothing there, and be refused for what the first has just made.
        """
        self.ensure_one()
        space = zlib.crc32(self._name.encode()) & 0x7FFF_FFFF
        with exclusive(self.env.cr.dbname, self.id, space) as free:
            if not free:
                text = "another try is under way"
                raise RetryableJobError(text, seconds=FIRST_PAUSE_SECONDS, ignore_retry=True)
            self._try_to_send()

    def _try_to_send(self):
        registry, model, record_id = self.env.registry, self._name, self.id

        def step(method, *arguments):
            return in_own_transaction(
                registry, lambda env: getattr(env[model].browse(record_id), method)(*arguments)
            )

        facts = step("_begin")
        if not facts:
            return
        try:
            step("_made", *self._tell(facts, step))
        except IntegrationError as error:
            # Whatever this try has not sent, the one before it may have.
            unsure = facts["asks_first"] and error.code in NOTHING_SENT
            step("_failed", _not_said(error) if unsure else error)

    def _begin(self):
        """Write down that it is sent now, so that whoever comes next asks first; returns what the calls need."""
        now = fields.Datetime.now()
        if self.state not in ("to_send", "unknown") or (self.due_at and self.due_at > now):
            return None
        if self.connection_id.state != "active":
            self.answer = self.env._("It is sent when the connection goes on.")
            return None
        kind, secret = self.connection_id._access()
        asks_first = self.state == "unknown"
        pause = min(FIRST_PAUSE_SECONDS * 2**self.tries, LONGEST_PAUSE_SECONDS)
        self.write({"state": "unknown", "tries": self.tries + 1, "due_at": now + timedelta(seconds=pause)})
        return {
            "connector": self.connection_id.connector,
            "settings": self.connection_id._settings() | {"access_kind": kind},
            "secret": secret,
            "allowed_hosts": (self.connection_id.allowed_hosts or "").split(),
            "asks_first": asks_first,
            "key": self.key,
            "params": self._failure_params(),
            **self._facts_to_send(),
        }

    def _failed(self, error):
        """Say how it goes on: sent again, asked for first, or refused for good; and tell a person where it must be."""
        if self.state == "sent":
            return  # the provider's own word that it is there was faster
        values = {"answer": f"{error.sentence} {error.detail}"[:500]}
        if error.code in NOTHING_SENT:
            values["state"] = "to_send"
        elif isinstance(error, BusinessError):
            values |= {"state": "refused", "due_at": False}
        self.write(values)
        if self.state == "refused" or self.tries >= TRIES_BEFORE_ALARM:
            params = self._failure_params() | {"reason": error.params.get("reason") or error.sentence}
            self.env["integration.exception"]._raise_cause(
                self.connection_id, self._failure_code(), params, self._cause(), detail=error.detail
            )

    def _let_go(self, text):
        """Close the exception that says that it does not arrive, where there is one."""
        self.env["integration.exception"]._settle_cause(
            self.connection_id, self._failure_code(), self._cause(), text
        )

    # -- calls -----------------------------------------------------------------------------------------------

    @api.model
    def _ask_provider(self, facts, build, read, seconds):
        """Ask whether the provider has it; returns what ``read`` says of the answer.

        Whatever is wrong with the question or its answer says nothing of what was sent before.

        :raises TransientError: ``source_unavailable``: it is asked again later.
        """
        try:
            return read(http_client.send(build(), facts["allowed_hosts"], MAX_ANSWER_BYTES, seconds))
        except ContractError as error:
            raise _not_said(error) from error
        except IntegrationError as error:
            if error.code not in NOTHING_SENT:
                raise
            # The question did not go out; what was sent before it may have.
            raise _not_said(error) from error

    @api.model
    def _tell_provider(self, facts, build, read, seconds):
        """Send a request that makes something; returns what ``read`` says of the answer.

        :raises BusinessError: the code of ``_failure_code``: it was certainly not made, and never will be as it stands.
        :raises TransientError: ``source_unavailable``: it may have been made, and is asked for first.
        """
        try:
            request = build()
        except ContractError as error:
            raise self._refused(facts, error) from error
        answer = http_client.send(request, facts["allowed_hosts"], MAX_ANSWER_BYTES, seconds)
        try:
            return read(answer)
        except ContractError as error:
            if 400 <= answer.status < 500:
                raise self._refused(facts, error) from error
            raise _not_said(error) from error

    @api.model
    def _refused(self, facts, error):
        params = facts["params"] | {"reason": error.sentence}
        return BusinessError(self._failure_code(), error.detail, params=params)


def _not_said(error):
    """Return the error of an answer that nobody can read."""
    return TransientError("source_unavailable", error.detail, params={"status": error.code})
