# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Rights of the methods of mappings, ownership, contracts, secrets and of the evidence."""

from __future__ import annotations

from collections.abc import Mapping

GOVERNANCE_METHODS: Mapping[str, Mapping[str, str]] = {
    # -- mappings: operators and administrators propose, an approver decides -----------------------------------------
    "integration.mapping": {
        "action_ask": "propose",
        "action_propose_change": "propose",
        "action_propose_end": "propose",
        "action_open_versions": "view",
    },
    "integration.mapping.change": {
        "action_ask": "propose",
        "action_what_if": "propose",
        "action_open_differences": "view",
        "action_open_request": "view",
    },
    # -- configurations: brought in by an administrator, decided by an approver ---------------------------------------
    "integration.promotion": {
        "action_ask": "configure",
        "action_compare": "configure",
        "action_open_request": "view",
    },
    "integration.promotion.export": {"action_export": "configure"},
    "integration.promotion.load": {"action_load": "configure"},
    "integration.mapping.coverage": {"action_map": "propose", "action_open_mapping_history": "view"},
    "integration.mapping.file": {
        "action_check": "view",
        "action_export": "export",
        "action_propose": "propose",
    },
    "integration.mapping.look": {"action_look": "view"},
    "integration.routing.question": {"action_show": "view", "action_rules": "view"},
    "integration.mapping.question": {"action_map": "propose", "action_show": "view"},
    "integration.mapping.version": {
        "action_review": "approve",
        "action_open_booked": "view",
        "action_open_mapping": "view",
    },
    "integration.mapping.what.if": {"action_start": "propose"},
    "integration.outside.code": {
        "action_decline": "resolve",
        "action_make_analytic": "resolve",
        "action_map": "propose",
    },
    "integration.binding": {"action_lead": "resolve", "action_open_record": "view"},
    "integration.binding.conflict": {"action_open_bindings": "view"},
    # -- ownership, contracts, duplicates, numbers of legal documents ------------------------------------------------
    "integration.role.account": {"action_propose": "configure"},
    "integration.role.change": {"action_ask": "configure"},
    "integration.collection.agreement": {
        "action_activate": "configure",
        "action_end": "configure",
        "action_open_collections": "view",
    },
    "integration.collection": {
        "action_book_loss": "resolve",
        "action_open_move": "view",
        "action_open_payee_move": "view",
        "action_set_off": "resolve",
    },
    "integration.ownership": {
        "action_ask": "configure",
        "action_change": "configure",
        "action_open_requests": "view",
    },
    "integration.proposed.value": {
        "action_decide": "resolve",
        "action_open_contact": "view",
        "action_open_event": "view",
    },
    "integration.sourced": {"action_open_integration_proposed": "view"},
    "integration.value.decision": {"action_confirm": "resolve"},
    "integration.contract": {"action_open_flows": "view"},
    "integration.contract.step": {"action_confirm": "configure"},
    "integration.source.field": {"action_accept": "run", "action_open_event": "view"},
    "integration.duplicate": {
        "action_look_now": "resolve",
        "action_not_duplicate": "resolve",
        "action_propose_merge": "resolve",
        "action_open_first": "view",
        "action_open_second": "view",
    },
    "integration.duplicate.merge": {"action_ask": "resolve"},
    "integration.legal.check": {"action_check": "view"},
    "integration.legal.gap": {"action_explain": "resolve"},
    "integration.legal.series": {"action_check": "view", "action_open_gaps": "view"},
    # -- secrets -------------------------------------------------------------------------------------------------------
    "integration.credential": {
        "action_end_now": "manage_credentials",
        "action_roll": "manage_credentials",
        "action_test": "manage_credentials",
    },
    "integration.secret.roll": {"action_roll": "manage_credentials"},
    "integration.encryption.key": {
        "action_encrypt_anew": "manage_credentials",
        "action_open_keys": "manage_credentials",
    },
    "integration.key.rotation": {"action_go_on": "manage_credentials"},
    # -- evidence ------------------------------------------------------------------------------------------------------
    "integration.audit.leaf": {"action_export_about": "export", "action_open_record": "view_audit"},
    "integration.audit.export": {"action_export": "export"},
    "integration.audit.seal": {"action_open_entries": "view_audit", "action_verify": "verify"},
    "integration.audit.seal.now": {"action_go_on": "configure", "action_seal": "verify"},
    "integration.audit.verification": {"action_again": "verify", "action_open_entry": "view_audit"},
    "integration.audit.verify": {"action_verify": "verify"},
    "integration.explanation": {"action_open_events": "view"},
    "integration.report": {
        "action_download": "export",
        "action_open_leaf": "view_audit",
        "action_print": "export",
    },
    "integration.report.make": {"action_make": "export"},
    "integration.history": {"action_history": "view_audit"},
    "integration.payload.show": {"action_show": "view_payload"},
    "integration.archive": {"action_check": "verify", "action_open_messages": "view"},
}
