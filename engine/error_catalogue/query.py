# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Codes for questions that are not answered, and for batches that are sent."""

from __future__ import annotations

from .base import CodeInfo, ErrorClass, _

_CONTRACT = ErrorClass.CONTRACT

QUERY_CODES = {
    "unknown_question": CodeInfo(
        _CONTRACT,
        _("Unknown kind of question"),
        _("The question “%(question)s” is none that this connection answers."),
        _("Ask the sender to use one of the published questions."),
    ),
    "query_id_conflict": CodeInfo(
        _CONTRACT,
        _("Same id, another question"),
        _("The question %(query)s was asked before and was another one. It is not answered."),
        _("Ask the sender to give each question an id of its own."),
    ),
    "query_id_used": CodeInfo(
        _CONTRACT,
        _("The id of the question is used up"),
        _("The question %(query)s was answered before, too long ago to give the same answer again."),
        _("Ask the sender to ask anew, under a new id."),
    ),
}
