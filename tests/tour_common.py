# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What tests in a browser share: time enough on a machine that does much else."""

from odoo.tests import HttpCase

# Only a tour that hangs takes so long; each of its steps gives up before (static/tests/tours/patient_tour.js).
TOUR_SECONDS = 900


class TourCase(HttpCase):
    """A browser in which tours end on a form that is being edited, as a person leaves it."""

    allow_end_on_form = True

    def start_tour(self, url_path, tour_name, step_delay=None, **kwargs):
        kwargs.setdefault("timeout", TOUR_SECONDS)
        return super().start_tour(url_path, tour_name, step_delay, **kwargs)
