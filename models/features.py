"""What the stall model is told of a deal at a landmark: the features, by the idea of each."""

from collections.abc import Mapping

CATEGORIES = ("pipeline", "stage", "lead_source")
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
    ),
    "pushes": ("pushes", "days_to_expected_close", "days_overdue"),
    "options": ("options_ours", "options_competitor", "days_since_option", "incumbent_known"),
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
        "is_observed",
    ),
    "commitments": (
        "commitments_buyer_made",
        "commitments_buyer_kept",
        "commitments_buyer_overdue",
        "commitments_seller_made",
        "commitments_seller_overdue",
    ),
    "seller": ("seller_closed_before", "seller_no_decision_rate", "seller_disqualified_rate"),
    "account": ("account_deals_before", "account_wins_before"),
    "deal": (
        "age_days",
        "amount",
        "amount_changes",
        "pipeline",
        "lead_source",
        "month",
        "week_of_quarter",
    ),
}
FEATURES = tuple(name for names in IDEAS.values() for name in names)
