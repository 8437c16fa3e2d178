# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The rights of ``engine/access`` in front of every public method of the hub (C1)."""

import functools
import inspect

from odoo import api, models
from odoo.exceptions import AccessError

from ...engine.access import CORE_METHODS, METHODS, VERBS

ADDON = "finance_integration"
PREFIX = "integration."
# What a public method that nobody has listed asks for.
UNLISTED = "view"
# What every model has; access rights and record rules of Odoo decide about it.
_PLUMBING = frozenset(dir(models.BaseModel))
# What Odoo's web client and its mail addon add to every model; not all of them are loaded when this one is.
_SHARED = ("web_", "formatted_", "search_panel_", "read_progress_bar", "message_", "activity_")


class IntegrationRight(models.AbstractModel):
    """Says who may do what; asked before each public method, and by whoever wants to know."""

    _name = "integration.right"
    _description = "Right of a person"

    @api.model
    def _may(self, verb, user=None):
        """Whether ``user`` (default: the acting one) holds the right ``verb``; being superuser is no right."""
        user = user or self.env.user
        return any(user._has_group(group) for group in VERBS[verb].groups)

    @api.model
    def _require(self, verb, records=None):
        """Refuse the acting user who lacks the right, the second factor that it asks for, or the records' company.

        The system itself (superuser mode) is not asked.

        :param verb: key of VERBS.
        :raises AccessError: a right is missing, the records are not this user's, or an API key is not enough.
        :raises RedirectWarning: a second factor is missing; the button leads to where it is switched on.
        """
        if self.env.su:
            return
        if not self._may(verb):
            title = self.env._(VERBS[verb].title)  # pylint: disable=translation-not-lazy
            raise AccessError(
                self.env._(
                    "You have no right to do this. The missing right: “%s”. Whoever manages the users can give it.",
                    title,
                )
            )
        if records is not None and not records._abstract and records._ids:
            records.check_access("read")
        if VERBS[verb].second_factor:
            self.env.user._integration_require_second_factor(records)
        elif VERBS[verb].in_person:
            self.env.user._integration_require_presence(records)


def needs_right(verb, function):
    """Return ``function`` with the question for the right in front; everything else about it stays."""

    @functools.wraps(function)
    def asking(self, *args, **kwargs):
        self.env["integration.right"]._require(verb, self)
        return function(self, *args, **kwargs)

    asking._integration_verb = verb
    return asking


def public_methods(definition):
    """Return {name: function} of what a class of the hub adds that a remote call can reach."""
    return {
        name: function
        for name, function in vars(definition).items()
        if inspect.isfunction(function)
        and not name.startswith(("_", *_SHARED))
        and name not in _PLUMBING
        and not getattr(function, "_api_private", False)
    }


def put_rights_in_front():
    """Put the rights of the table in front of the public methods of this addon; called once, when it is imported.

    What of the hub's own models is not in the table asks for the right to see the hub: a forgotten line, which a test
    finds, opens a method to nobody outside.
    """
    for definition in models.MetaModel._module_to_models__[ADDON]:
        model = definition._name
        listed, core = METHODS.get(model, {}), CORE_METHODS.get(model, frozenset())
        for name, function in public_methods(definition).items():
            if hasattr(function, "_integration_verb") or name in core:
                continue
            if name in listed or model.startswith(PREFIX):
                setattr(definition, name, needs_right(listed.get(name, UNLISTED), function))
