# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The sentences of the hub in the words of the person who is looking: language, amounts, days and numbers.

A sentence and what fills it are kept in one exact form; here, and nowhere else, they become a reader's.
"""

import re

from odoo.tools.misc import format_date, format_datetime, formatLang, get_lang, parse_date
from odoo.tools.translate import LazyTranslate

from ...engine.error_catalogue import CODES, fill, unfill
from ...engine.sentence_values import ABOUT, Day, Instant, Money, OutsideId, parts

_lt = LazyTranslate(__name__)

# Parameters that are words themselves, as the code that raises writes them.
WORDS = {
    "customer": _lt("customer"),
    "invoice": _lt("invoice"),
    "somebody unknown": _lt("somebody unknown"),
    "all events": _lt("all events"),
    "customer invoices": _lt("customer invoices"),
    "journal entries": _lt("journal entries"),
    "(none given)": _lt("(none given)"),
    "it is not posted": _lt("it is not posted"),
    "its entry does not exist any more": _lt("its entry does not exist any more"),
    "a part of it is credited already": _lt("a part of it is credited already"),
    "its account allows no matching": _lt("its account allows no matching"),
    "several products have this number": _lt("several products have this number"),
    "it has the same number and another barcode": _lt("it has the same number and another barcode"),
    "the source knows that one under another id": _lt("the source knows that one under another id"),
    "its number is only written otherwise": _lt("its number is only written otherwise"),
    "it has the same name, and the source gives no number": _lt(
        "it has the same name, and the source gives no number"
    ),
    "account holder": _lt("account holder"),
    "bank": _lt("bank"),
    "clearing number": _lt("clearing number"),
    "currency": _lt("currency"),
}
# What the keys of outside objects begin with.
OBJECTS = {
    "customer": _lt("Customer"),
    "supplier": _lt("Supplier"),
    "product": _lt("Product"),
    "invoice": _lt("Invoice or credit note"),
    "entry": _lt("Journal entry"),
    "movement": _lt("Balance movement"),
    "order": _lt("Order"),
    "order_line": _lt("Line of an order"),
}
# What an event waits for, and what documents are, in the middle of a sentence.
KINDS = {
    "customer": _lt("customer"),
    "supplier": _lt("supplier"),
    "product": _lt("product"),
    "invoice": _lt("invoice"),
    "invoice_status": _lt("state of an invoice"),
    "entry": _lt("journal entry"),
    "movement": _lt("balance movement"),
    "provider_balance": _lt("balance of the provider"),
    "settlement": _lt("composition of a payout"),
    "order": _lt("order"),
    "order_line": _lt("line of an order"),
    "fulfilment": _lt("fulfilment of"),
    "order_refund": _lt("refund of an order"),
    "order_payment": _lt("payment of an order"),
    "dimension": _lt("analytic dimension"),
    "reference_code": _lt("code of the source"),
    "cancellation": _lt("cancellation"),
    "bank_line": _lt("bank line"),
    "bank_statement": _lt("bank statement"),
}
SHOP_ORDER = "Order"
# A code or a symbol, and a space.
MAX_CURRENCY_CHARACTERS = 4


def in_words(env, error, detail=""):
    """Return what happened and what to do about it, in the user's language; ``detail`` is put behind it."""
    info = CODES[error.code]
    words = " ".join(sentence_words(env, text, error.params) for text in (info.sentence, info.next_step))
    return f"{words} ({detail})" if detail else words


def sentence_words(env, template, params, connection=None):
    """Return a sentence that goes through the marker of translations, filled, as the reader of ``env`` writes it.

    :param connection: from which outside ids come, where it is known.
    """
    return fill(env._(template), spoken(env, params, connection))  # pylint: disable=translation-not-lazy


def kept_words(env, code, text, connection=None):
    """Return a filled sentence that was kept in English, as the reader of ``env`` writes it.

    :param code: of the error whose sentence, or next step, it is; of any other text, amounts, days and ids alone are
        written anew.
    """
    if not text:
        return text
    info = CODES.get(code)
    for template in (info.sentence, info.next_step) if info else ():
        params = unfill(template, text)
        if params is not None:
            return sentence_words(env, template, params, connection)
    return _written(env, "reason", text, {}, connection)


