import {addTour} from "./patient_tour";

const LIST = ".o_list_view .o_data_row";
const FORM = ".o_form_view .o_form_sheet";

/** Types a name and takes the first match: Enter waits for the search, a click on the list would race with it. */
function choose(name) {
    return async (helpers) => {
        await helpers.edit(name);
        await helpers.press("ArrowDown");
        await helpers.press("Enter");
    };
}

/** An operator says who paid, then which invoice it pays; each exception closes by itself. */
addTour("finance_integration_resolve", {
    url: "/odoo/integration-exceptions",
    steps: () => [
        {
            content: "Open the payment of an unknown customer",
            trigger: `${LIST} .o_data_cell:contains("Payment of an unknown customer")`,
            run: "click",
        },
        {
            content: "It says what happened",
            trigger: `${FORM} .o_integration_note:contains("What happened"):contains("1,150.00")`,
        },
        {
            content: "Only the button that fits is there",
            trigger:
                ".o_form_statusbar:has(button[name=action_identify]):not(:has(button[name=action_apply]))",
        },
        {
            content: "Choose who paid",
            trigger: "div[name=fix_partner_id] input",
            run: choose("Anna's Bakery"),
        },
        {
            trigger: ".o_form_view:not(:has(.o-autocomplete--dropdown-menu))",
        },
        {
            content: "Press the button",
            trigger: "button[name=action_identify]",
            run: "click",
        },
        {
            content: "The exception has closed",
            trigger: ".o_statusbar_status .o_arrow_button_current:contains(Resolved)",
        },
        {
            content: "Back to the list",
            trigger: ".o_breadcrumb .o_back_button",
            run: "click",
        },
        {
            content: "The money waits for its invoice now",
            trigger: `${LIST} .o_data_cell:contains("Payment that names no invoice")`,
            run: "click",
        },
        {
            trigger: "a.nav-link[name=movements]",
            run: "click",
        },
        {
            content: "The booked money is shown",
            trigger: "div[name=movement_ids] .o_data_row:contains(1,150.00)",
        },
        {
            content: "Choose the invoice",
            trigger: "div[name=fix_invoice_ids] input",
            run: choose("P-1001"),
        },
        {
            trigger: "div[name=fix_invoice_ids] .o_tag:contains(P-1001)",
        },
        {
            content: "Apply",
            trigger: "button[name=action_apply]",
            run: "click",
        },
        {
            content: "Resolved, with how and by whom",
            trigger: `${FORM} .o_integration_note:contains("How it was resolved")`,
        },
        {
            trigger: ".o_statusbar_status .o_arrow_button_current:contains(Resolved)",
        },
    ],
});

/** From the event to the journal entry that it became, and back by its Source button. */
addTour("finance_integration_trace", {
    url: "/odoo/integration-events",
    steps: () => [
        {
            content: "Open the payment's event",
            trigger: `${LIST}:contains("charge.succeeded") .o_data_cell[name=event_type]`,
            run: "click",
        },
        {
            content: "The timeline shows how it got into the books",
            trigger: ".o_integration_timeline_entry:contains(Posted)",
        },
        {
            content: "What it became",
            trigger: "button[name=action_open_effect]",
            run: "click",
        },
        {
            content: "The journal entry",
            trigger: "button[name=action_open_integration_source]",
            run: "click",
        },
        {
            content: "Back at the event",
            trigger: ".o_integration_timeline",
        },
        {
            trigger: ".o_form_view div[name=event_type]:contains(charge.succeeded)",
        },
    ],
});

/** An auditor sees everything and finds no button that changes anything. */
addTour("finance_integration_auditor", {
    url: "/odoo/integration-exceptions",
    steps: () => [
        {
            trigger: `${LIST} .o_data_cell:contains("Payment of an unknown customer")`,
            run: "click",
        },
        {
            content: "No button that writes",
            trigger:
                ".o_form_statusbar:not(:has(button[name=action_identify])):not(:has(button[name=action_try_again]))" +
                ":not(:has(button[name=action_assign_to_me])):not(:has(button[name=action_mark_resolved]))",
        },
        {
            content: "The decision cannot be filled in",
            trigger:
                ".o_form_view .o_form_renderer.o_form_readonly:not(:has(div[name=fix_partner_id] input))",
        },
        {
            trigger:
                ".o_main_navbar .o_menu_sections button[data-menu-xmlid='finance_integration.menu_audit']",
            run: "click",
        },
        {
            trigger: ".o-dropdown--menu a[data-menu-xmlid='finance_integration.menu_audit_leaf']",
            run: "click",
        },
        {
            trigger: `${LIST} .o_data_cell[name=action_label]:contains(Posted)`,
            run: "click",
        },
        {
            content: "The entry is what was written",
            trigger: `${FORM} div[name=genuine] input:checked`,
        },
    ],
});

/** An administrator makes a connection; the form says what is missing, and takes a secret that it never shows. */
addTour("finance_integration_set_up", {
    url: "/odoo/integration-connections",
    steps: () => [
        {
            trigger: ".o_list_button_add",
            run: "click",
        },
        {
            trigger: ".o_field_widget[name=name] input",
            run: "edit Second Stripe",
        },
        {
            trigger:
                ".o_field_widget[name=connector] .o_select_menu_toggler, .o_field_widget[name=connector] input",
            run: "click",
        },
        {
            trigger: ".o_select_menu_item:contains(Stripe)",
            run: "click",
        },
        {
            trigger: ".o_form_button_save",
            run: "click",
        },
        {
            content: "What is still missing",
            trigger: ".alert-warning:contains(What is still missing):contains(signing secret)",
        },
        {
            content: "It cannot be activated yet",
            trigger: ".o_form_statusbar:not(:has(button[name=action_activate]))",
        },
        {
            trigger: "a.nav-link[name=addresses]",
            run: "click",
        },
        {
            content: "The address to give to the outside system",
            trigger: "div[name=endpoint_ids] .o_data_row:contains(/integration/v1/in/)",
        },
        {
            trigger: "a.nav-link[name=secrets]",
            run: "click",
        },
        {
            trigger: "div[name=credential_ids] .o_field_x2many_list_row_add a",
            run: "click",
        },
        {
            trigger:
                "div[name=credential_ids] .o_selected_row [name=purpose] .o_select_menu_toggler, " +
                "div[name=credential_ids] .o_selected_row [name=purpose] input",
            run: "click",
        },
        {
            trigger: ".o_select_menu_item:contains(Secret that signs events to us)",
            run: "click",
        },
        {
            content: "The secret is typed covertly",
            trigger: "div[name=credential_ids] .o_selected_row [name=value] input[type=password]",
            run: "edit whsec_browser_secret_9876",
        },
        {
            trigger: ".o_form_button_save",
            run: "click",
        },
        {
            content: "Only its last characters are shown",
            trigger: "div[name=credential_ids] .o_data_row:contains(…9876)",
        },
        {
            content: "One point less is missing",
            trigger:
                ".alert-warning:contains(What is still missing):not(:contains(signing secret))",
        },
    ],
});
