"""The rewind property: a snapshot of the past knows nothing that was recorded later.

Every fact that the vendors' views hold is cut at a past day T, the flow is run again on what is
left with the learned thresholds frozen, and the feature columns of all snapshots up to T must
come out the same. A fact that changed later stands as it was: the owner of that day, a promise
not yet kept, a meeting not yet called off. What an export can tell, and since when a channel is on
record, is frozen too: facts of the export, not of its past. Current-row attributes of deals that
were still open at T are blanked, so a feature that reads the present by mistake shows up as a
difference.
"""

from collections.abc import Collection, Iterable

import duckdb

from pipelines import seeds, tables

WEEKS_BACK = 8
SAMPLE_DEALS = 5_000
LABELS = ("outcome", "days_to_outcome", "is_censored")
# A sample of accounts is no sample of what sellers did: their rates, and whether they were at work,
# are compared in full runs only.
NEEDS_ALL_DEALS = (
    *("seller_closed_before", "seller_no_decision_rate", "seller_disqualified_rate"),
    "is_observed",
)
# The column that says when a fact entered the system, for each of the crm tables.
RECORDED = {
    "accounts": "created_sec",
    "leads": "created_sec",
    "deals": "created_sec",
    "deal_states": "changed_sec",
    "activities": "coalesce(recorded_sec, happened_sec)",
    "deal_contacts": "added_sec",
    "options": "offered_sec",
    "commitments": "made_sec",
    "owner_changes": "changed_sec",
    "qualification": "answered_sec",
}
# Of these a sample of accounts needs the rows of its own deals only.
OF_DEALS = ("deal_states", "activities", "deal_contacts", "options", "commitments", "owner_changes")
# Tables that the rewound flow takes over: what was learned, and what an export can tell.
FROZEN = ("core.stall_thresholds", "core.observation", "core.capabilities")
# What of a deal's current row is no news: its key, what is set when it is made, and what is a
# property of the export. What it says about itself today is in PRESENT.
KEPT = (
    *("source", "deal_id", "source_id", "account_id", "name", "created_at", "created_sec"),
    *("pipeline", "deal_type", "currency", "corporate_currency", "corporate_rate"),
    *("history_level", "has_own_id"),
)
# Dated elsewhere: what the row says of these was so only since their last change.
DATED = {
    "seller_id": "coalesce(given_away_by, seller_id)",
    "lead_source": "case when source in (select c.source from {crm}.creation_facts c "
    "where c.attribute = 'lead_source') then lead_source end",
}
# What the current row of a deal says about itself today, blank while the deal was open at T.
PRESENT = {
    "is_closed": "false",
    "is_won": "false",
    "stage": "null",
    "close_on": "null",
    "close_day": "null",
    "amount": "null",
    "crm_probability": "null",
    "lost_reason": "null",
    "lost_reason_detail": "null",
    "won_reason": "null",
    "competitor": "null",
    "return_on": "null",
    "return_day": "null",
    "last_stage_change_sec": "null",
    "modified_at": "null",
    "modified_sec": "null",
    "outcome_hint": "null",
    "reopened_hint": "null",
    "last_inbound_sec": "null",
    "last_outbound_sec": "null",
}


def shapes() -> list[str]:
    """The tables of `crm` that core reads: each the union of what all vendors tell."""
    return [
        name.split(".")[1]
        for name, query in tables.queries().items()
        if query.schema == "crm" and query.path is None
    ]


def _of_sample(catalog: str, share: int) -> str:
    """Whether a deal of `crm` is of a sampled account.

    Always among them are the accounts of the first answer to a framework, since which it is used,
    and of the first supplier on record, since which suppliers are.
    """
    return f"""
        (
            abs(hash(account_id)) % {share} = 0
            or account_id in (
                select d.account_id from {catalog}.crm.deals d
                where d.deal_id in (
                    select min_by(q.deal_id, (q.answered_sec, q.deal_id))
                    from {catalog}.core.qualification q
                    group by q.source, q.framework
                    union all
                    select min_by(
                        o.deal_id, (greatest(o.offered_sec, f.created_sec), o.deal_id)
                    )
                    from {catalog}.crm.options o
                    join {catalog}.crm.deals f on f.deal_id = o.deal_id
                    where o.kind = 'incumbent'
                    group by f.source
                )
            )
        )
    """


