"""Put settings, and the constraints that refuse some, into plain words."""

from __future__ import annotations

from operations.wording.speech import say

MEANING = {
    "org_thresholds": "whether its own thresholds apply",
    "thresholds": "reminders: days before the last valid day",
    "reactivate_renewed": "whether a renewed mentor becomes active by itself",
    "listing_mapping": "the place of listings in Dynamics, and what is published",
    "brake_count": "mass-change limit: so many mentors are never held",
    "brake_percent": "mass-change limit: nor so many per cent; 100 turns it off",
    "table_is_ours": "whether visible rows of no mentor are hidden",
    "fallback_address": "mailbox for a coordinator who cannot be reached",
    "keep_sweeps_days": "how long the runs of sweeps are kept",
    "keep_runs_days": "how long other runs and their counts are kept; a kept run can be undone",
    "keep_notices_days": "how long settled notices are kept, and records of mentors who are gone",
    "keep_findings_days": "how long closed findings, alerts and brakes are kept",
    "keep_audit_days": "how long the audit and the proofs are kept",
}

# By the name of the constraint.
REFUSED = {
    "setting_has_a_value": "{column} must have a value: there is nothing that it could fall back on.",
    "setting_is_known": "{column} is not a setting here: some belong to an organisation, others to the standard alone.",
    "thresholds_not_empty": "The list of thresholds is empty: give at least one number of days, such as 30 14 7.",
    "thresholds_in_range": "A threshold is a number of days before the last valid day, from 0 to 365.",
    "thresholds_descending": (
        "The thresholds are not in order, or one stands twice: give the largest first, each once, such as 30 14 7."
    ),
    "thresholds_without_null": "The list of thresholds has a gap: give numbers only.",
    "brake_count_not_negative": "The mass-change limit's number cannot be negative: with 0 only the percentage counts.",
    "brake_percent_in_range": "The percentage of the mass-change limit is from 0 to 100; 100 turns the limit off.",
    "fallback_address_is_an_address": "That is not an e-mail address: write it like post@hlf.no.",
    "fallback_address_can_be_reached": "No mail can be sent to that domain: it is reserved.",
    "keep_sweeps_in_range": "The runs of sweeps are kept for 2 to 90 days.",
    "keep_runs_in_range": "Runs are kept for 60 to 3653 days: the coordinators' page looks back 30.",
    "keep_notices_in_range": "Notices are kept for 60 to 3653 days: complaints come weeks later.",
    "keep_findings_in_range": "Findings are kept for 30 to 3653 days.",
    "keep_audit_in_range": "The audit and the proofs are kept for 1827 to 18263 days: five years at least.",
    "mapping_has_its_parts": "A listing mapping has exactly these parts: table, key, columns, show, hide.",
    "mapping_names_are_columns": (
        "A name in the listing mapping cannot be a column of Dynamics: small letters, digits and underscores."
    ),
    "mapping_publishes_only_the_whitelist": (
        "The listing mapping must publish something, and of a mentor only first_name, last_name, full_name, phone,"
        " email, area and organisation."
    ),
    "mapping_flags_show_and_hide": (
        "show and hide must have the same flags with different values, and statecode comes with statuscode."
    ),
    "mapping_writes_no_column_twice": "The listing mapping names a column twice: as key, as flag, or for a field.",
    "mapping_keeps_its_flags": (
        "A flag that has hidden rows must stay in the mapping as long as table and key do, because no other flag shows"
        " those rows again ({detail})."
    ),
}
UNKNOWN = "The database refuses it: {detail}"


def refusal(constraint: str, column: str, detail: str) -> str:
    """Return why the settings cannot be stored, by the name of the violated constraint."""
    return say(REFUSED.get(constraint, UNKNOWN), column=column, detail=detail)
