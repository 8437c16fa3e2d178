# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What people see instead of codes: plain words for kinds, actions and stages, and an event's timeline."""

from odoo import api, fields, models
from odoo.tools.translate import LazyTranslate

from ...engine.error_catalogue import CODES
from ..messaging.error_words import OBJECTS

_lt = LazyTranslate(__name__)

MAX_TIMELINE_ENTRIES = 200
ACTION_LABELS = {
    "message.done": _lt("Posted"),
    "message.duplicate": _lt("Was booked already; nothing booked again"),
    "message.nothing": _lt("Nothing to book"),
    "message.superseded": _lt("Overtaken by a newer version"),
    "message.shadow": _lt("Computed in shadow, not booked"),
    "message.before_start": _lt("Before the start date: recorded, not booked"),
    "message.reference": _lt("Made known for reference, not booked"),
    "message.retired": _lt("The flow is retired: recorded, not booked"),
    "message.shadow_settled": _lt("Computed in shadow before; the flow is live now"),
    "message.book_anew": _lt("An approver agreed that the entry is reversed and booked anew"),
    "message.retry": _lt("Tried again by a person"),
    "message.discard": _lt("Put aside by a person"),
    "message.mapping_given": _lt("The missing mapping was given; tried again"),
    "message.delivered": _lt("Sent and confirmed"),
    "message.arrived": _lt("A person says that it has arrived"),
    "message.send_again": _lt("Sent again at a person's wish"),
    "message.missing": _lt("The receiver does not have it; sent again"),
    "message.accepted": _lt("The receiver took it over"),
    "message.conflict": _lt("The same event came again with other content"),
    "query.answered": _lt("A question was answered"),
    "query.not_known": _lt("A question about something that is not known here"),
    "query.policy": _lt("A question was answered as agreed: the time was up"),
    "message.parent_arrived": _lt("What it belongs to has arrived; goes on"),
    "message.waited_too_long": _lt("Has waited too long for what it belongs to"),
    "message.stop_waiting": _lt("A person decided not to wait any longer"),
    "exception.ask_resend": _lt("The source was asked to send again"),
    "exception.go_without": _lt("Went on without the missing numbers"),
    "exception.book_repeated": _lt("Number came twice; booked all the same"),
    "exception.accept_numbering": _lt("New numbering accepted"),
    "exception.resolve": _lt("Exception resolved"),
    "exception.book_anew": _lt("Correction of a booked entry agreed"),
    "exception.apply": _lt("Money applied"),
    "exception.choose_customer": _lt("Customer chosen"),
    "exception.choose_product": _lt("Product chosen"),
    "exception.new_product": _lt("A new product, a person said"),
    "message.product_known": _lt("The product came in; tried again"),
    "message.product_ready": _lt("The product was taken out of the archive; tried again"),
    "message.owner_changed": _lt("Who brings such documents was changed; tried again"),
    "connection.activate": _lt("Connection activated"),
    "connection.pause": _lt("Connection paused"),
    "connection.paused_by_itself": _lt("Paused by itself"),
    "connection.answers_again": _lt("The other system answers again"),
    "connection.resume": _lt("Resumed by a person"),
    "connection.service_user": _lt("Service user made"),
    "flow.run_in_shadow": _lt("Flow runs in shadow"),
    "flow.go_live": _lt("Flow went live"),
    "flow.retire": _lt("Flow retired"),
    "flow.back_to_draft": _lt("Flow went back to draft"),
    "flow.pause": _lt("Flow paused"),
    "flow.resume": _lt("Flow goes on"),
    "flow.back_to_shadow": _lt("Flow went back to shadow"),
    "flow.reopen": _lt("Retired flow opened again"),
    "flow.settings": _lt("Flow settings changed"),
    "company.pause": _lt("All integrations of the company paused"),
    "company.resume": _lt("Integrations of the company go on"),
    "change.ask": _lt("Change asked for"),
    "change.approve": _lt("Change approved"),
    "change.refuse": _lt("Change refused"),
    "change.withdraw": _lt("Change withdrawn"),
    "change.expire": _lt("Request expired"),
    "change.escalate": _lt("Request passed on: it waits too long"),
    "change.done": _lt("Approved change made"),
    "delegation.give": _lt("Somebody stands in for an approver"),
    "delegation.end": _lt("Nobody stands in any more"),
    "credential.propose": _lt("Secret entered, waits for approval"),
    "credential.end": _lt("End of a secret set"),
    "credential.remove": _lt("Secret removed"),
    "partner.credit_hold_set": _lt("Customer put on credit hold"),
    "partner.credit_hold_cleared": _lt("Credit hold cleared"),
    "company.payee_rules": _lt("Rules about customers and suppliers changed"),
    "message.partner_approved": _lt("The customer was approved; tried again"),
    "message.partner_not_required": _lt("Customers need no approval any more; tried again"),
    "partner.customer_state": _lt("State of the customer changed"),
    "partner.supplier_state": _lt("State of the supplier changed"),
    "partner.phone_changed": _lt("Telephone number of a supplier changed"),
    "bank.entered": _lt("Bank account entered"),
    "bank.received": _lt("Bank account received from outside"),
    "bank.changed": _lt("Bank details changed"),
    "bank.asked": _lt("Approval of a bank account asked for"),
    "bank.approved": _lt("Bank account approved"),
    "bank.not_approved": _lt("Bank account not approved"),
    "bank.frozen": _lt("Bank account frozen: changed after its approval"),
    "bank.stopped": _lt("Payments to a bank account stopped"),
    "bank.archived": _lt("Bank account archived"),
    "bank.restored": _lt("Bank account taken out of the archive"),
    "partner.customer_approved": _lt("Customer approved"),
    "partner.customer_withdrawn": _lt("Approval of the customer withdrawn"),
    "partner.supplier_approved": _lt("Supplier activated"),
    "partner.supplier_withdrawn": _lt("Supplier no longer active"),
    "partner.owned_value_edited": _lt("A value that another system owns was changed in Odoo"),
    "product.owned_value_edited": _lt("A value of a product that another system owns was changed in Odoo"),
    "value.keep": _lt("Kept the value of Odoo"),
    "value.take": _lt("Took another system's value over"),
    "value.make_owner": _lt("Asked for another owner"),
    "ownership.change": _lt("Ownership changed"),
    "contract.changed": _lt("A published contract changed its content"),
    "contract.dates": _lt("Last days of a contract set"),
    "flow.contract": _lt("Flow has another contract"),
    "duplicate.denied": _lt("Two different ones, a person said"),
    "duplicate.merge": _lt("Merged with the approval of a second person"),
    "binding.move": _lt("Outside id moved to the record that stays"),
    "binding.lead": _lt("This outside id leads"),
    "legal_number.explain": _lt("Missing number explained"),
    "source.accept": _lt("Change at the source was seen"),
    "checkpoint.uncovered": _lt("A checkpoint does not agree any more"),
    "batch.read_again": _lt("File or list read again"),
    "batch.accept": _lt("Incomplete file or list accepted"),
    "batch.put_aside": _lt("File or list put aside"),
    "seal.key": _lt("New key signs the seals"),
    "seal.verified": _lt("Audit trail verified: it holds"),
    "seal.broken": _lt("Audit trail verified: it was changed"),
    "seal.restored": _lt("Sealing goes on after a restore"),
    "pull.now": _lt("List fetched on request"),
    "webhook.check": _lt("Registered address looked at"),
    "webhook.register": _lt("Address registered at the outside system"),
    "webhook.roll": _lt("Address registered once more, with a new secret"),
    "webhook.remove": _lt("Replaced registration of the address removed"),
    "pull.again": _lt("List fetched again from a date"),
    "payout.matched": _lt("Payout matched with its bank line by itself"),
    "payout.match": _lt("Payout matched with its bank line by a person"),
    "payout.refuse": _lt("A person said that payout and bank line do not belong together"),
    "refund.sent": _lt("Refund sent to the provider"),
    "dispute.accepted": _lt("Dispute accepted at the provider"),
    "evidence.handed_in": _lt("Evidence for a dispute handed in by a person"),
    "evidence.sent": _lt("Evidence for a dispute arrived at the provider"),
    "customer.written": _lt("Customer written to the provider"),
    "customer.gone": _lt("Customer that was written is deleted at the provider"),
    "customer.not_written": _lt("Customer is written to the provider no more"),
    "shop.written": _lt("Written to the shop"),
    "dispute.set_off": _lt("Credit note set off against a lost dispute"),
    "payout.undo": _lt("Match of payout and bank line undone"),
}
TONES = {
    "done": "success",
    "duplicate": "muted",
    "nothing": "muted",
    "superseded": "muted",
    "retry": "warning",
    "held": "warning",
    "unknown": "warning",
    "parked": "danger",
    "dead": "danger",
}