def cut_tables(con: duckdb.DuckDBPyConnection, catalog: str, end_sec: int, share: int = 1) -> None:
    """Copy a catalog's `crm` into the catalog in use without what was recorded from `end_sec` on.

    The catalog's own core.deals say which deals were still open then.
    """
    sampled = _of_sample(catalog, share) if share > 1 else "true"
    for shape in shapes():
        source = f"{catalog}.crm.{shape}"
        conditions = ["true"]
        columns = "*"
        if share > 1 and shape in OF_DEALS:
            # A table as large as the company is not copied for a few of its accounts.
            left_out = f"select deal_id from {catalog}.crm.deals where not {sampled}"
            conditions.append(f"(deal_id is null or deal_id not in ({left_out}))")
        if shape in RECORDED:
            recorded = RECORDED[shape]
            conditions.append(f"({recorded} is null or {recorded} < {end_sec})")
        if shape == "deals":
            conditions.append(sampled)
            blanked = ", ".join(
                f"case when still_open then {value} else {column} end as {column}"
                for column, value in PRESENT.items()
            )
            dated = ", ".join(
                f"{value.format(crm=f'{catalog}.crm')} as {column}"
                for column, value in DATED.items()
            )
            columns = f"* exclude (still_open, given_away_by) replace ({blanked}, {dated})"
            source = (
                f"(select d.*, exists (select 1 from {catalog}.core.deals c "
                f"where c.deal_id = d.deal_id and (c.closed_sec is null or "
                f"c.closed_sec >= {end_sec})) as still_open, "
                "(select min_by(o.from_seller_id, (o.changed_sec, o.from_seller_id, "
                f"o.to_seller_id)) from {catalog}.crm.owner_changes o where o.deal_id = d.deal_id "
                f"and o.from_seller_id <> o.to_seller_id and o.changed_sec >= {end_sec}) "
                f"as given_away_by from {source} d)"
            )
        if shape == "commitments":
            columns = (
                f"* replace (case when kept_sec < {end_sec} then kept_sec end as kept_sec, "
                f"case when kept_sec < {end_sec} then kept_at end as kept_at)"
            )
        if shape == "leads":
            # Becoming a deal sets both; which account a lead named before is not told.
            later = (
                f"deal_id in (select deal_id from {catalog}.crm.deals "
                f"where created_sec >= {end_sec})"
            )
            columns = (
                f"* replace (case when {later} then null else deal_id end as deal_id, "
                f"case when {later} then null else account_id end as account_id, "
                f"case when modified_sec < {end_sec} then status end as status, "
                f"case when modified_sec < {end_sec} then reason end as reason)"
            )
        if shape == "options":
            columns = (
                f"* replace (case when withdrawn_sec < {end_sec} then withdrawn_sec end "
                "as withdrawn_sec)"
            )
        if shape == "activities":
            columns = (
                f"* replace (case when cancelled_sec < {end_sec} then cancelled_sec end "
                "as cancelled_sec)"
            )
        con.execute(
            f"create table crm.{shape} as select {columns} from {source} "
            f"where {' and '.join(conditions)}"
        )


