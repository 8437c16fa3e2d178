# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import models
from odoo.tools import SQL


class IntegrationChangeRequest(models.Model):
    _inherit = "integration.change.request"

    def init(self):
        """Let the database itself refuse what the buttons would: other content, too few people, too late, twice."""
        self.env.cr.execute(
            SQL(
                """
                CREATE OR REPLACE FUNCTION integration_change_request_guard() RETURNS trigger LANGUAGE plpgsql AS $$
                DECLARE
                    given integer;
                    refused integer;
                    moment timestamp := (clock_timestamp() AT TIME ZONE 'UTC') - interval '1 second';
                BEGIN
                    IF TG_OP = 'DELETE' THEN
                        RAISE EXCEPTION 'a request is never deleted' USING ERRCODE = 'check_violation';
                    END IF;
                    IF TG_OP = 'INSERT' THEN
                        IF NEW.state <> 'asked' OR NEW.approver_id IS NOT NULL THEN
                            RAISE EXCEPTION 'a request begins as asked for' USING ERRCODE = 'check_violation';
                        END IF;
                        RETURN NEW;
                    END IF;
                    IF (NEW.res_model, NEW.res_id, NEW.kind, NEW.company_id, NEW.requester_id, NEW.requested_at,
                        NEW.reason, NEW.values, NEW.amount, NEW.currency_id, NEW.tiers, NEW.approvals_needed,
                        NEW.content_digest, NEW.expires_at)
                       IS DISTINCT FROM
                       (OLD.res_model, OLD.res_id, OLD.kind, OLD.company_id, OLD.requester_id, OLD.requested_at,
                        OLD.reason, OLD.values, OLD.amount, OLD.currency_id, OLD.tiers, OLD.approvals_needed,
                        OLD.content_digest, OLD.expires_at) THEN
                        RAISE EXCEPTION 'what is asked for is never changed' USING ERRCODE = 'check_violation';
                    END IF;
                    IF NEW.state = OLD.state THEN
                        IF NEW.approver_id IS DISTINCT FROM OLD.approver_id THEN
                            RAISE EXCEPTION 'who decided is never changed' USING ERRCODE = 'check_violation';
                        END IF;
                        RETURN NEW;
                    END IF;
                    IF OLD.state NOT IN ('asked', 'agreed') THEN
                        RAISE EXCEPTION 'this has been decided already' USING ERRCODE = 'check_violation';
                    END IF;
                    SELECT count(*) FILTER (WHERE verdict = 'approve'), count(*) FILTER (WHERE verdict = 'refuse')
                      INTO given, refused FROM integration_approval_decision WHERE request_id = NEW.id;
                    IF NEW.state IN ('approved', 'agreed') AND (
                        given < GREATEST(OLD.approvals_needed, 1) OR refused > 0
                    ) THEN
                        RAISE EXCEPTION 'not everybody who has to agree has done so'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    IF OLD.state = 'asked' AND NEW.state IN ('approved', 'agreed') AND OLD.expires_at < moment THEN
                        RAISE EXCEPTION 'the time to decide is over' USING ERRCODE = 'check_violation';
                    END IF;
                    IF OLD.state = 'agreed' AND NEW.state = 'approved'
                       AND COALESCE(OLD.valid_until, '-infinity') < moment THEN
                        RAISE EXCEPTION 'the approval has expired' USING ERRCODE = 'check_violation';
                    END IF;
                    IF NEW.state = 'refused' AND refused = 0 THEN
                        RAISE EXCEPTION 'nobody has refused this' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                END $$;
                DROP TRIGGER IF EXISTS integration_change_request_row ON integration_change_request;
                CREATE TRIGGER integration_change_request_row
                    BEFORE INSERT OR UPDATE OR DELETE ON integration_change_request
                    FOR EACH ROW EXECUTE FUNCTION integration_change_request_guard();
                """
            )
        )
