# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Disputes that were more than an inquiry before that was written down: an older word must not begin them anew."""


def migrate(cr, _version):
    cr.execute(
        """
        UPDATE integration_dispute d
           SET past_inquiry = TRUE
          FROM integration_connection c
         WHERE c.id = d.connection_id AND c.connector IN ('stripe', 'shopify') AND d.told_at IS NOT NULL
           AND (d.withdrawn > 0 OR d.state IN ('needs_response', 'won', 'lost'))
        """
    )
