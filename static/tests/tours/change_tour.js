import {addTour} from "./patient_tour";
import {inputFiles} from "@web/../tests/utils";
import {rpc} from "@web/core/network/rpc";

const FORM = ".o_form_view .o_form_sheet";

/** Opens an entry below a section of the menu. */
const menu = (section, entry) => [
    {
        trigger: `.o_menu_sections button:contains(${section})`,
        run: "click",
    },
    {
        trigger: `.dropdown-item:contains(${entry})`,
        run: "click",
    },
];

/** Types a name and takes the first match: Enter waits for the search, a click on the list would race with it. */
function choose(name) {
    return async (helpers) => {
        await helpers.edit(name);
        await helpers.press("ArrowDown");
        await helpers.press("Enter");
    };
}

const state = (label) => `.o_statusbar_status .o_arrow_button_current:contains(${label})`;

/** What somebody else asked for is decided: opened from the list, looked at, approved. */
const approve = (row, seen) => [
    {
        trigger: `.o_list_view .o_data_row:contains(${row}) .o_data_cell`,
        run: "click",
    },
    {
        content: "What would change, before it does",
        trigger: `.o_form_view .o_field_widget[name=preview_html]:contains(${seen})`,
    },
    {
        trigger: ".o_statusbar_buttons button[name=action_approve]",
        run: "click",
    },
    {
        trigger: ".modal footer .btn-primary",
        run: "click",
    },
    {
        content: "Approved, and done at once",
        trigger: `body:not(:has(.modal)) ${state("Approved")}`,
    },
];

/** It is asked for; who asked has no button to decide it. */
const asked = {
    content: "It waits for another person",
    trigger: `body:not(:has(.modal)) .o_form_view:has(button[name=action_withdraw]):not(:has(button[name=action_approve]))`,
};

/** Another meaning of a value is proposed: nothing changes by that. */
addTour("finance_integration_mapping_propose", {
    url: "/odoo/integration-mappings",
    steps: () => [
        {
            trigger: ".o_list_view .o_data_row:contains(STD) .o_data_cell[name=outside_value]",
            run: "click",
        },
        {
            trigger: ".o_statusbar_buttons button[name=action_propose_change]",
            run: "click",
        },
        {
            content: "The value is filled in, with what it means now",
            trigger: `${FORM} .o_field_widget[name=line_ids] .o_data_row:contains(STD):contains(Output tax 15)`,
        },
        {
            trigger: `${FORM} .o_field_widget[name=reason] :is(input, textarea)`,
            run: "edit The rate rises by law",
        },
        {
            trigger: `${FORM} .o_field_widget[name=line_ids] .o_data_row:contains(STD) .o_data_cell`,
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name=tax_id] input",
            run: "edit Output tax 20",
        },
        {
            content: "What was there before is not offered any more",
            trigger:
                ".o-autocomplete--dropdown-menu:not(:has(li:contains(Output tax 15))) li:contains(Output tax 20) a",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name=tax_id] input:value(Output tax 20)",
        },
        {
            trigger: ".modal .o_form_button_save",
            run: "click",
        },
        {
            trigger: `body:not(:has(.modal)) ${FORM} .o_field_widget[name=line_ids] .o_data_row:contains(Output tax 20)`,
        },
        {
            trigger: ".o_statusbar_buttons button[name=action_ask]",
            run: "click",
        },
        asked,
    ],
});

/** Another person sees what the value would mean, and approves it. */
addTour("finance_integration_mapping_approve", {
    url: "/odoo/integration-my-approvals",
    steps: () => approve("The rate rises by law", "Output tax 20"),
});

/** From the gap on the screen of coverage to the mapping, and the gap is closed. */
addTour("finance_integration_coverage", {
    url: "/odoo/integration-coverage",
    steps: () => {
        const look = [
            {
                trigger: ".o_control_panel button:contains(Look at the events)",
                run: "click",
            },
            {
                trigger: ".modal .o_field_widget[name=connection_id] input",
                run: "edit Partner platform",
            },
            {
                trigger: ".o-autocomplete--dropdown-menu li:contains(Partner platform) a",
                run: "click",
            },
            {
                trigger: ".modal footer button[name=action_look]",
                run: "click",
            },
        ];
        return [
            {
                content: "Opened by its path, the screen has its menu",
                trigger: ".o_menu_sections button:contains(Configuration)",
            },
            ...look,
            {
                content: "The gap, with how many events use it",
                trigger: `body:not(:has(.modal)) .o_list_view .o_data_row:contains(NEW):contains("1. Not mapped")`,
            },
            {
                trigger: ".o_list_view .o_data_row:contains(NEW) button[name=action_map]",
                run: "click",
            },
            {
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
                trigger: "body:not(:has(.modal)) .o_list_view",
            },
            ...look,
            {
                content: "The gap is closed",
                trigger: `body:not(:has(.modal)) .o_list_view .o_data_row:contains(NEW):contains("8. Mapped")`,
            },
        ];
    },
});

