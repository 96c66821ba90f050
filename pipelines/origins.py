"""features.origin_deals to what origins go with: rates, and contrasts beside what else is known."""

import duckdb
from threadpoolctl import threadpool_limits

from pipelines.night import Night
from pipelines.tables import store

TABLES = {
    "marts.origin_rates": "Win rate, days and hours of the deals that ended, by origin.",
    "marts.origin_contrasts": "Wins and stalls of one origin against another, all else equal.",
}
READS = frozenset({"features.origin_deals"})
DEALS = """
select deal_id, source, seller_id, party, account_deals_before, pipeline, lead_source,
    origin_found, amount_base, quarter, outcome, days, hours, followed_days
from features.origin_deals order by deal_id
"""


def run(con: duckdb.DuckDBPyConnection, night: Night) -> None:
    """Describe, compare and store."""
    from models import origins
    from models.trial import Rules

    settings = night.settings
    rules = Rules.of({**settings.comparison.model_dump(), "seed": settings.model.seed})
    deals = con.sql(DEALS).df()
    with threadpool_limits(1):
        found = {
            "marts.origin_rates": origins.rates(deals),
            "marts.origin_contrasts": origins.contrasts(deals, rules),
        }
    store(con, found, TABLES)
