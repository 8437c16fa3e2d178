import {addTour} from "./patient_tour";

const FORM = ".o_form_view .o_form_sheet";
const step = (name) => `.o_statusbar_status .o_arrow_button_current:contains(${name})`;
const at = (name) => ({content: `The page “${name}”`, trigger: step(name)});
const next = {trigger: ".o_statusbar_buttons button[name=action_guide_next]", run: "click"};

/** From the cards to the switched-on connection, as a finance person goes through it. */
addTour("finance_integration_guide", {
    url: "/odoo/integration-connections",
    steps: () => [
        {
            trigger: ".o_control_panel button:contains(Connect a system)",
            run: "click",
        },
        {
            content: "What a system brings stands on its card",
            trigger: ".o_kanban_record:contains(Stripe):contains(Balance movements)",
        },
        {
            trigger: ".o_kanban_record:contains(Stripe) button[name=action_choose]",
            run: "click",
        },
        {
            content: "What to have at hand",
            trigger: ".modal .o_field_widget[name=needs_text]:contains(Signing secret)",
        },
        {
            trigger: ".modal .o_field_widget[name=outside_account] input",
            run: "edit acct_tour",
        },
        {
            trigger: ".modal footer button[name=action_begin]",
            run: "click",
        },
        at("Secrets and test"),
        {
            content: "What is open stands on top of every page",
            trigger: `${FORM} .o_field_widget[name=guide_overview]:contains(the access for calling)`,
        },
        {
            trigger: `${FORM} .o_field_widget[name=credential_ids] .o_field_x2many_list_row_add a`,
            run: "click",
        },
        {
            content: "The first secret that is missing is meant already",
            trigger: `${FORM} .o_field_widget[name=credential_ids] .o_selected_row [name=value] input`,
            run: "edit whsec_tour_0123456789abcdef",
        },
        {
            trigger: "button[name=action_guide_test]",
            run: "click",
        },
        {
            content: "It says why nobody can be called",
            trigger: ".o_notification:contains(the key or access for calling it is not entered)",
        },
        {
            content: "The secret is not shown again",
            trigger: `${FORM} .o_field_widget[name=credential_ids] .o_data_row:contains(cdef):not(:contains(0123456789))`,
        },
        next,
        at("Our address there"),
        {
            content: "The address to copy",
            trigger: `${FORM} .o_field_widget[name=endpoint_ids] td[name=url]:contains("/integration/v1/in/")`,
        },
        {
            trigger: `${FORM} .o_field_widget[name=guide_events_text]:contains(charge.succeeded)`,
        },
        next,
        at("Accounts and journals"),
        {
            trigger: "button[name=action_guide_propose]",
            run: "click",
        },
        {
            content: "Each line says why it is proposed",
            trigger:
                ".modal .o_data_row:contains(Payouts on their way to the bank):contains(own transfers)",
        },
        {
            trigger: ".modal footer button[name=action_use]",
            run: "click",
        },
        {
            content: "The balance has its journal",
            trigger: `body:not(:has(.modal)) ${FORM} .o_field_widget[name=balance_account_ids] .o_data_row:contains(USD)`,
        },
        next,
        at("Codes"),
        {
            trigger: `${FORM} .o_field_widget[name=guide_codes_text]:contains(Nothing has come in yet)`,
        },
        next,
        at("Check and start"),
        {
            content: "The look at the set-up is of now",
            trigger: `${FORM} .o_field_widget[name=preflight_ids] .o_data_row:contains("Secrets, journals and balance accounts")`,
        },
        {
            content: "Leave, and come back",
            trigger: ".o_statusbar_buttons button[name=action_guide_close]",
            run: "click",
        },
        {
            trigger: ".o_statusbar_buttons button[name=action_guide]",
            run: "click",
        },
        at("Check and start"),
        {
            trigger: ".o_statusbar_buttons button[name=action_activate]",
            run: "click",
        },
        {
            content: "It is switched on: its flows can be steered",
            trigger: `${FORM} .o_field_widget[name=flow_ids] .o_data_row:contains(Balance movements):contains(Live)`,
        },
        {
            content: "Nothing is left to switch on",
            trigger: ".o_statusbar_buttons:not(:has(button[name=action_activate]))",
        },
    ],
});

/** Begun a second time for the same account, it leads to what is there. */
addTour("finance_integration_guide_again", {
    url: "/odoo/integration-connect",
    steps: () => [
        {
            trigger: ".o_kanban_record:contains(Stripe) button[name=action_choose]",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name=outside_account] input",
            run: "edit acct_tour && press Tab",
        },
        {
            content: "It is told before anything is made",
            trigger: ".modal .alert:contains(is being set up for this account already)",
        },
        {
            trigger: ".modal button[name=action_open_found]",
            run: "click",
        },
        at("Accounts and journals"),
    ],
});