def words_for(env, action):
    """Return an audit action such as ``message.done`` in plain words; a code without words stays as it is."""
    if label := ACTION_LABELS.get(action):
        return env._(label)
    code = (action or "").partition(".")[2]
    if info := CODES.get(code):
        return env._(info.title)  # pylint: disable=translation-not-lazy
    return action


class IntegrationMessage(models.Model):
    _inherit = "integration.message"

    about = fields.Char(compute="_compute_about", help="What the event is about, in plain words.")
    subject = fields.Char(
        compute="_compute_subject", help="The document or movement that the event tells of."
    )
    timeline = fields.Json(compute="_compute_timeline", help="What happened to this event, oldest first.")
    needs_person = fields.Boolean(compute="_compute_needs_person")

    @api.depends("kind", "flow_id", "status")
    def _compute_about(self):
        kinds = dict(self.env["integration.flow"]._fields["kind"]._description_selection(self.env))
        cancelled = self.env._("Cancellation of a document")
        for message in self:
            nothing = (
                self.env._("Nothing for the books")
                if message.status == "done"
                else self.env._("Not understood yet")
            )
            kind = message.kind or message.flow_id.kind
            message.about = cancelled if kind == "cancellation" else kinds.get(kind) or nothing

    @api.depends("object_key", "direction")
    def _compute_subject(self):
        """An event of ours names its document by its id in Odoo: show the number that people know."""
        for message in self:
            kind, _colon, key = (message.object_key or "").partition(":")
            message.subject = key or kind
            if message.direction == "out" and kind == "invoice" and key.isdecimal():
                move = self.env["account.move"].browse(int(key)).exists()
                message.subject = move.sudo().display_name if move else key

    @api.depends("status")
    def _compute_needs_person(self):
        for message in self:
            message.needs_person = message.status in ("parked", "dead")

    @api.depends("attempt_ids", "stage", "status")
    def _compute_timeline(self):
        for message in self:
            rows = message._timeline_start() + message._timeline_attempts() + message._timeline_people()
            rows = sorted((row for row in rows if row["at"]), key=lambda row: row["at"].rstrip("Z"))
            message.timeline = [*rows[:MAX_TIMELINE_ENTRIES], *message._timeline_now()]

    def _timeline_start(self):
        rows = []
        if self.occurred_at:
            rows.append(
                self._entry(
                    self.occurred_at, self.env._("It happened at the source"), tone="muted", icon="fa-globe"
                )
            )
        title = self.env._("Written to the outbox") if self.direction == "out" else self.env._("Received")
        return [*rows, self._entry(self.received_at, title, self.event_type, tone="info", icon="fa-inbox")]

    def _timeline_attempts(self):
        rows = []
        outcomes = dict(self.env["integration.attempt"]._fields["outcome"]._description_selection(self.env))
        stages = dict(self._fields["stage"]._description_selection(self.env))
        for attempt in self.attempt_ids.sorted("id"):
            for stage in attempt.stages or []:
                if stage["stage"] == "received":
                    continue
                rows.append(
                    self._entry(
                        stage["at"],
                        stages.get(stage["stage"], stage["stage"]),
                        tone="success",
                        icon="fa-check",
                    )
                )
            title = self.env._(
                "Try %(number)s: %(outcome)s", number=attempt.number, outcome=outcomes.get(attempt.outcome)
            )
            tone = TONES.get(attempt.outcome, "muted")
            detail = attempt.detail_words
            if attempt.outcome == "done" and self.effect_ids:
                detail = self.effect_summary
            # A try is written down after its stages, which carry microseconds: it goes below them.
            last = (attempt.stages or [{}])[-1].get("at")
            rows.append(self._entry(last or attempt.started_at, title, detail, tone=tone, icon="fa-cog"))
        return rows

    def _timeline_people(self):
        """What people did to this event; what the hub did is told by the tries already."""
        leaves = self.leaf_ids.filtered(
            lambda leaf: (
                leaf.action
                in (
                    "message.retry",
                    "message.book_anew",
                    "message.discard",
                    "message.mapping_given",
                    "message.conflict",
                    "message.arrived",
                    "message.send_again",
                )
            )
        )
        return [
            self._entry(
                leaf.recorded_at,
                words_for(self.env, leaf.action),
                leaf.user_id.name,
                tone="info",
                icon="fa-user",
            )
            for leaf in leaves.sorted("id")
        ]

    def _timeline_now(self):
        if self.status not in ("parked", "dead", "waiting", "held", "unknown"):
            return []
        tone = "danger" if self.needs_person else "warning"
        # Why it stopped stands at the last try already.
        text = False if self.attempt_ids else self.error_words
        return [self._entry(self.due_at, self.state_label, text, tone=tone, icon="fa-hourglass-half")]

    def _entry(self, instant, title, text=None, *, tone, icon):
        """Return one line of the timeline; ``at`` is in UTC, shown in the reader's zone."""
        if instant and not isinstance(instant, str):
            instant = f"{instant.isoformat()}Z"
        return {"at": instant or "", "title": title or "", "text": text or "", "tone": tone, "icon": icon}


