import {addTour} from "./patient_tour";

const FORM = ".o_form_view .o_form_sheet";
const LIST = ".o_list_view .o_data_row";
const tile = (key) => `.o_integration_tile[data-tile=${key}]`;

/** Types a name and takes the first match: Enter waits for the search, a click on the list would race with it. */
function choose(name) {
    return async (helpers) => {
        await helpers.edit(name);
        await helpers.press("ArrowDown");
        await helpers.press("Enter");
    };
}

/** From the first page to the missing mapping; everything that waited goes on. */
addTour("finance_integration_my_work", {
    url: "/odoo/integration-my-work",
    steps: () => [
        {
            content: "What waits, with money at stake per currency",
            trigger: ".o_integration_stakes:contains(USD)",
        },
        {
            content: "Choose the period once",
            trigger: ".o_integration_period",
            run: "select 2026-03-01",
        },
        {
            content: "The close of that month is what is looked at now",
            trigger: `${tile("blocks_close")}:contains("March 2026")`,
        },
        {
            content: "A number opens its list",
            trigger: tile("free"),
            run: "click",
        },
        {
            content: "The list keeps to the company and period",
            trigger: ".o_searchview_facet:contains(My company and period)",
        },
        {
            content: "Open the missing mapping",
            trigger: `${LIST} .o_data_cell:contains("A mapping is missing")`,
            run: "click",
        },
        {
            content: "Cause and next step in plain words",
            trigger: `${FORM} .o_integration_note:contains("NEW")`,
        },
        {
            trigger: "button[name=action_assign_to_me]",
            run: "click",
        },
        {
            content: "It is mine now",
            trigger: ".o_form_statusbar:not(:has(button[name=action_assign_to_me]))",
        },
        {
            trigger: "button[name=action_add_mapping]",
            run: "click",
        },
        {
            content: "The mapping is filled in but for what it means",
            trigger: ".modal .o_field_widget[name=outside_value] input:value(NEW)",
        },
        {
            trigger: ".modal .o_field_widget[name=tax_id] input",
            run: choose("Output tax 15"),
        },
        {
            trigger: ".modal:not(:has(.o-autocomplete--dropdown-menu))",
        },
        {
            trigger: ".modal .o_form_button_save, .modal footer .btn-primary",
            run: "click",
        },
        {
            content: "Everything that waited goes on",
            trigger: `body:not(:has(.modal)) ${FORM} div[name=run]:contains("3 under way")`,
        },
    ],
});

/** Cash: suggestions with reasons, the proposal is taken as it is. */
addTour("finance_integration_apply_cash", {
    url: "/odoo/integration-my-work",
    steps: () => [
        {
            trigger: tile("cash"),
            run: "click",
        },
        {
            trigger: `${LIST} .o_data_cell:contains("Payment that names no invoice")`,
            run: "click",
        },
        {
            trigger: "button[name=action_suggest]",
            run: "click",
        },
        {
            content: "Why this invoice",
            trigger: ".modal .o_data_row:contains(the same amount is open)",
        },
        {
            content: "Nothing is left over",
            trigger: ".modal .o_field_widget[name=remainder]:contains(0.00)",
        },
        {
            trigger: ".modal footer button[name=action_apply]",
            run: "click",
        },
        {
            content: "Resolved, with how and by whom",
            trigger: `body:not(:has(.modal)) ${FORM} .o_integration_note:contains("How it was resolved")`,
        },
    ],
});

/** Money in suspense: a person says that it is a fee, with the reason, and it is booked at once. */
addTour("finance_integration_classify", {
    url: "/odoo/integration-exceptions",
    steps: () => [
        {
            trigger: `${LIST} .o_data_cell:contains("Money moved for an unknown reason")`,
            run: "click",
        },
        {
            trigger: "button[name=action_classify]",
            run: "click",
        },
        {
            content: "Only what fits is asked for",
            trigger: ".modal:not(:has(.o_field_widget[name=account_id] input))",
        },
        {
            trigger: ".modal .o_field_widget[name=purpose] .o_radio_item:contains(Fee) input",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name=reason] input",
            run: "edit It stands on the invoice of the provider",
        },
        {
            trigger: ".modal footer button[name=action_confirm]",
            run: "click",
        },
        {
            content: "Resolved, with how and by whom",
            trigger: `body:not(:has(.modal)) ${FORM} .o_integration_note:contains("How it was resolved")`,
        },
    ],
});

/** A harmless field is corrected in a copy; facts are not offered at all. */
addTour("finance_integration_correct", {
    url: "/odoo/integration-exceptions",
    steps: () => [
        {
            trigger: `${LIST} .o_data_cell:contains("A field is missing or wrong")`,
            run: "click",
        },
        {
            trigger: "button[name=action_correct]",
            run: "click",
        },
        {
            content: "No amount, no date, no party stands there",
            trigger:
                ".modal .o_data_row:contains(note):not(:contains(total)):not(:contains(customer))",
        },
        {
            trigger: ".modal .o_data_row:has(td[name=path]:contains(note)) td[name=after]",
            run: "click",
        },
        {
            trigger: ".modal .o_selected_row td[name=after] input",
            run: "edit See the contract",
        },
        {
            trigger: ".modal .o_field_widget[name=reason] input",
            run: "edit The note was pasted in twice",
        },
        {
            trigger: ".modal footer button[name=action_correct]",
            run: "click",
        },
        {
            content: "The corrected copy is on its way",
            trigger: `body:not(:has(.modal)) ${FORM} div[name=run]:contains("1 under way")`,
        },
        {
            trigger: "button[name=action_open_run]",
            run: "click",
        },
        {
            content: "The list of its own, not the one in the form",
            trigger: `body:not(:has(.o_form_view)) ${LIST} .o_data_cell[name=event_type]`,
            run: "click",
        },
        {
            content: "Original and copy side by side",
            trigger: "a.nav-link[name=correction]",
            run: "click",
        },
        {
            trigger: ".o_field_widget[name=corrected_text]:contains(See the contract)",
        },
    ],
});
