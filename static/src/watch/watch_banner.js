import {Component, onWillDestroy, onWillStart, useState} from "@odoo/owl";
import {registry} from "@web/core/registry";
import {user} from "@web/core/user";
import {useService} from "@web/core/utils/hooks";

const LOOK_EVERY_MS = 60000;
const GROUPS = ["finance_integration.group_auditor", "finance_integration.group_administrator"];

/** Says in the top bar that events wait, for those who work with the integration, as long as they do. */
export class WatchBanner extends Component {
    static template = "finance_integration.WatchBanner";
    static props = {};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({found: false});
        onWillStart(async () => {
            const member = await Promise.all(GROUPS.map((group) => user.hasGroup(group)));
            if (member.some(Boolean)) {
                this.look();
                this.timer = setInterval(() => document.hidden || this.look(), LOOK_EVERY_MS);
            }
        });
        onWillDestroy(() => clearInterval(this.timer));
    }

    async look() {
        try {
            this.state.found = await this.orm.silent.call("integration.watchdog", "banner", []);
        } catch {
            // The server is away: the client says so itself, and this is looked at again in a minute.
        }
    }

    async open() {
        if (this.state.found.exception_id) {
            await this.action.doAction({
                type: "ir.actions.act_window",
                res_model: "integration.exception",
                res_id: this.state.found.exception_id,
                views: [[false, "form"]],
            });
        } else {
            await this.action.doAction("finance_integration.action_exception");
        }
    }
}

registry
    .category("systray")
    .add("finance_integration.watch", {Component: WatchBanner}, {sequence: 200});
