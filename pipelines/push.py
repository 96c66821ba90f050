"""features.snapshots to what goes with unanswered touches, urgency and discounts."""

import duckdb
import pandas as pd
from threadpoolctl import threadpool_limits

from pipelines.night import Night
from pipelines.tables import store
from pipelines.train import DEALS

MOST_DEALS = 8_000  # whole deals, drawn by lot
TABLES = {
    "marts.push_adjusted": "What goes with unanswered touches, urgency and discounts, by method.",
}
READS = frozenset(
    {
        "features.snapshots",
        "features.push_weeks",
        "core.outcomes",
        "core.deals",
        "core.silences",
        "core.stalls",
        "core.parameters",
    }
)
WEEKS = """
select s.deal_id, s.seller_id, s.source, s.snapshot_day, s.is_stalled, s.has_sign_of_life,
    s.age_days, s.days_in_stage, s.silence_days, s.amount, s.replies_13w, s.stage_order, s.pushes,
    s.contacts, s.seller_no_decision_rate, s.stage, s.lead_source, s.replies_all, s.meetings_held,
    s.meetings_booked, s.commitments_buyer_overdue, s.touches_all,
    w.touches, w.touches_so_far, w.touches_then, w.last_touch_days,
    w.touches_urgent, w.discounts, w.ending,
    w.is_answered, w.is_watched
from features.push_weeks w
join features.snapshots s on w.deal_id = s.deal_id and w.week = s.week
where w.deal_id in (select deal_id from asked)
order by w.deal_id, w.week desc
"""


def run(con: duckdb.DuckDBPyConnection, night: Night) -> None:
    """Estimate and store."""
    from models import push
    from models.landmarks import sampled

    deals = con.sql(DEALS).df()
    drawn = sampled(deals, MOST_DEALS, night.settings.model.seed)
    con.register("asked", pd.DataFrame({"deal_id": pd.Series(drawn, dtype="str")}))
    weeks = con.sql(WEEKS).df()
    con.unregister("asked")
    stalls = con.sql("from core.stalls order by deal_id, spell").df()
    as_of_day = int(con.execute("select as_of_day from core.parameters").fetchall()[0][0])
    # One thread: sums come out in one order whatever the machine.
    with threadpool_limits(1, user_api="blas"):
        found = push.push(weeks, deals, stalls, as_of_day)
    store(con, {"marts.push_adjusted": found}, TABLES)
