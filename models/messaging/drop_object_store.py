# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Folders for files in object stores: what has to be said of them (E9)."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...engine.address_guard import check_url
from ...engine.errors import AuthorizationError
from ...engine.file_names import check_folder
from ...engine.object_store import BUCKET, REGION, endpoint_of
from .object_store import ObjectStore

PROTOCOL = "s3"


class IntegrationDrop(models.Model):
    _inherit = "integration.drop"

    protocol = fields.Selection(
        selection_add=[(PROTOCOL, "Object store (S3)")], ondelete={PROTOCOL: "cascade"}
    )
    bucket = fields.Char(help="The bucket in which the files are.")
    region = fields.Char(
        default="us-east-1", help="Region of the bucket; stores that have none want us-east-1."
    )
    endpoint_url = fields.Char(
        string="Address of the store",
        help="Such as https://storage.example.com. Empty = Amazon S3 in the region. It must be public, or allowed by "
        "name on the connection.",
    )

    @api.constrains("protocol", "bucket", "region", "endpoint_url", "folder", "username")
    def _check_bucket(self):
        for drop in self.filtered(lambda row: row.protocol == PROTOCOL):
            if not (
                BUCKET.fullmatch(drop.bucket or "") and REGION.fullmatch(drop.region or "") and drop.username
            ):
                raise ValidationError(
                    self.env._("An object store needs its bucket, its region and the id of an access key.")
                )
            allowed_hosts = (drop.connection_id.allowed_hosts or "").split()
            endpoint = endpoint_of(drop.endpoint_url or "", drop.region)
            try:
                check_folder(drop.folder or "")
                check_url(f"{endpoint}/", allowed_hosts)
            except AuthorizationError as error:
                raise ValidationError(error.sentence) from error
            if endpoint.count("/") != 2 or "?" in endpoint or "#" in endpoint:
                raise ValidationError(
                    self.env._(
                        "The address of the store ends with its name or port; bucket and folder are fields."
                    )
                )

    def _facts(self):
        return super()._facts() | {
            "bucket": self.bucket,
            "region": self.region,
            "endpoint_url": self.endpoint_url or "",
        }

    @api.model
    def _open_store(self, facts):
        if facts["protocol"] == PROTOCOL:
            return ObjectStore(facts)
        return super()._open_store(facts)
