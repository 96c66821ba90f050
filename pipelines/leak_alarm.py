"""The leak alarm over the snapshots: which columns know more than their day allowed.

Rebuilding the past (`pipelines.rewind`) proves that no fact recorded later is read; this looks at
the values alone, and so also sees what was recorded under an earlier day than it was known.
"""

from collections.abc import Sequence

import duckdb

from pipelines.rewind import LABELS

SAMPLE_DEALS = 10_000
KEYS = ("deal_id", "seller_id", "account_id", "source", "snapshot_at", "snapshot_day", "week")
# The first and the last landmark of each deal before its end; an even sample where there are many.
LANDMARKS = """
with alive as (
    select *,
        row_number() over (partition by deal_id order by snapshot_day) as place,
        row_number() over (partition by deal_id order by snapshot_day desc) as place_from_last
    from features.snapshots
    where abs(hash(deal_id)) % $1 = 0 and (outcome is null or days_to_outcome > 0)
)
select * exclude (place, place_from_last) from alive where place = 1 or place_from_last = 1
order by deal_id, snapshot_day
"""


def check(con: duckdb.DuckDBPyConnection, kinds: Sequence[str]) -> tuple[bool, str]:
    """Whether no column shows evidence of these kinds (see `models.leaks`), and a sentence."""
    from models import leaks

    deals = con.execute("select count(distinct deal_id) from features.snapshots").fetchall()[0][0]
    rows = con.execute(LANDMARKS, [max(-(-deals // SAMPLE_DEALS), 1)]).df()
    names = [str(name) for name in rows if name not in (*KEYS, *LABELS, "is_stalled")]
    found = leaks.weekly_findings(rows, names, kinds)
    if not found:
        return True, f"{len(names)} columns of {rows['deal_id'].nunique()} deals, none suspicious"
    return False, "; ".join(one.sentence for one in found)
