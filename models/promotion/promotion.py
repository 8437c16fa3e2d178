# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A configuration that was brought to a company: what it says, what differs here, and what became of it (M5, M8)."""

import base64
import binascii

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ...engine.canonical_json import digest
from ...engine.errors import ContractError, IntegrationError
from ...engine.instants import format_instant, parse_instant, utc_now
from ...engine.promotion import MAX_BYTES, SHARED, Bundle, bundle_text, read_bundle, read_text, write_bundle
from ...engine.promotion_plan import SAME, compare
from ..messaging.connection import ENVIRONMENTS
from ..messaging.error_words import in_words

STATES = [
    ("refused", "Refused"),
    ("ready", "Compared"),
    ("asked", "Waits for approval"),
    ("done", "Taken over"),
    ("back_asked", "Taking back waits for approval"),
    ("back", "Taken back"),
]


class IntegrationPromotion(models.Model):
    """One configuration from elsewhere. What it said is kept; it takes effect by an approval alone, as does its end."""

    _name = "integration.promotion"
    _description = "Configuration brought from elsewhere"
    _order = "id desc"

    name = fields.Char(required=True, readonly=True)
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True, ondelete="restrict", string="For company"
    )
    origin = fields.Selection(
        [("file", "From a file"), ("company", "From another company")], required=True, readonly=True
    )
    environment = fields.Selection(
        ENVIRONMENTS, required=True, readonly=True, help="Of connections that are new here."
    )
    source = fields.Char(readonly=True, string="Comes from")
    made_at = fields.Char(readonly=True, help="As the file says it.")
    made_on = fields.Datetime(compute="_compute_made_on", string="Made at")
    bundle_text = fields.Text(readonly=True, groups="finance_integration.group_auditor")
    bundle_digest = fields.Char(readonly=True, string="Digest (SHA-256)")
    key_name = fields.Char(readonly=True, string="Signed with", help="Id of the public key.")
    problem = fields.Text(readonly=True, string="Why it was refused")
    problem_code = fields.Char(readonly=True)
    needs = fields.Text(
        readonly=True,
        string="To be supplied",
        help="Secrets and addresses are never carried along: each environment has its own.",
    )
    line_ids = fields.One2many("integration.promotion.line", "promotion_id", readonly=False)
    same_count = fields.Integer(readonly=True, string="The same")
    change_count = fields.Integer(compute="_compute_counts", string="New or other")
    gap_count = fields.Integer(compute="_compute_counts", string="Records with gaps")
    request_id = fields.Many2one("integration.change.request", readonly=True, copy=False, string="Approval")
    back_request_id = fields.Many2one(
        "integration.change.request", readonly=True, copy=False, string="Approval of taking it back"
    )
    done_at = fields.Datetime(readonly=True, copy=False)
    state = fields.Selection(STATES, compute="_compute_state")

    @api.depends("made_at")
    def _compute_made_on(self):
        for promotion in self:
            try:
                promotion.made_on = parse_instant(promotion.made_at).replace(tzinfo=None)
            except ContractError:
                promotion.made_on = False

    @api.depends("request_id.state", "back_request_id.state", "problem")
    def _compute_state(self):
        for promotion in self:
            asked = promotion.request_id.sudo().state
            back = promotion.back_request_id.sudo().state
            if promotion.problem:
                promotion.state = "refused"
            elif asked == "approved":
                promotion.state = {"asked": "back_asked", "approved": "back"}.get(back, "done")
            else:
                promotion.state = "asked" if asked == "asked" else "ready"

    @api.depends("line_ids.change", "line_ids.gap", "line_ids.leave_out")
    def _compute_counts(self):
        for promotion in self:
            changing = promotion.line_ids.filtered(lambda line: line.change in ("added", "changed"))
            promotion.change_count = len(changing)
            promotion.gap_count = len(changing.filtered(lambda line: line.gap and not line.leave_out))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("What was brought in, or refused, is evidence and is kept."))

    # -- out ------------------------------------------------------------------------------------------------------

    @api.model
    def _export(self, company, environment, for_company="", for_environment=""):
        """Return the signed bundle of a company's configuration, as bytes; written to the audit trail.

        :raises AccessError: the company is not one of the acting user's.
        :raises UserError: no key, or a configuration that is too large.
        """
        self._check_companies(company)
        self.env["integration.right"]._require("configure")
        bundle = self._bundle_of(company, environment, for_company, for_environment)
        try:
            content = write_bundle(bundle, self.env["integration.bundle.keys"]._signing_key())
        except IntegrationError as error:
            raise UserError(in_words(self.env, error)) from error
        if len(content) > MAX_BYTES:
            raise UserError(self.env._("This configuration is larger than a bundle may be."))
        self._record(company, "bundle.export", f"{company.name}: {digest(content)}")
        return content

    @api.model
    def _bundle_of(self, company, environment, for_company="", for_environment=""):
        rows = self.env["integration.promotion.rows"]
        return Bundle(
            {"company": company.name, "environment": environment, "database": self.env.cr.dbname},
            {"company": for_company or "", "environment": for_environment or ""},
            format_instant(utc_now().replace(microsecond=0)),
            rows._read_rows(company, in_use=True)[0],
            tuple(rows._needs_of(company)),
        )

    @api.model
    def _check_companies(self, companies):
        if companies - self.env.user.company_ids:
            raise AccessError(self.env._("One of these companies is not yours."))

    @api.model
    def _record(self, record, action, detail):
        self.env["integration.audit.leaf"]._record_change(record, action, detail)

    # -- in -------------------------------------------------------------------------------------------------------

    @api.model
    def _load(self, content, company, environment):
        """Take in a file (base64): compare it where it is good, keep why it was refused where it is not.

        :returns: the new record; nothing of the configuration changes.
        """
        self._check_companies(company)
        self.env["integration.right"]._require("configure")
        facts = {"company_id": company.id, "environment": environment, "origin": "file"}
        try:
            raw = _decoded(content)
            bundle, text, key_id = read_bundle(
                raw,
                self.env["integration.bundle.keys"]._known_ids(),
                company=company.name,
                environment=environment,
            )
        except IntegrationError as error:
            return self._keep_refused(facts, content, error)
        return self._keep_good(facts, bundle, text, digest(raw), key_id)

    @api.model
    def _from_company(self, source, company, environment):
        """Compare the configuration of another company with this one; returns the new record (M8)."""
        self._check_companies(source | company)
        self.env["integration.right"]._require("configure")
        if source == company:
            raise UserError(self.env._("Choose another company to copy from."))
        bundle = self._bundle_of(source, environment)
        text = bundle_text(bundle)
        facts = {"company_id": company.id, "environment": environment, "origin": "company"}
        return self._keep_good(facts, bundle, text, digest(text.encode()), key_id=False)

    @api.model
    def _keep_refused(self, facts, content, error):
        promotion = self.sudo().create(
            {
                **facts,
                "name": self.env._("Refused file"),
                "problem": in_words(self.env, error),
                "problem_code": error.code,
                "bundle_digest": digest(content or b""),
            }
        )
        self._record(promotion, "bundle.refuse", f"{error.code}: {promotion.bundle_digest}")
        return promotion.with_env(self.env)

    @api.model
    def _keep_good(self, facts, bundle, text, file_digest, key_id):
        source = bundle.source
        promotion = self.sudo().create(
            {
                **facts,
                "name": self.env._("%(origin)s → %(company)s", origin=source.get("company"),
                                   company=self.env["res.company"].browse(facts["company_id"]).name),
                "source": " · ".join(
                    filter(None, (source.get("company"), source.get("environment"), source.get("database")))
                ),
                "made_at": bundle.made_at,
                "bundle_text": text,
                "bundle_digest": file_digest,
                "key_name": key_id,
                "needs": "\n".join(self._need_words(need) for need in bundle.needs),
            }
        )  # fmt: skip
        promotion._compare()
        self._record(promotion, "bundle.compare", f"{promotion.name}: {file_digest}")
        return promotion.with_env(self.env)

    @api.model
    def _need_words(self, need):
        if need.get("what") == "address":
            return f"• {need.get('connection')}: {need.get('name')}"
        kept = {
            "env": self.env._("kept in the environment there"),
            "file": self.env._("kept in a file there"),
            "vault": self.env._("kept in a vault there"),
        }.get(need.get("kept"), self.env._("entered by hand there"))
        return f"• {need.get('connection')}: {need.get('name')} ({kept})"

    # -- comparing ------------------------------------------------------------------------------------------------

    def _differences(self):
        """Return (rows of the company now, differences) for this configuration."""
        self.ensure_one()
        target = self.env["integration.promotion.rows"]._read_rows(self.company_id)[0]
        differences = compare(target, read_text(self.sudo().bundle_text).rows)
        if self.origin == "company":
            # What counts for all companies counts for both already.
            differences = [row for row in differences if row.section not in SHARED]
        return target, differences

    def _compare(self):
        """Write down what differs from the company now; what was left out stays so."""
        self.ensure_one()
        target, differences = self._differences()
        left_out = {(line.section, line.key) for line in self.line_ids.filtered("leave_out")}
        lines = self.env["integration.promotion.line"]._lines_of(self, target, differences, left_out)
        same = sum(difference.change == SAME for difference in differences)
        self.sudo().line_ids.unlink()
        self.env["integration.promotion.line"].sudo().create(lines)
        self.sudo().write({"same_count": same})

    def action_compare(self):
        """Button: compare again with what the company has by now."""
        self.ensure_one()
        self.check_access("write")
        self._check_ready()
        self._compare()
        self._record(self, "bundle.compare", f"{self.name}: {self.bundle_digest}")

    def _check_ready(self):
        if self.state != "ready":
            raise UserError(self.env._("This has been asked for or decided already. Bring it in once more."))


def _decoded(content):
    """Return the bytes of an uploaded file; one that is too large is not even decoded.

    :raises ContractError: ``bundle_too_large``, ``bundle_unreadable``.
    """
    content = content or b""
    if len(content) > MAX_BYTES * 4 // 3 + 4:
        raise ContractError("bundle_too_large", params={"limit": str(MAX_BYTES // 1_000_000)})
    try:
        return base64.b64decode(content, validate=True)
    except (ValueError, binascii.Error) as error:
        raise ContractError("bundle_unreadable", "no base64") from error
