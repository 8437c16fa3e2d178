# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Messages about many documents that change together: the ones that core writes one by one, in few statements."""

from markupsafe import escape

from odoo import models
from odoo.tools import groupby

from ..known_code import is_known

# What has a say in a message and in who is told of it. With anybody else's rules in place each is posted on its own.
METHODS = frozenset(
    {
        "_message_compute_author",
        "_message_compute_parent_id",
        "_message_create",
        "_message_track",
        "_notify_get_recipients",
        "_notify_thread",
        "_process_attachments_for_post",
        "message_post",
    }
)
# ``sms`` sends to recipients whom ``mail`` has found, and leaves every other message alone.
KNOWN_MODULES = frozenset({"finance_integration", "mail", "sms"})
TOGETHER = "integration_messages_together"
TRACKED = frozenset({"author_id", "body", "subtype_id", "tracking_value_ids"})
# Core looks at so many of a document's messages for the one that is answered.
LATEST_MESSAGES = 200


class _Posts(list):
    """Messages that wait to be posted together: a type of its own, so that no context from outside can hold one."""


class AccountMove(models.Model):
    _inherit = "account.move"

    def _message_track(self, fields_iter, initial_values_dict):
        """Write what the hub's work changes on many documents into their histories together."""
        if len(self) < 2 or not self._messages_are_known():
            return super()._message_track(fields_iter, initial_values_dict)
        posts = _Posts()
        together = self.with_context(**{TOGETHER: posts})
        tracking = super(AccountMove, together)._message_track(fields_iter, initial_values_dict)
        for (subtype_id, author_id), alike in groupby(
            posts, lambda post: (post[1]["subtype_id"], post[1]["author_id"])
        ):
            self._post_together(alike, subtype_id, author_id)
        return tracking

    def _messages_are_known(self):
        """Whether the shorter way is sure to write what core writes; what people do goes core's way anyway."""
        return (
            self.env.user.integration_service
            and self._mail_flat_thread
            and is_known(self, METHODS, KNOWN_MODULES)
        )

    def message_post(self, **values):
        """Keep a tracking message for :meth:`_post_together`; everything else is posted at once."""
        posts = self.env.context.get(TOGETHER)
        if not isinstance(posts, _Posts) or values.keys() != TRACKED:
            return super().message_post(**values)
        posts.append((self.id, values))
        return self.env["mail.message"]

    def _post_together(self, posts, subtype_id, author_id):
        """Post one message each: what ``message_post`` does of it, with one look-up for all of them.

        :param posts: list of (id of a document, values of ``message_post``).
        """
        records = self.browse([record_id for record_id, _values in posts])._fallback_lang()
        author_id, email_from = records._message_compute_author(author_id, None)
        parents = records._message_parents()
        domains = records.sudo()._mail_get_alias_domains(default_company=self.env.company)
        companies = records._mail_get_companies(default=self.env.company)
        reply_to = records._notify_get_reply_to(default=email_from, author_id=author_id)
        told = self.env["mail.followers"]._get_recipient_data(records, "notification", subtype_id, [])
        values_list = [
            {
                "tracking_value_ids": values["tracking_value_ids"],
                "email_add_signature": True,
                "author_id": author_id,
                "author_guest_id": False,
                "email_from": email_from,
                "model": self._name,
                "res_id": record_id,
                "body": escape(values["body"]),
                "message_type": "notification",
                "parent_id": parents[record_id],
                "subject": False,
                "subtype_id": subtype_id,
                "partner_ids": [],
                "incoming_email_to": False,
                "incoming_email_cc": False,
                "outgoing_email_to": False,
                "record_alias_domain_id": domains[record_id].id,
                "record_company_id": companies[record_id].id,
                "reply_to": reply_to[record_id],
                "attachment_ids": [],
            }
            for record_id, values in posts
        ]
        messages = records._message_create(
            [{**values, "tracking_value_ids": False} for values in values_list]
        )
        self.env["mail.tracking.value"].sudo().create(
            [
                {**tracked, "mail_message_id": message.id}
                for message, values in zip(messages, values_list, strict=True)
                for _create, _zero, tracked in values["tracking_value_ids"]
            ]
        )
        for record, message, values in zip(records, messages, values_list, strict=True):
            record._message_post_after_hook(message, values)
            if told[record.id]:
                record._notify_thread(message, values)

    def _message_parents(self):
        """Return {id: id of the message that a new one answers}, as ``_message_compute_parent_id`` finds it."""
        limit = LATEST_MESSAGES * len(self)
        messages = (
            self.env["mail.message"]
            .sudo()
            .search(
                [
                    ("model", "=", self._name),
                    ("res_id", "in", self.ids),
                    ("message_type", "!=", "user_notification"),
                ],
                limit=limit,
            )
        )
        found = messages.grouped("res_id")
        if len(messages) == limit or any(len(group) > LATEST_MESSAGES for group in found.values()):
            return {record.id: record._message_compute_parent_id(parent_id=False) for record in self}
        return {
            record.id: max(
                found.get(record.id, ()),
                key=lambda row: (
                    row.message_type in ("comment", "email"),
                    row.date or row.create_date,
                    row.id,
                ),
                default=messages.browse(),
            ).id
            for record in self
        }
