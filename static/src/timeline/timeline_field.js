import {registry} from "@web/core/registry";
import {_t} from "@web/core/l10n/translation";
import {deserializeDateTime, formatDateTime} from "@web/core/l10n/dates";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

import {Component} from "@odoo/owl";

const {DateTime} = luxon;

/** Shows a JSON list of {at, title, text, tone, icon}, oldest first, as a vertical timeline. */
export class TimelineField extends Component {
    static template = "finance_integration.TimelineField";
    static props = {...standardFieldProps};

    get entries() {
        const rows = this.props.record.data[this.props.name] || [];
        return rows.map((row, index) => ({...row, key: index, when: this.formatInstant(row.at)}));
    }

    /** Instants come as ISO 8601 in UTC; they are shown in the reader's time zone and format. */
    formatInstant(text) {
        const instant = text ? DateTime.fromISO(text, {zone: "utc"}) : null;
        if (!instant || !instant.isValid) {
            return "";
        }
        return formatDateTime(deserializeDateTime(instant.toFormat("yyyy-MM-dd HH:mm:ss")));
    }
}

export const timelineField = {
    component: TimelineField,
    displayName: _t("Timeline"),
    supportedTypes: ["json"],
};

registry.category("fields").add("integration_timeline", timelineField);