def rebuild_until(
    con: duckdb.DuckDBPyConnection,
    day: int,
    share: int = 1,
    *,
    frozen: Collection[str] = FROZEN,
    wanted: Iterable[str] = ("features.snapshots",),
) -> None:
    """Attach the catalog `rewound`: the flow as it would have been at the end of `day`.

    What is frozen is taken over, what is wanted is made, with all that it is made from. With
    `share` above 1 only every `share`-th account is taken. The caller detaches `rewound`.
    """
    catalog = con.execute("select current_database()").fetchall()[0][0]
    end_sec = (day + 1) * 86_400
    con.execute("attach ':memory:' as rewound")
    con.execute("use rewound")
    try:
        for schema in ("raw", "crm", "core", "features", "marts"):
            con.execute(f"create schema {schema}")
        cut_tables(con, catalog, end_sec, share)
        for seed in sorted(set(seeds.TABLES) - {"core.settings"}):
            con.execute(f"create view {seed} as select * from {catalog}.{seed}")
        con.execute(
            "create table core.settings as select * replace "
            f"({day} as as_of_override_day) from {catalog}.core.settings"
        )
        for name in frozen:
            con.execute(f"create table {name} as from {catalog}.{name}")
        needed = needed_for(*wanted)
        for query in tables.queries().values():
            if query.name in needed and query.name not in frozen:
                tables.build(con, query)
    finally:
        con.execute(f"use {catalog}")


def needed_for(*wanted: str) -> set[str]:
    """Tables of core or features and everything in core and features that they are made from."""
    made = tables.queries()
    needed: set[str] = set()
    waiting = list(wanted)
    while waiting:
        name = waiting.pop()
        if name in needed or name not in made or made[name].schema not in ("core", "features"):
            continue
        needed.add(name)
        waiting += made[name].reads
    return needed


def differences(con: duckdb.DuckDBPyConnection, day: int, *, sampled: bool) -> dict[str, int]:
    """For each feature, the snapshots up to `day` that differ from `rewound`'s.

    The key `rows` counts snapshots that only one side has.
    """
    skipped = {*LABELS, *(NEEDS_ALL_DEALS if sampled else ())}
    columns = [
        name
        for (name, *_) in con.execute("describe features.snapshots").fetchall()
        if name not in skipped and name not in ("deal_id", "week", "snapshot_day")
    ]
    here = f"(select * from features.snapshots where snapshot_day <= {day})"
    if sampled:
        here = f"(select * from {here} where deal_id in (select deal_id from rewound.crm.deals))"
    compared = ", ".join(
        f'sum(case when a."{c}" is distinct from b."{c}" then 1 else 0 end) as "{c}"'
        for c in columns
    )
    # What a deal turned out not to be one by (a duplicate, a renewal) may be told at its end only.
    there = (
        "(select * from rewound.features.snapshots where deal_id not in "
        "(select deal_id from core.outcomes where outcome = 'excluded'))"
    )
    both = f"{here} a join {there} b using (deal_id, snapshot_day)"
    found = con.execute(f"select count(*), {compared} from {both}").fetchall()[0]
    lonely = con.execute(
        f"select (select count(*) from {here}) + (select count(*) from {there}) - 2 * {found[0]}"
    ).fetchall()[0][0]
    result = {name: int(n) for name, n in zip(columns, found[1:], strict=True) if n}
    return {**({"rows": int(lonely)} if lonely else {}), **result}


def check(con: duckdb.DuckDBPyConnection) -> tuple[bool, str]:
    """Rewind by eight weeks (on a sample of accounts when there are many deals)."""
    day, deals = con.execute(
        "select max(as_of_day), (select count(*) from core.deals) from core.parameters"
    ).fetchall()[0]
    day -= 7 * WEEKS_BACK
    snapshots = con.execute(
        f"select count(*) from features.snapshots where snapshot_day <= {day}"
    ).fetchall()[0][0]
    if not snapshots:
        return True, f"nothing to compare: no snapshot is {WEEKS_BACK} weeks old"
    share = -(-deals // SAMPLE_DEALS)
    rebuild_until(con, day, share)
    try:
        found = differences(con, day, sampled=share > 1)
    finally:
        con.execute("detach rewound")
    if not found:
        return True, f"{snapshots} snapshots compared, none differs"
    worst = ", ".join(f"{name} in {n}" for name, n in sorted(found.items(), key=lambda x: -x[1]))
    return False, f"of {snapshots} snapshots, these know the future: {worst}"