/** A configuration of another server: brought in, compared, asked for. Nothing changes by that. */
addTour("finance_integration_bundle_load", {
    url: "/odoo/integration-configurations",
    steps: () => [
        ...menu("Configuration", "Bring in a configuration"),
        {
            trigger: ".modal .o_field_widget[name=file]",
            async run() {
                const [made] = await rpc("/web/dataset/call_kw/ir.attachment/search_read", {
                    model: "ir.attachment",
                    method: "search_read",
                    args: [[["name", "=", "from_the_other_server.json"]], ["datas"]],
                    kwargs: {},
                });
                const bytes = Uint8Array.from(atob(made.datas), (one) => one.charCodeAt(0));
                await inputFiles(".modal .o_field_widget[name=file] input[type=file]", [
                    new File([bytes], "configuration.json", {type: "application/json"}),
                ]);
            },
        },
        {
            trigger:
                ".modal .o_field_widget[name=file]:contains(configuration.json), .modal .o_field_widget[name=file] input:value(configuration.json)",
        },
        {
            trigger: ".modal footer button[name=action_load]",
            run: "click",
        },
        {
            content: "Compared: what is new here, record by record",
            trigger: `body:not(:has(.modal)) ${FORM} .o_field_widget[name=line_ids] .o_data_row:contains(Mapping):contains(Output tax 15)`,
        },
        {
            trigger: ".o_statusbar_buttons button[name=action_ask]",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name=reason] textarea",
            run: "edit As tried on the test server",
        },
        {
            trigger: ".modal footer button[name=action_ask]",
            run: "click",
        },
        asked,
    ],
});

/** Another person sees every change of it, and approves: all of it at once. */
addTour("finance_integration_bundle_approve", {
    url: "/odoo/integration-my-approvals",
    steps: () => approve("Configuration:", "Output tax 15"),
});

/** Whoever brought it in sees that it is taken over, and can ask to take it back. */
addTour("finance_integration_bundle_done", {
    url: "/odoo/integration-configurations",
    steps: () => [
        {
            trigger: `.o_list_view .o_data_row:contains("Taken over") .o_data_cell`,
            run: "click",
        },
        {
            trigger: `.o_statusbar_buttons button[name=action_ask]:contains("Ask to take it back")`,
        },
    ],
});

/** A new company takes the configuration of another one: what it lacks stands first, with what to do. */
addTour("finance_integration_template_gaps", {
    url: "/odoo/integration-configurations",
    steps: () => [
        ...menu("Configuration", "Bring in a configuration"),
        {
            trigger: ".modal .o_field_widget[name=origin] input[data-value=company]",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name=source_company_id] input",
            run: choose("company_1_data"),
        },
        {
            trigger: ".modal:not(:has(.o-autocomplete--dropdown-menu))",
        },
        {
            trigger: ".modal footer button[name=action_load]",
            run: "click",
        },
        {
            content: "How many records lack something",
            trigger: `body:not(:has(.modal)) ${FORM} .alert-warning .o_field_widget[name=gap_count]:not(:contains(/^0$/))`,
        },
        {
            content: "The first line is one that lacks something, with what to do",
            trigger: `${FORM} .o_field_widget[name=line_ids] .o_data_row:first:contains("or leave this record out")`,
        },
    ],
});

/** What was missing is there now: compared again, nothing is red, and it is asked for. */
addTour("finance_integration_template_ask", {
    url: "/odoo/integration-configurations",
    steps: () => [
        {
            trigger: ".o_list_view .o_data_row:contains(Compared) .o_data_cell",
            run: "click",
        },
        {
            trigger: ".o_statusbar_buttons button[name=action_compare]",
            run: "click",
        },
        {
            content: "No gap is left",
            trigger: `${FORM}:not(:has(.alert-warning)) .o_field_widget[name=line_ids] .o_data_row`,
        },
        {
            trigger: ".o_statusbar_buttons button[name=action_ask]",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name=reason] textarea",
            run: "edit The new company works like the old one",
        },
        {
            trigger: ".modal footer button[name=action_ask]",
            run: "click",
        },
        asked,
    ],
});

/** To which company would it go? Answered by the rules, without booking anything. */
addTour("finance_integration_routing_question", {
    url: "/odoo/integration-mappings",
    steps: () => [
        ...menu("Configuration", "To which company would it go?"),
        {
            trigger: ".modal .o_field_widget[name=connection_id] input",
            run: "edit Partner platform",
        },
        {
            trigger: ".o-autocomplete--dropdown-menu li:contains(Partner platform) a",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name=entity] input",
            run: "edit DE01 && press Tab",
        },
        {
            content: "The company, the connection that books it, and the rule that decided",
            trigger: `.modal:has(.o_field_widget[name=target_company]:contains(Anna GmbH)):has(.o_field_widget[name=target_connection]:contains(Partner platform GmbH)) .o_field_widget[name=rule]:contains(DE01)`,
        },
        {
            trigger: ".modal .o_field_widget[name=entity] input",
            run: "edit FR09 && press Tab",
        },
        {
            content: "No rule: it says which were asked for",
            trigger: `.modal:not(:has(.o_field_widget[name=target_company]:contains(Anna GmbH))) .o_field_widget[name=explanation]:contains("Rules asked for, in this order: FR09")`,
        },
        {
            trigger: ".modal footer button[name=action_rules]",
            run: "click",
        },
        {
            content: "The rules of this connection",
            trigger: "body:not(:has(.modal)) .o_list_view .o_data_row:contains(DE01)",
        },
    ],
});
