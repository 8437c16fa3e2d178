import {addTour} from "./patient_tour";

const LIST = ".o_list_view .o_data_row";
const FORM = ".o_form_view .o_form_sheet";

/** An operator completes the evidence of a dispute, hands it in, and finds it in the menu. */
addTour("finance_integration_evidence", {
    url: "/odoo/integration-disputes",
    steps: () => [
        {
            content: "Open the dispute",
            trigger: `${LIST} .o_data_cell[name=partner_id]:contains("Anna's Bakery")`,
            run: "click",
        },
        {
            trigger: "button[name=action_evidence]",
            run: "click",
        },
        {
            content: "What Odoo knows is there already",
            trigger: `${FORM} .o_field_widget[name=customer_name] input:value("Anna's Bakery")`,
        },
        {
            content: "Complete it",
            trigger: `${FORM} .o_field_widget[name=explanation] textarea`,
            run: "edit It was delivered on 2 March.",
        },
        {
            trigger: "button[name=action_hand_in]",
            run: "click",
        },
        {
            content: "It is handed in once: asked before",
            trigger: ".modal footer button.btn-primary",
            run: "click",
        },
        {
            trigger: ".o_statusbar_status .o_arrow_button_current:contains(To be handed in)",
        },
        {
            trigger: ".o_menu_sections button:contains(Money)",
            run: "click",
        },
        {
            trigger: ".dropdown-item:contains(Evidence for disputes)",
            run: "click",
        },
        {
            content: "It stands in its own list",
            trigger: `${LIST} .o_data_cell[name=state]:contains(To be handed in)`,
        },
    ],
});

/** Another one is not worth defending: an operator asks to accept it. */
addTour("finance_integration_accept", {
    url: "/odoo/integration-disputes",
    steps: () => [
        {
            trigger: `${LIST} .o_data_cell[name=partner_id]:contains("Anna's Bakery")`,
            run: "click",
        },
        {
            trigger: "button[name=action_accept]",
            run: "click",
        },
        {
            trigger: `${FORM} .o_field_widget[name=reason] input`,
            run: "edit Nothing was delivered",
        },
        {
            trigger: "button[name=action_ask]",
            run: "click",
        },
        {
            content: "What is lost is said before",
            trigger: ".modal:contains(its money is lost) footer button.btn-primary",
            run: "click",
        },
        {
            trigger: ".o_statusbar_status .o_arrow_button_current:contains(Waits for approval)",
        },
        {
            trigger: ".o_menu_sections button:contains(Money)",
            run: "click",
        },
        {
            trigger: ".dropdown-item:contains(Accepted disputes)",
            run: "click",
        },
        {
            trigger: `${LIST} .o_data_cell[name=reason]:contains(Nothing was delivered)`,
        },
    ],
});
