import {addTour} from "./patient_tour";
import {inputFiles} from "@web/../tests/utils";

const FORM = ".o_form_view .o_form_sheet";

/** Takes an entry of a selection that is shown as a menu. */
const select = (field, label, place = ".modal") => [
    {
        trigger: `${place} .o_field_widget[name=${field}] input`,
        run: "click",
    },
    {
        trigger: `.o_select_menu_item:contains(${label})`,
        run: "click",
    },
];

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

/** A file with a mistake is shown line by line; a good one becomes a proposal. */
addTour("finance_integration_mapping_file", {
    url: "/odoo/integration-mappings",
    steps: () => [
        ...menu("Configuration", "Import or export mappings"),
        {
            trigger: ".modal .o_field_widget[name=connection_id] input",
            run: "edit Partner platform",
        },
        {
            trigger: ".o-autocomplete--dropdown-menu li:contains(Partner platform) a",
            run: "click",
        },
        {
            trigger: ".modal footer button[name=action_export]",
            run: "click",
        },
        {
            content: "The mappings as they are, as a file",
            trigger: ".modal .o_field_widget[name=export]",
        },
        {
            trigger: ".modal .o_field_widget[name=file]",
            async run() {
                const wrong = "what,value,means,from,until\ntax,LOW,No such tax,,\n";
                await inputFiles(".modal .o_field_widget[name=file] input[type=file]", [
                    new File([wrong], "wrong.csv", {type: "text/csv"}),
                ]);
            },
        },
        {
            trigger: ".modal footer button[name=action_check]",
            run: "click",
        },
        {
            content: "Which line, and what is wrong with it",
            trigger: ".modal .o_field_widget[name=problem_ids] .o_data_row:contains(LOW)",
        },
        {
            trigger: ".modal .o_field_widget[name=file]",
            async run() {
                const good = "what,value,means,from,until\ntax,LOW,Output tax 20 %,2026-01-01,\n";
                await inputFiles(".modal .o_field_widget[name=file] input[type=file]", [
                    new File([good], "good.csv", {type: "text/csv"}),
                ]);
            },
        },
        {
            trigger: ".modal footer button[name=action_propose]:visible",
            run: "click",
        },
        {
            content: "A proposal, with where it came from",
            trigger: `body:not(:has(.modal)) ${FORM} .o_field_widget[name=line_ids] .o_data_row:contains(LOW):contains(Output tax 20)`,
        },
    ],
});

/** A configuration leaves as a signed file. */
addTour("finance_integration_bundle_export", {
    url: "/odoo/integration-configurations",
    steps: () => [
        ...menu("Configuration", "Export a configuration"),
        {
            trigger: ".modal footer button[name=action_export]",
            run: "click",
        },
        {
            content: "The file, and the key that the other server needs",
            trigger: ".modal:has(.o_field_widget[name=public_key]) .o_field_widget[name=file]",
        },
    ],
});

/** A report: chosen, made, read. */
addTour("finance_integration_report", {
    url: "/odoo/integration-reports",
    steps: () => [
        {
            trigger: ".o_control_panel button:contains(Make a report)",
            run: "click",
        },
        ...select("code", "Completeness of what came in"),
        {
            content: "What it answers stands there",
            trigger: ".modal .o_field_widget[name=question]:not(:empty)",
        },
        {
            trigger: ".modal footer button[name=action_make]",
            run: "click",
        },
        {
            content: "Made, unaltered, with its digest",
            trigger: `body:not(:has(.modal)) ${FORM} .o_field_widget[name=file_digest]:not(:empty)`,
        },
        {
            content: "And its audit entry",
            trigger: "button[name=action_open_leaf]",
            run: "click",
        },
        {
            trigger: ".o_form_view:not(:has(button[name=action_download]))",
        },
    ],
});
