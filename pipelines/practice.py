"""How this company lets go, by team and month, from its decision times and walk-aways."""

import duckdb
from threadpoolctl import threadpool_limits

from pipelines.night import Night
from pipelines.tables import store

TABLES = {
    "marts.practice": "How fast, clear and sure letting go is: in all, by team, by month.",
    "marts.practice_curves": "What each team decides by some days, beside what is expected of it.",
    "marts.practice_spread": "Whether teams, and sellers, differ beyond case mix and chance.",
}
READS = frozenset({"features.decision_times", "features.walks_held", "core.sellers"})
# What a seller is called: the name, and the id beside it where two are called alike.
NAMED = """
select f.*, case
    when s.name is null then f.seller_id
    when count(distinct f.seller_id) over (partition by s.name) > 1
        then s.name || ' (' || f.seller_id || ')'
    else s.name
end as seller
from {table} f
left join core.sellers s on f.seller_id = s.seller_id
"""


def run(con: duckdb.DuckDBPyConnection, night: Night) -> None:
    """Measure, tell apart, and store; sellers are read by name only where settings allow it."""
    from models.practice import practice
    from models.practice_measures import Rules

    settings = night.settings
    rules = Rules(
        settings.comparison.bootstrap_draws,
        settings.model.seed,
        settings.reports.name_sellers,
    )
    tables = ("features.decision_times", "features.walks_held")
    read = NAMED if rules.name_sellers else "select * from {table}"
    waits, walks = (con.sql(read.format(table=table)).df() for table in tables)
    with threadpool_limits(1):
        found = practice(waits, walks, rules)
    store(
        con,
        {
            "marts.practice": found.measures,
            "marts.practice_curves": found.curves,
            "marts.practice_spread": found.spreads,
        },
        TABLES,
    )
