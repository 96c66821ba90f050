"""features.snapshots to what goes with options on the table: hazard ratios, curve, answer."""

import duckdb
import pandas as pd
from threadpoolctl import threadpool_limits

from pipelines.night import Night
from pipelines.tables import store
from pipelines.train import DEALS

MOST_DEALS = 20_000  # whole deals, drawn by lot
TABLES = {
    "marts.options_adjusted": "Hazard ratios of options on the table over the half year after.",
    "marts.options_curve": "No decision by number of options: observed, and standardised.",
    "marts.options_answer": "No decision with one more option than there was, by horizon.",
}
READS = frozenset(
    {
        "features.snapshots",
        "core.options",
        "core.outcomes",
        "core.deals",
        "core.silences",
        "core.stalls",
        "core.parameters",
    }
)
# Until a source has shown its first option, nothing says that options are recorded there. Four
# weeks earlier a deal that did not exist had none.
SNAPSHOTS = """
with sources as (
    select d.source, min(floor(o.offered_sec / 86400)) as first_day
    from core.options o join core.deals d using (deal_id) group by d.source
)
select s.deal_id, s.seller_id, s.source, s.snapshot_day, s.is_stalled, s.has_sign_of_life,
    s.age_days, s.days_in_stage, s.silence_days, s.amount, s.replies_13w, s.stage_order, s.pushes,
    s.contacts, s.seller_no_decision_rate, s.stage, s.lead_source, s.replies_all, s.meetings_held,
    s.touches_all, s.options_ours, s.options_competitor, s.options_all, s.incumbent_known,
    coalesce(b.options_all, 0) as options_before
from features.snapshots s
join sources r on s.source = r.source and s.snapshot_day >= r.first_day
left join features.snapshots b on s.deal_id = b.deal_id and s.week + 4 = b.week
where s.deal_id in (select deal_id from asked)
order by s.deal_id, s.week desc
"""


def run(con: duckdb.DuckDBPyConnection, night: Night) -> None:
    """Estimate and store."""
    from models import options
    from models.landmarks import sampled

    seed = night.settings.model.seed
    deals = con.sql(DEALS).df()
    drawn = sampled(deals, MOST_DEALS, seed)
    con.register("asked", pd.DataFrame({"deal_id": pd.Series(drawn, dtype="str")}))
    snapshots = con.sql(SNAPSHOTS).df()
    con.unregister("asked")
    stalls = con.sql("from core.stalls order by deal_id, spell").df()
    as_of_day = int(con.execute("select as_of_day from core.parameters").fetchall()[0][0])
    # One thread: sums come out in one order whatever the machine.
    with threadpool_limits(1, user_api="blas"):
        found = options.options(snapshots, deals, stalls, as_of_day, seed)
    store(
        con,
        {
            "marts.options_adjusted": found.ratios,
            "marts.options_curve": found.curve,
            "marts.options_answer": found.answer,
        },
        TABLES,
    )
