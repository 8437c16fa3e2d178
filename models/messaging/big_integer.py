# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import fields


class BigInteger(fields.Integer):
    """An integer of eight bytes: versions of outside systems are often milliseconds."""

    _column_type = ("int8", "int8")