class IntegrationAttempt(models.Model):
    _inherit = "integration.attempt"

    stage_label = fields.Char(compute="_compute_stage_label", string="Got as far as")

    @api.depends("stage")
    def _compute_stage_label(self):
        labels = dict(self.env["integration.message"]._fields["stage"]._description_selection(self.env))
        for attempt in self:
            attempt.stage_label = labels.get(attempt.stage, attempt.stage)


class IntegrationBinding(models.Model):
    _inherit = "integration.binding"

    kind_label = fields.Char(compute="_compute_labels", string="What")
    model_label = fields.Char(compute="_compute_labels", string="Kind of record")

    @api.depends("kind", "res_model")
    def _compute_labels(self):
        names = {
            row.model: row.name
            for row in self.env["ir.model"].sudo().search([("model", "in", self.mapped("res_model"))])
        }
        for binding in self:
            known = OBJECTS.get(binding.kind)
            binding.kind_label = self.env._(known) if known else binding.kind
            binding.model_label = names.get(binding.res_model, binding.res_model)


class IntegrationAuditLeaf(models.Model):
    _inherit = "integration.audit.leaf"

    action_label = fields.Char(compute="_compute_action_label", string="What was done")
    detail_label = fields.Char(compute="_compute_detail_label", string="Concerns")
    genuine = fields.Boolean(
        compute="_compute_genuine",
        string="Unchanged",
        help="The entry still has the digest that it was written with.",
    )
    has_record = fields.Boolean(compute="_compute_has_record")

    @api.depends("action")
    def _compute_action_label(self):
        for leaf in self:
            leaf.action_label = words_for(self.env, leaf.action)

    @api.depends("detail")
    def _compute_detail_label(self):
        for leaf in self:
            parts = (leaf.detail or "").split(", ")
            leaf.detail_label = ", ".join(self._name_of(part) for part in parts) or False

    def _name_of(self, text):
        """Return the name of a record written as ``model,id``; any other text stays as it is."""
        model, _comma, number = text.partition(",")
        if model not in self.env or not number.isdecimal():
            return text
        record = self.env[model].browse(int(number)).exists()
        return record.display_name if record and record.has_access("read") else text

    @api.depends("digest")
    def _compute_genuine(self):
        for leaf in self:
            leaf.genuine = leaf._is_genuine()

    @api.depends("res_model", "res_id")
    def _compute_has_record(self):
        for leaf in self:
            leaf.has_record = bool(leaf.res_id) and leaf.res_model in self.env


class IntegrationPullCursor(models.Model):
    _inherit = "integration.pull.cursor"

    pull_label = fields.Char(compute="_compute_pull_label", string="List")

    @api.depends("pull")
    def _compute_pull_label(self):
        for cursor in self:
            cursor.pull_label = _list_words(cursor.pull)


class IntegrationBatch(models.Model):
    _inherit = "integration.batch"

    source_label = fields.Char(compute="_compute_source_label", string="Name")

    @api.depends("source", "kind")
    def _compute_source_label(self):
        for batch in self:
            batch.source_label = _list_words(batch.source) if batch.kind == "poll" else batch.source


def _list_words(name):
    """Return the name of a fetched list as words."""
    return (name or "").replace("_", " ").replace(".", " ").capitalize()
