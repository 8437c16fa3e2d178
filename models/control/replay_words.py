# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The words of stopped events and replays in audit trail and timeline."""

from odoo import models
from odoo.tools.translate import LazyTranslate

from .display import ACTION_LABELS, words_for

_lt = LazyTranslate(__name__)

ACTION_LABELS.update(
    {
        "message.discard_reason": _lt("Why it was put aside"),
        "message.assign": _lt("Assigned"),
        "message.replay": _lt("Goes on by a replay"),
        "message.replayed": _lt("Processed again by a replay"),
        "message.from_replay": _lt("Made by a replay of an earlier event"),
        "flow.retry_figures": _lt("Retry figures changed"),
        "replay.plan": _lt("Replay planned"),
        "replay.request": _lt("Approval of a replay asked for"),
        "replay.approve": _lt("Replay approved"),
        "replay.refuse": _lt("Replay refused"),
        "replay.run": _lt("Replay started"),
        "replay.changed": _lt("Replay not run: its plan had changed"),
        "replay.cancel": _lt("Replay cancelled"),
        "replay.finish": _lt("Replay finished"),
    }
)
SHOWN = frozenset({"message.assign", "message.replay", "message.replayed", "message.from_replay"})


class IntegrationMessage(models.Model):
    _inherit = "integration.message"

    def _timeline_people(self):
        rows = super()._timeline_people()
        for leaf in self.leaf_ids.filtered(lambda leaf: leaf.action in SHOWN).sorted("id"):
            by = leaf.user_id.name if leaf.action != "message.assign" else leaf.detail
            title = words_for(self.env, leaf.action)
            rows.append(self._entry(leaf.recorded_at, title, by, tone="info", icon="fa-user"))
        if self.discard_reason:
            leaf = self.leaf_ids.filtered(lambda leaf: leaf.action == "message.discard_reason")[:1]
            title = words_for(self.env, "message.discard_reason")
            rows.append(
                self._entry(leaf.recorded_at, title, self.discard_reason, tone="info", icon="fa-user")
            )
        return rows
