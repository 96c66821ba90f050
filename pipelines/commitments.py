"""What goes with the buyer's own dated promises, week by week."""

import duckdb
import pandas as pd
from threadpoolctl import threadpool_limits

from pipelines.night import Night
from pipelines.tables import store
from pipelines.train import DEALS

TABLES = {
    "marts.commitments_adjusted": "What goes with a buyer's promise: hazard ratios, side by side.",
}
READS = frozenset(
    {
        "features.snapshots",
        "features.promise_weeks",
        "core.commitments",
        "core.deals",
        "core.outcomes",
        "core.silences",
        "core.stalls",
        "core.parameters",
    }
)
# Deals that are read; of more, so many are drawn. An interval from as many is narrow enough.
MOST_DEALS = 10_000
# Before a source shows its first promise of a buyer's, nothing says that they are kept there.
WEEKS = """
with firsts as (
    select d.source, min(c.made_sec) as sec
    from core.commitments c join core.deals d using (deal_id)
    where c.made_by = 'buyer' group by d.source
)
select s.deal_id, s.seller_id, s.snapshot_day, s.is_stalled, s.has_sign_of_life, s.source, s.stage,
    s.lead_source, s.age_days, s.days_in_stage, s.silence_days, s.amount, s.replies_13w,
    s.stage_order, s.pushes, s.contacts, s.seller_no_decision_rate,
    coalesce(w.made, 0) as made, coalesce(w.due, 0) as due, coalesce(w.due_kept, 0) as due_kept
from features.snapshots s
join firsts f on s.source = f.source
join drawn on s.deal_id = drawn.deal_id
left join features.promise_weeks w on s.deal_id = w.deal_id and s.week = w.week
where 86400 * (cast(s.snapshot_day as bigint) + 1) > f.sec and (s.silence_days < 7 or w.due > 0)
order by s.deal_id, s.week desc
"""


def run(con: duckdb.DuckDBPyConnection, night: Night) -> None:
    """Estimate and store."""
    from models import commitments, landmarks

    ids = con.sql("select deal_id from core.outcomes where outcome <> 'excluded'").df()
    drawn = landmarks.sampled(ids, MOST_DEALS, night.settings.model.seed)
    con.register("drawn", pd.DataFrame({"deal_id": pd.Series(drawn, dtype="str")}))
    of_drawn = "where deal_id in (select deal_id from drawn) order by deal_id"
    weeks = con.sql(WEEKS).df()
    deals = con.sql(f"select * from ({DEALS}) {of_drawn}").df()
    stalls = con.sql(f"from core.stalls {of_drawn}, spell").df()
    as_of_day = int(con.execute("select as_of_day from core.parameters").fetchall()[0][0])
    con.unregister("drawn")
    with threadpool_limits(1, user_api="blas"):
        found = commitments.adjusted(weeks, deals, stalls, as_of_day)
    store(con, {"marts.commitments_adjusted": found}, TABLES)
