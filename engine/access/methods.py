# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Which right each public method asks for: what a button or a remote call can reach.

A public method of the hub's own models that is not listed here asks for the right to see the hub, at least: whoever
adds a button adds its line. A test compares the table with the code, and calls each method as each kind of user.
"""

from __future__ import annotations

from collections.abc import Mapping

from .methods_control import CONTROL_METHODS
from .methods_governance import GOVERNANCE_METHODS

_METHODS: Mapping[str, Mapping[str, str]] = {
    # -- events ------------------------------------------------------------------------------------------------
    "integration.message": {
        "action_try_again": "resolve",
        "action_discard": "resolve",
        "action_assign": "resolve",
        "action_has_arrived": "resolve",
        "action_send_again": "resolve",
        "action_stop_waiting": "resolve",
        "action_bring_back": "resolve",
        "action_plan_replay": "replay",
        "action_open_batch": "view",
        "action_open_blocker": "view",
        "action_open_effect": "view",
        "action_open_exception": "view",
        "action_open_gaps": "view",
        "action_open_related": "view",
        "action_open_replays": "view",
        "action_open_checkpoint": "view",
        "action_correct": "resolve",
        "action_verify_signature": "verify",
    },
    "integration.stopped.event": {
        "action_try_again": "resolve",
        "action_discard": "resolve",
        "action_assign": "resolve",
        "action_assign_to_me": "resolve",
        "action_plan_replay": "replay",
        "action_open_event": "view",
    },
    "integration.subscription": {"action_send_list": "configure"},
    "integration.put.aside": {"action_put_aside": "resolve"},
    "integration.assign.events": {"action_assign": "resolve"},
    "integration.effect": {"action_open": "view"},
    "integration.error.resolution": {"action_open_stopped": "view"},
    "integration.preflight.point": {"action_confirm": "configure", "action_fix": "configure"},
    "integration.test.box": {"action_show": "resolve"},
    # -- files and lists, money ----------------------------------------------------------------------------------
    "integration.batch": {
        "action_read_again": "resolve",
        "action_put_aside": "resolve",
        "action_accept": "approve",
        "action_open_exception": "view",
        "action_open_messages": "view",
    },
    "integration.drop": {
        "action_look_now": "run",
        "action_test": "configure",
        "action_open_batches": "view",
    },
    "integration.fetch": {"action_fetch": "run"},
    "integration.processor.statement": {
        "action_compare": "resolve",
        "action_fetch_missing": "run",
        "action_open_bank_statement": "view",
        "action_open_movements": "view",
        "action_print": "view",
    },
    "integration.bank.statement": {"action_compare": "resolve", "action_open_lines": "view"},
    "integration.payout": {
        "action_fetch": "run",
        "action_look": "resolve",
        "action_undo_match": "resolve",
        "action_open_bank_lines": "view",
        "action_open_movements": "view",
        "action_print": "view",
    },
    "integration.refund.order": {"action_ask": "ask"},
    "integration.gift.breakage": {"action_ask": "ask"},
    "integration.shop.writing": {"action_write_again": "resolve", "action_open_record": "view"},
    "integration.dispute.allowance": {"action_ask": "ask", "action_take_rate": "resolve"},
    "integration.dispute.evidence": {"action_hand_in": "resolve"},
    "integration.dispute.acceptance": {"action_ask": "ask"},
    "integration.customer.copy": {
        "action_write": "run",
        "action_write_again": "run",
        "action_leave": "run",
        "action_open_partner": "view",
    },
    "integration.dispute": {
        "action_evidence": "resolve",
        "action_accept": "resolve",
        "action_book_loss": "ask",
        "action_set_off": "resolve",
        "action_open_invoices": "view",
        "action_open_movements": "view",
    },
    "integration.payout.line": {"action_open_movements": "view"},
    "integration.payout.proposal": {
        "action_match": "resolve",
        "action_refuse": "resolve",
        "action_open_bank_lines": "view",
    },
    "integration.movement": {
        "action_classify": "resolve",
        "action_undo_classification": "resolve",
        "action_open_invoices": "view",
        "action_open_message": "view",
        "action_open_move": "view",
        "action_refund": "resolve",
    },
    # -- set-up ------------------------------------------------------------------------------------------------
    "integration.connection": {
        "action_activate": "configure",
        "action_pause": "configure",
        "action_propose_accounting": "configure",
        "action_compare_products": "run",
        "action_preflight": "configure",
        "action_guide": "configure",
        "action_guide_next": "configure",
        "action_guide_back": "configure",
        "action_guide_close": "view",
        "action_guide_propose": "configure",
        "action_guide_test": "configure",
        "action_guide_codes": "configure",
        "action_check_webhook": "configure",
        "action_show_customers": "run",
        "action_register_webhook": "manage_credentials",
        "action_roll_webhook": "manage_credentials",
        "action_remove_old_webhook": "configure",
        "action_fetch": "run",
        "action_pull": "run",
        "action_resume": "run",
        "action_test_connection": "run",
        "action_open_exceptions": "view",
        "action_open_held": "view",
        "action_open_messages": "view",
        "action_open_query_answers": "view",
    },
    "integration.connect.system": {"action_open": "configure", "action_choose": "configure"},
    "integration.connect": {"action_begin": "configure", "action_open_found": "configure"},
    "integration.books.proposal": {"action_use": "configure", "action_add_currency": "configure"},
    "integration.company.pause": {"action_pause": "run", "action_resume": "run"},
    "integration.flow": {
        "action_change_state": "run",
        "action_change_contract": "configure",
        "action_compare_books": "run",
        "action_open_changes": "view",
        "action_open_shadow": "view",
    },
    "integration.flow.step": {"action_confirm": "run"},
    "integration.shadow.result": {"action_open_message": "view", "action_open_move": "view"},
    "integration.rule": {"action_open_waits": "view", "action_try": "view"},
    "integration.rule.wait": {
        "action_cancel": "resolve",
        "action_try_again": "resolve",
        "action_open_exception": "view",
        "action_open_record": "view",
    },
    # -- evidence --------------------------------------------------------------------------------------------------
    "integration.query.answer": {"action_open_related": "view", "action_open_subject": "view"},
    "integration.watchdog": {"banner": "notice"},
    "integration.duty.exception": {"action_ask": "configure", "action_end": "configure"},
    "integration.access.review": {
        "action_prepare": "prepare_review",
        "action_export": "export",
        "action_open_lines": "view",
        "action_keep_rest": "review_access",
        "action_sign": "review_access",
    },
    "integration.access.review.line": {
        "action_keep": "review_access",
        "action_withdraw": "review_access",
        "action_open_user": "view",
    },
    # -- on Odoo's own records ---------------------------------------------------------------------------------------
    "account.move": {
        "action_explain": "view",
        "action_open_integration_collections": "view",
        "action_open_integration_exceptions": "view",
        "action_open_integration_mirror": "view",
        "action_open_integration_movements": "view",
        "action_open_integration_source": "view",
    },
    "account.move.line": {"action_explain": "view", "action_open_integration_source": "view"},
    "res.partner": {
        "action_integration_approve": "ask",
        "action_integration_block": "ask",
        "action_integration_check": "ask",
        "action_integration_unblock": "ask",
        "action_open_integration_bindings": "view",
    },
    "product.template": {"action_open_integration_proposed": "view"},
    "res.partner.bank": {"action_integration_ask": "ask", "action_integration_stop": "ask"},
}

METHODS: Mapping[str, Mapping[str, str]] = {**_METHODS, **CONTROL_METHODS, **GOVERNANCE_METHODS}

# Methods of Odoo that the hub only extends: Odoo's own rights decide.
CORE_METHODS: Mapping[str, frozenset[str]] = {
    "account.bank.statement.line": frozenset({"action_undo_reconciliation"}),
    "account.move": frozenset({"button_draft", "message_post"}),
}

# Fields of an event that are empty without a right of their own: {model: {field: verb}}.
FIELDS: Mapping[str, Mapping[str, str]] = {
    "integration.message": {
        "payload_text": "view_masked",
        "headers_text": "view_masked",
        "documents_text": "view_masked",
    },
}
