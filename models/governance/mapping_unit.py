# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What the unit of a line means: as it is mapped, else by the code of the standard (UN/ECE Recommendation 20)."""

from odoo import api, models

from ...engine.errors import MissingReferenceError
from ...engine.units import standard_unit


class IntegrationMapping(models.Model):
    _inherit = "integration.mapping"

    @api.model
    def _standard_unit(self, code):
        """Return the unit that a code of the standard means here; none where it is no such code, or archived."""
        name = standard_unit(code)
        found = self.env.ref(name, raise_if_not_found=False) if name else None
        return found if found and found.active else self.env["uom.uom"]

    @api.model
    def _unit_of(self, line, product, resolve):
        """Return the unit in which a line of a document counts; none where it does not say one.

        :raises MissingReferenceError: what ``resolve`` raises, and ``unit_not_of_product``: the product is measured in
            something into which the unit cannot be converted.
        """
        if not line.unit:
            return self.env["uom.uom"]
        try:
            unit = resolve("unit", line.unit)
        except MissingReferenceError as error:
            if error.code != "mapping_missing":
                raise
            unit = self._standard_unit(line.unit)
            if not unit:
                raise
        if product and not unit._has_common_reference(product.uom_id):
            params = {
                "product": product.display_name,
                "value": line.unit,
                "unit": unit.name,
                "own": product.uom_id.name,
                "mapping": self._kind_labels()["unit"],
                "code": "unit",
            }
            raise MissingReferenceError(
                "unit_not_of_product", f"{line.unit}: product {product.id}", params=params
            )
        return unit
