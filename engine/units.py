# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Units of measure that mean themselves: codes of UN/ECE Recommendation 20, which electronic invoices use (M2).

Sources: UN/ECE Recommendation No. 20, Codes for Units of Measure Used in International Trade, Revision 17 (2021), and
for ``KTM``, a code for the kilometre that was replaced by ``KMT``, its earlier revisions.
"""

from __future__ import annotations

# code → external id of Odoo's unit, without the name of its addon
STANDARD: dict[str, str] = {
    # counted
    "C62": "product_uom_unit",  # one
    "EA": "product_uom_unit",  # each
    "H87": "product_uom_unit",  # piece
    "DZN": "product_uom_dozen",
    # time
    "HUR": "product_uom_hour",
    "DAY": "product_uom_day",
    "MIN": "product_uom_minute",
    # mass
    "KGM": "product_uom_kgm",
    "GRM": "product_uom_gram",
    "TNE": "product_uom_ton",  # metric
    "LBR": "product_uom_lb",
    "ONZ": "product_uom_oz",  # avoirdupois
    # length and area
    "MTR": "product_uom_meter",
    "MMT": "product_uom_millimeter",
    "CMT": "product_uom_cm",
    "KMT": "product_uom_km",
    "KTM": "product_uom_km",
    "INH": "product_uom_inch",
    "FOT": "product_uom_foot",
    "YRD": "product_uom_yard",
    "SMI": "product_uom_mile",  # statute
    "MTK": "product_uom_square_meter",
    "FTK": "product_uom_square_foot",
    # volume
    "LTR": "product_uom_litre",
    "MLT": "product_uom_milliliter",
    "MTQ": "product_uom_cubic_meter",
    "OZA": "product_uom_floz",  # fluid ounce (US)
    "QT": "product_uom_qt",  # US
    "GLL": "product_uom_gal",  # US
    "INQ": "product_uom_cubic_inch",
    "FTQ": "product_uom_cubic_foot",
    # energy
    "KWH": "product_uom_kwh",
}


def standard_unit(code: str) -> str | None:
    """Return the external id of the unit that a code of the standard means, None where it is none."""
    name = STANDARD.get(code)
    return f"uom.{name}" if name else None
