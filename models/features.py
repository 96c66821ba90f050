"""What the stall model is told of a deal at a landmark: the features, by the idea of each."""

from collections.abc import Mapping

CATEGORIES = ("pipeline", "stage", "lead_source", "origin")
# The ideas in which reasons are told, and the features of each.
IDEAS: Mapping[str, tuple[str, ...]] = {
    "silence": (
        "silence_days",
        "days_since_reply",
        "has_sign_of_life",
        "replies_1w",
        "replies_2w",
        "replies_4w",
        "replies_13w",
        "replies_all",
        "reply_latency_days",
        "touches_since_reply_share",
    ),
    "pushes": ("pushes", "days_to_expected_close", "days_overdue"),
    "options": (
        "options_ours",
        "options_competitor",
        "options_all",
        "days_since_option",
        "incumbent_known",
    ),
    "people": ("contacts", "senior_contacts", "contacts_30d"),
    "stage time": ("stage", "stage_order", "days_in_stage", "stage_moves", "backward_moves"),
    "activity": (
        "touches_1w",
        "touches_2w",
        "touches_4w",
        "touches_13w",
        "touches_all",
        "touches_since_sign_of_life",
        "days_since_touch",
        "meetings_held",
        "meetings_booked",
        "days_since_meeting",
        "is_observed",
        "is_email_observed",
        "is_call_observed",
        "is_meeting_observed",
    ),
    "commitments": (
        "commitments_buyer_made",
        "commitments_buyer_kept",
        "commitments_buyer_overdue",
        "commitments_seller_made",
        "commitments_seller_kept",
        "commitments_seller_overdue",
    ),
    "qualification": (
        "qualification_meddpicc",
        "qualification_bant",
        "qualification_spin",
        "qualification_challenger",
        "qualification_message",
        "qualification_custom",
    ),
    "seller": ("seller_closed_before", "seller_no_decision_rate", "seller_disqualified_rate"),
    "account": ("account_deals_before", "account_wins_before", "account_no_decisions_before"),
    "deal": (
        "age_days",
        "amount",
        "amount_changes",
        "pipeline",
        "lead_source",
        "origin",
        "month",
        "week_of_quarter",
    ),
}
FEATURES = tuple(name for names in IDEAS.values() for name in names)