def spoken(env, params, connection=None):
    """Return the parameters of a sentence as the reader of ``env`` writes them.

    Words are translated; behind a colon a word may name what it is about: a document, an account. Amounts, days,
    instants and outside ids are recognised by the type of the parameter (:mod:`...engine.sentence_values`).
    """
    params = params or {}
    return {
        name: _said(env, name, value, params, connection) if isinstance(value, str) else value
        for name, value in params.items()
    }


def _said(env, name, value, params, connection):
    if name == "kind" and value in KINDS:
        return str(env._(KINDS[value]))
    if name in _OWN_WORDS:
        return _OWN_WORDS[name](env, value, connection)
    word, colon, about = value.partition(": ")
    if word in WORDS:
        return f"{env._(WORDS[word])}{colon}{about}"
    return _written(env, name, value, params, connection)


def _about(env, text, _connection):
    for template in ABOUT:
        if params := unfill(template, text):
            return fill(env._(template), params)  # pylint: disable=translation-not-lazy
    return text


def object_words(env, key, connection=None):
    """Return the key of an outside object (``order:8201``) as people name it: “Order #1001”."""
    kind, colon, outside_id = (key or "").partition(":")
    if not colon or kind not in OBJECTS:
        return _written(env, "object", key or "", {}, connection)
    number = _written(env, "object", outside_id, {}, connection)
    if kind == "order":
        number = order_numbers(env, connection, [number]).get(number, number)
    return f"{env._(OBJECTS[kind])} {number}"


def _contract_words(env, name, _connection):
    return env["integration.contract"]._words_of(name)


# Parameters that have words of their own.
_OWN_WORDS = {"object": object_words, "about": _about, "contract": _contract_words}


def order_numbers(env, connection, outside_ids):
    """Return {id in the shop: number that people know} of the orders of a connection."""
    ids = sorted(set(outside_ids))
    if not connection or not ids:
        return {}
    # Whoever reads the sentence reads the number: it says less than the id does to a machine.
    orders = env["integration.shop.order"].sudo()._find(connection, ids)
    return {outside_id: order.number for outside_id, order in orders.items()}


def _written(env, name, text, params, connection):
    return "".join(_part_words(env, part, connection) for part in parts(name, text, params))


def _part_words(env, part, connection):
    if isinstance(part, Money):
        return money_words(env, part)
    if isinstance(part, Day):
        return format_date(env, part.day)
    if isinstance(part, Instant):
        return instant_words(env, part.instant)
    if isinstance(part, OutsideId):
        found = order_numbers(env, connection, [part.outside_id]) if part.kind == SHOP_ORDER else {}
        return found.get(part.outside_id, part.outside_id)
    return part


def money_words(env, money):
    """Return an amount as the reader writes it; one that is more exact than its currency keeps all its decimals."""
    currency = env["res.currency"]._by_code(money.currency).sudo()
    if money.currency and not currency:
        return money.text
    decimals = -money.number.as_tuple().exponent
    shortest = -money.number.normalize().as_tuple().exponent
    if not currency:
        return formatLang(env, float(money.number), digits=max(decimals, 0))
    if shortest <= currency.decimal_places:
        return formatLang(env, float(money.number), currency_obj=currency)
    number = formatLang(env, float(money.number), digits=shortest)
    both = (number, currency.symbol or currency.name)
    return "\N{NO-BREAK SPACE}".join(both if currency.position == "after" else both[::-1])


def instant_words(env, instant):
    """Return an instant on the reader's clock; whoever has no time zone (a job) is told that it is UTC."""
    zone = env.context.get("tz") or env.user.tz
    words = format_datetime(env, instant.replace(tzinfo=None), tz=zone or "UTC")
    return words if zone else f"{words} UTC"


def exact_forms(env, text):
    """Return how an amount or a day that a reader wrote ("2,162.00 $") stands in what fills the sentences."""
    forms = []
    lang = get_lang(env)
    number = re.search(r"-?\d[\d.,'’\s]*\d", text)
    if number and len(text) - len(number[0]) <= MAX_CURRENCY_CHARACTERS:
        exact = re.sub(r"[\s'’]", "", number[0])
        exact = exact.replace(lang.thousands_sep or "", "").replace(lang.decimal_point, ".")
        if re.fullmatch(r"-?\d+(\.\d+)?", exact, re.ASCII):
            forms.append(exact)
    if re.fullmatch(r"\d[\d./-]{4,8}\d", text.strip(), re.ASCII):
        day = parse_date(env, text.strip())
        if not isinstance(day, str):
            forms.append(day.isoformat())
    return [form for form in forms if form != text]
