# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What stands in a preview, as the reader writes it: choices in words, days, amounts with their currency.

A preview keeps its values exact and the same for whoever asks, since they are compared again before anything is done.
Only what is shown is dressed here; requests of earlier versions read the same way.
"""

import re

from odoo import fields
from odoo.tools.misc import format_date, format_datetime, formatLang

# An amount as previews keep it: perhaps taken away, perhaps with its currency.
AMOUNT = re.compile(r"(?P<less>− )?(?P<number>-?\d+(?:\.\d+)?)(?: (?P<currency>[A-Z]{3}))?")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
INSTANT = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(?:\.\d+)?")


def money_text(env, text, currency):
    """Return an amount that is kept as text the way the reader writes it; anything else as it is.

    :param currency: the currency (a record) of an amount that names none.
    """
    found = AMOUNT.fullmatch(text) if isinstance(text, str) else None
    if not found:
        return text
    if found["currency"]:
        currency = currency_of(env, found["currency"])
    if not currency:
        return text
    amount = formatLang(env, float(found["number"]), currency_obj=currency)
    return f"{found['less'] or ''}{amount}"


def currency_of(env, code):
    """Return the currency of a code, also one that is out of use; empty where there is none."""
    return env["res.currency"].with_context(active_test=False).search([("name", "=", code)], limit=1)


def field_text(env, record, name, text):
    """Return a value of a record's field, kept as text, the way the reader writes it.

    :param record: what the request is about, with the rights to read its currency; may be empty.
    """
    field = record._fields.get(name)
    if not isinstance(text, str):
        return text
    if field is None:
        return _free_text(env, text)
    if field.type == "selection":
        shown = _choice(env, field, text)
    elif field.type == "boolean":
        shown = {"True": env._("Yes"), "False": env._("No")}.get(text, text)
    elif field.type == "date" and DAY.fullmatch(text):
        shown = format_date(env, text)
    elif field.type == "datetime" and INSTANT.fullmatch(text):
        shown = format_datetime(env, fields.Datetime.to_datetime(text[:19]))
    elif field.type == "monetary":
        shown = money_text(env, text, record[:1][field.get_currency_field(record)])
    else:
        shown = text
    return shown


def _free_text(env, text):
    """Return what stands in a row that is no field of the record: a day, or an amount that names its currency."""
    if DAY.fullmatch(text):
        return format_date(env, text)
    if INSTANT.fullmatch(text):
        return format_datetime(env, fields.Datetime.to_datetime(text[:19]))
    return money_text(env, text, None)


def _choice(env, field, text):
    """Return the words of a choice that is kept as its value, or in English."""
    words = dict(field._description_selection(env))
    if text in words:
        return words[text]
    english = field._description_selection(env["base"].with_context(lang="en_US").env)
    return next((words.get(value, text) for value, word in english if word == text), text)
