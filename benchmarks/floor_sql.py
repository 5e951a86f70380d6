"""The statements of the floor, for both databases; `:name` is a parameter, `{…}` what differs."""

from adieu.deletion.consents import TEXTS

LOCK_REQUEST = """
    SELECT r.id, r.reason, r.intent_fence, v.number, v.session_digest, v.owned, v.consent_texts, v.expires_at
    FROM deletion_deletionrequest r JOIN deletion_verification v ON v.request_id = r.id
    WHERE r.account_id = :account AND r.state = 'open'
"""
LOCK_ACCOUNT = "SELECT 1 FROM accounts_account WHERE id = :account FOR UPDATE"
LOCK_CLAIMS = "SELECT key FROM identities_identityclaim WHERE account_id = :account ORDER BY key FOR UPDATE"
LOCK_ORGANIZATIONS = """
    SELECT 1 FROM tenancy_organization WHERE id IN
    (SELECT organization_id FROM tenancy_organizationmembership WHERE account_id = :account)
    ORDER BY id FOR UPDATE
"""
LOCK_PROJECTS = """
    SELECT 1 FROM tenancy_project WHERE id IN
    (SELECT project_id FROM tenancy_projectmembership WHERE member_id IN
    (SELECT id FROM tenancy_organizationmembership WHERE account_id = :account))
    ORDER BY id FOR UPDATE
"""
# With the counts, so that one look serves both the code (Rule D4) and the blockers (Rule D2).
OWNED_ORGANIZATIONS = """
    SELECT o.id, o.owner_count FROM tenancy_organizationmembership m JOIN tenancy_organization o
    ON o.id = m.organization_id WHERE m.account_id = :account AND m.role = 'owner'
"""
OWNED_PROJECTS = """
    SELECT p.project_id FROM tenancy_projectmembership p JOIN tenancy_organizationmembership m
    ON m.id = p.member_id WHERE m.account_id = :account AND p.role = 'owner'
"""
ENDED_REQUESTS = "SELECT id FROM deletion_deletionrequest WHERE account_id = :account AND state = 'ended'"
ABOUT = """
    state = 'pending' AND id IN (
    SELECT id FROM tenancy_invitation WHERE inviter_id IN
    (SELECT id FROM tenancy_organizationmembership WHERE account_id = :account)
    UNION ALL SELECT id FROM tenancy_invitation WHERE address_key IN
    (SELECT key FROM identities_identityclaim WHERE account_id = :account))
"""
LOCK_INVITATIONS = f"""
    SELECT organization_id, inviter_id IN
    (SELECT id FROM tenancy_organizationmembership WHERE account_id = :account)
    FROM tenancy_invitation WHERE {ABOUT} ORDER BY id
"""  # noqa: S608 - constants
# Rule L1: the ledger is told before, and the request remembers as what.
FENCE = """
    UPDATE deletion_deletionrequest SET intent_fence = :fence, intended_at = :now
    WHERE id = :request AND intent_fence IS NULL
"""
KEYS = """
    SELECT key, rule_version, pepper_version FROM identities_identityclaim
    WHERE account_id = :account ORDER BY key
"""
OWE = """
    INSERT INTO ledger_change (change_id, kind, body, made_at) VALUES (:change, 'confirmed', :body, :now)
"""
NOTE = "UPDATE ledger_change SET number = :line WHERE change_id = :change"
USE_CODE_UP = """
    DELETE FROM deletion_verification
    WHERE request_id = :request AND number = :number AND used_up_at IS NULL
"""
COUNT_REASON = """
    INSERT INTO deletion_reasoncount (week, reason, count) VALUES (:week, :reason, 1)
    ON CONFLICT (week, reason) DO UPDATE SET count = deletion_reasoncount.count + 1
"""
CONFIRM = """
    UPDATE deletion_deletionrequest SET account_id = NULL, former_account_id = :account, state = 'erasing',
    reason = '', confirmed_at = :now WHERE id = :request
"""
KEEP_CONSENTS = f"""
    INSERT INTO deletion_consent (request_id, text_id, given_at)
    VALUES {", ".join(f"(:request, '{text}', :now)" for text in TEXTS)}
"""  # noqa: S608 - constants
RECORD = """
    INSERT INTO activities_activity (id, organization_id, kind, level, actor_id, subject_kind, subject_id,
    subject_name, subject_name_key, recorded_at)
    SELECT {random_id}, organization_id, 'organization.member_erased', 'warning', :account, 'account',
    :account_in_words, '', '', :now FROM tenancy_organizationmembership WHERE account_id = :account
"""
# What hangs on these rows goes with them: places in projects, API keys, agreements, sessions, welcomes.
ERASE = (
    "DELETE FROM deletion_deletionrequest WHERE account_id = :account",
    "UPDATE tenancy_organization SET contact_id = NULL WHERE contact_id = :account",
    f"UPDATE tenancy_invitation SET state = 'revoked', ended_at = :now, address_key = '' WHERE {ABOUT}",  # noqa: S608
    "DELETE FROM tenancy_organizationmembership WHERE account_id = :account",
    (
        "UPDATE notices_notice SET state = 'given_up', settled_at = :now, leased_until_at = NULL"
        " WHERE account_id = :account AND state = 'owed'"
    ),
    "UPDATE identities_identityclaim SET account_id = NULL, retired_at = :now WHERE account_id = :account",
    (
        "DELETE FROM account_emailconfirmation WHERE email_address_id IN"
        " (SELECT id FROM account_emailaddress WHERE user_id = :account)"
    ),
    "DELETE FROM account_emailaddress WHERE user_id = :account",
    "DELETE FROM accounts_account WHERE id = :account",
)
STEP = "(:id{0}, :request, {1}, :keeper{0}, :name{0}, :title{0}, :payload{0}, {2}, {3})"
NEW_STEP = "'waiting', 0, 0, '', 0, :now, :now"
WRITE_STEPS = """
    INSERT INTO deletion_erasurestep (id, request_id, position, keeper, name, title, payload,
    is_after_completion, state, attempts, failures, last_error, epoch, asked_at, next_attempt_at) VALUES
"""
