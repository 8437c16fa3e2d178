# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A believable month of a services company: invoices from its partner system, money through Stripe.

The month is played on a simulated clock; everything follows from the seed and the month, so that playing
it again gives the same ids and the same bytes. ``expected`` says what the books must show afterwards.
"""

from __future__ import annotations

from datetime import date, timedelta, timezone, tzinfo

from .acts import SPECIAL_INVOICES, disturb, everyday, special_cases
from .expectations import Expectations, ExpectedException, InvoiceExpectation
from .stage import Scenario, Stage, Step

__all__ = [
    "DEMO_MONTH",
    "Expectations",
    "ExpectedException",
    "InvoiceExpectation",
    "Scenario",
    "Step",
    "default_month",
    "demo_month",
    "plan_month",
]

DEMO_MONTH = date(2026, 10, 1)


def default_month(today: date) -> date:
    """Return the month that the demo plays: a fixed one, or the last full one where that is not over yet.

    Fixed, because playing the demo again must give the same events; over, because nothing is ever booked
    in the future. Ten days are left for what trickles in after the month.
    """
    if today >= DEMO_MONTH + timedelta(days=41):
        return DEMO_MONTH
    last_day = today.replace(day=1) - timedelta(days=1)
    if (today - last_day).days < 11:
        last_day = last_day.replace(day=1) - timedelta(days=1)
    return last_day.replace(day=1)


def plan_month(
    seed: object = 1,
    *,
    month: date = DEMO_MONTH,
    invoices: int = SPECIAL_INVOICES,
    zone: tzinfo = timezone.utc,
    livemode: bool = False,
) -> Stage:
    """Return a stage on which the month is planned but nothing has happened yet.

    ``invoices`` is the number of invoices that the partner issues, at least nine: those show one special case
    each, the others are everyday business. ``zone`` decides which day an instant belongs to.
    """
    if invoices < SPECIAL_INVOICES:
        raise ValueError(f"{SPECIAL_INVOICES} invoices are needed for the special cases")
    stage = Stage(seed, month, zone, livemode)
    cast = special_cases(stage)
    everyday(stage, cast, invoices - SPECIAL_INVOICES)
    return stage


def demo_month(
    seed: object = 1,
    *,
    month: date = DEMO_MONTH,
    invoices: int = SPECIAL_INVOICES,
    zone: tzinfo = timezone.utc,
    livemode: bool = False,
) -> Scenario:
    """Play the month that ``plan_month`` plans, to its end, and return it."""
    stage = plan_month(seed, month=month, invoices=invoices, zone=zone, livemode=livemode)
    stage.end_month()
    disturb(stage)
    return stage.finish()
