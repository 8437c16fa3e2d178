# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What the tests of products share: two systems that send them, with mapped codes."""

from ..simulators.partner import documents, masters
from .common import PARTNER_SECRET
from .master_common import MasterCommon

BARCODE = "4006381333931"
OTHER_BARCODE = "4006381333948"


class ProductCommon(MasterCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.income = cls.company_data["default_account_revenue"]
        cls.erp = cls._connection("generic", "Warehouse")
        cls.erp.system_role = "stock"
        cls._secret(cls.erp, "inbound_signature", PARTNER_SECRET)
        cls.erp.action_activate()
        cls.operator.group_ids |= cls.env.ref("product.group_product_manager")
        for connection in (cls.partner_connection, cls.erp):
            for mapping, value, target in (
                ("tax", "GST", {"tax_id": cls.tax15.id}),
                ("account", "4000", {"account_id": cls.income.id}),
            ):
                cls.env["integration.mapping"].create(
                    {"connection_id": connection.id, "mapping": mapping, "outside_value": value, **target}
                )

    def tell_product(
        self, outside_id="P-1", name="Rye bread", version=1, connection=None, drain=True, **facts
    ):
        """Let a system say something of a product; returns its message."""
        connection = connection or self.partner_connection
        document = masters.product(outside_id, name, self.clock.now, version=version, **facts)
        event = documents.as_event("tests", "product.updated", document)
        _verdict, message = self.accept(
            connection, event.body, {"webhook-id": f"{event.id}-{connection.id}-{version}"}
        )
        if drain:
            self.drain(connection)
        return message

    def brought(self, **facts):
        """Let the partner platform bring a product; returns it."""
        message = self.tell_product(**facts)
        self.assert_done(message)
        return self.became(message, "product.product")

    def product_rule(self, **values):
        return self.rule(object="product", **values)

    def products(self, **facts):
        domain = [(name, "=", value) for name, value in facts.items()]
        return self.env["product.product"].with_context(active_test=False).search(domain)

    def binding(self, outside_id="P-1", connection=None):
        return self.env["integration.binding"].search(
            [
                ("connection_id", "=", (connection or self.partner_connection).id),
                ("kind", "=", "product"),
                ("outside_id", "=", outside_id),
            ]
        )

    def here(self, name="Rye bread", **facts):
        """Make a product by hand."""
        return self.env["product.product"].create({"name": name, "company_id": self.company.id, **facts})
