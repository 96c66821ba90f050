"""Which answered elements of qualification frameworks go with a decision, week by week."""

import duckdb
import pandas as pd
from threadpoolctl import threadpool_limits

from pipelines.commitments import MOST_DEALS
from pipelines.night import Night
from pipelines.tables import store
from pipelines.train import DEALS

TABLES = {
    "marts.frameworks_adjusted": "What goes with each answered element: hazard ratios.",
}
READS = frozenset(
    {
        "features.snapshots",
        "features.element_spells",
        "core.qualification",
        "core.qualification_fields",
        "core.deals",
        "core.outcomes",
        "core.silences",
        "core.stalls",
        "core.parameters",
    }
)
# A source's deals count from the day on which it first answered any element of the framework.
ELEMENTS = """
with firsts as (
    select source, framework, min(answered_sec) as sec from core.qualification group by all
),
named as (
    select framework, element,
        cast(row_number() over (order by framework, element) as integer) as place
    from core.qualification_fields where is_dated group by framework, element
)
select n.place, n.framework, n.element, f.source,
    cast(floor(f.sec / 86400) as integer) as since_day
from named n join firsts f on n.framework = f.framework
order by n.place, f.source
"""
WEEKS = """
select s.deal_id, s.week, s.seller_id, s.snapshot_day, s.is_stalled, s.source, s.stage,
    s.lead_source, s.age_days, s.days_in_stage, s.silence_days, s.amount, s.replies_13w,
    s.stage_order, s.pushes, s.contacts, s.seller_no_decision_rate, s.replies_all, s.meetings_held
from features.snapshots s join drawn on s.deal_id = drawn.deal_id
where s.source in (select source from elements)
order by s.deal_id, s.week desc
"""
ANSWERED = """
select s.deal_id, s.week, e.place, p.from_week
from features.snapshots s
join drawn on s.deal_id = drawn.deal_id
join features.element_spells p
    on s.deal_id = p.deal_id and s.week <= p.from_week and s.week > p.until_week
join (select distinct place, framework, element from elements) e
    on p.framework = e.framework and p.element = e.element
order by s.deal_id, s.week desc, e.place, p.from_week
"""


def run(con: duckdb.DuckDBPyConnection, night: Night) -> None:
    """Estimate and store."""
    from models import frameworks, landmarks

    elements = con.sql(ELEMENTS).df()
    ids = con.sql("select deal_id from core.outcomes where outcome <> 'excluded'").df()
    drawn = landmarks.sampled(ids, MOST_DEALS, night.settings.model.seed)
    con.register("drawn", pd.DataFrame({"deal_id": pd.Series(drawn, dtype="str")}))
    con.register("elements", elements)
    of_drawn = "where deal_id in (select deal_id from drawn) order by deal_id"
    weeks, answered = con.sql(WEEKS).df(), con.sql(ANSWERED).df()
    deals = con.sql(f"select * from ({DEALS}) {of_drawn}").df()
    stalls = con.sql(f"from core.stalls {of_drawn}, spell").df()
    as_of_day = int(con.execute("select as_of_day from core.parameters").fetchall()[0][0])
    for name in ("drawn", "elements"):
        con.unregister(name)
    with threadpool_limits(1, user_api="blas"):
        found = frameworks.adjusted(weeks, elements, answered, deals, stalls, as_of_day)
    store(con, {"marts.frameworks_adjusted": found}, TABLES)
