import {Component, onWillStart, useState} from "@odoo/owl";
import {deserializeDateTime, formatDateTime} from "@web/core/l10n/dates";
import {registry} from "@web/core/registry";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {useService} from "@web/core/utils/hooks";

/** The first page of the app: what waits for me, what is due, what blocks the close, money at stake. */
export class MyWork extends Component {
    static template = "finance_integration.MyWork";
    static props = {...standardActionServiceProps};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({work: null});
        onWillStart(async () => {
            this.state.work = await this.orm.call("integration.my.work", "get_work", []);
        });
    }

    get work() {
        return this.state.work;
    }

    async choose(change) {
        const company = "company" in change ? change.company : this.work.company_id;
        const period = "period" in change ? change.period : this.work.period;
        this.state.work = await this.orm.call("integration.my.work", "choose", [
            company || false,
            period || false,
        ]);
    }

    onCompany(ev) {
        return this.choose({company: Number(ev.target.value)});
    }

    onPeriod(ev) {
        return this.choose({period: ev.target.value});
    }

    async onDigest(ev) {
        this.work.digest = await this.orm.call("integration.my.work", "set_digest", [
            ev.target.checked,
        ]);
    }

    async openTile(key) {
        await this.action.doAction(await this.orm.call("integration.my.work", "open_tile", [key]));
    }

    openAll() {
        return this.action.doAction("finance_integration.action_exception");
    }

    openStakes() {
        return this.action.doAction("finance_integration.action_exception_stake");
    }

    openRecord(model, id) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: model,
            res_id: id,
            views: [[false, "form"]],
        });
    }

    due(row) {
        return row.deadline ? formatDateTime(deserializeDateTime(row.deadline)) : "";
    }

    tone(tile) {
        return tile.count ? `o_integration_tile_${tile.tone}` : "o_integration_tile_empty";
    }
}

registry.category("actions").add("finance_integration.my_work", MyWork);
