"""What goes with promises: a known ratio is found, hidden engagement is not taken for one."""

import duckdb
import numpy as np
import pandas as pd
import pytest

from models.commitments import ADJUSTED, adjusted
from models.moments import followed
from pipelines import commitments, tables
from pipelines.night import Night

SELLERS, DAYS = 30, 700


def company(seed, effect=0.0, deals=1_500):
    """Deals whose engaged buyers speak each week and sometimes promise; promises may bind.

    Only engaged buyers promise, and only they decide: deals with a promise do so far more often.
    """
    r = np.random.default_rng(seed)
    rows, ends = [], []
    for number in range(deals):
        created, bound, made = int(r.integers(0, 500)), 0, 0
        engaged = r.random() < 0.6
        name, seller = f"d{number:05}", f"s{number % SELLERS}"
        outcome, closed = "open", None
        for week in range(40):
            day = created + 7 * week
            if day > DAYS:
                break
            made = int(engaged and r.random() < 0.12)
            bound = 6 if made else bound - 1
            speaks = engaged or r.random() < 0.1
            rows.append((name, seller, day, 0 if speaks else 9, 7 * week, made))
            if engaged and r.random() < 0.04 * np.exp(effect * (bound > 0)):
                outcome, closed = "won", day + 3
                break
            if not engaged and r.random() < 0.05:
                outcome, closed = "no_decision", day + 3
                break
            engaged = engaged and r.random() > 0.03
        ends.append((name, outcome, closed, closed))
    weeks = pd.DataFrame(
        rows, columns=["deal_id", "seller_id", "snapshot_day", "silence_days", "age_days", "made"]
    )
    weeks = weeks.assign(is_stalled=False, has_sign_of_life=True, due=0, due_kept=0)
    told = pd.DataFrame(ends, columns=["deal_id", "outcome", "closed_day", "event_day"])
    numbers = {"closed_day": "Int64", "event_day": "Int64"}
    return weeks, told.astype(numbers), NO_STALLS


NO_STALLS = pd.DataFrame(
    {
        "deal_id": pd.Series(dtype="str"),
        "stalled_day": pd.Series(dtype="int64"),
        "broken_day": pd.Series(dtype="Int64"),
    }
)


def row_of(found, comparison="promised", held="all", ending="decided"):
    chosen = found["comparison"].eq(comparison) & found["held_equal"].eq(held)
    return found[chosen & found["ending"].eq(ending)].iloc[0]


def test_a_promise_that_binds_goes_with_a_decision():
    row = row_of(adjusted(*company(1, effect=1.2), DAYS))
    assert row["verdict"] == "ok" and row["goes_with"] == "more"
    assert 1.1 < row["low"] < row["ratio"] < row["high"]
    assert row["exposed_moments"] > 100 and row["sellers"] == SELLERS


def test_hidden_engagement_is_not_taken_for_a_promise():
    told = [row_of(adjusted(*company(seed), DAYS)) for seed in range(4)]
    assert [row["verdict"] for row in told] == ["ok"] * 4
    assert abs(np.log([row["ratio"] for row in told]).mean()) < 0.15
    # Deals with a promise, against deals without, are another matter.
    weeks, deals, _ = company(0)
    promised = weeks[weeks["made"] > 0]["deal_id"].unique()
    won = deals["outcome"].eq("won").groupby(deals["deal_id"].isin(promised)).mean()
    assert won[True] > won[False] + 0.2


def test_only_weeks_with_a_sign_of_life_are_compared():
    weeks, deals, stalls = company(5, deals=400)
    found = adjusted(weeks, deals, stalls, DAYS)
    spoke = weeks["silence_days"] < 7
    assert 0 < spoke.sum() < len(weeks)
    assert row_of(found)["moments"] == spoke.sum()
    silent = weeks.assign(has_sign_of_life=False)
    assert row_of(adjusted(silent, deals, stalls, DAYS))["moments"] == 0


def test_the_order_of_rows_is_nothing():
    weeks, deals, stalls = company(2, deals=400)
    one = adjusted(weeks, deals, stalls, DAYS)
    two = adjusted(weeks.sample(frac=1, random_state=1), deals.iloc[::-1], stalls, DAYS)
    pd.testing.assert_frame_equal(one, two, rtol=1e-6)


def test_a_record_without_promises_is_no_finding():
    weeks, deals, stalls = company(3, deals=200)
    found = adjusted(weeks.assign(made=0), deals, stalls, DAYS)
    assert set(found["verdict"]) == {"not_recorded"}
    assert found["ratio"].isna().all() and set(found["goes_with"]) == {""}


@pytest.mark.parametrize("many", [0, 1, 40])
def test_little_says_little(many):
    weeks, deals, stalls = company(4, deals=400)
    few = deals["deal_id"].head(many)
    weeks = weeks[weeks["deal_id"].isin(few)].reset_index(drop=True)
    found = adjusted(weeks, deals[deals["deal_id"].isin(few)], stalls, DAYS)
    assert list(found.columns) == ADJUSTED
    assert found["ratio"].isna().all()
    assert set(found["verdict"]) <= {"too_few", "not_recorded"}


def test_moments_are_followed_from_their_second_week_while_all_of_it_is_known():
    moments = pd.DataFrame(
        {
            "deal_id": ["at once", "later", "open", "stalled"],
            "snapshot_day": [100, 100, 100, 100],
            "is_stalled": [False, False, False, True],
        }
    )
    deals = pd.DataFrame(
        {
            "deal_id": ["at once", "later", "open", "stalled"],
            "outcome": ["won", "lost_to_competitor", "open", "open"],
            "closed_day": pd.array([105, 120, None, None], dtype="Int64"),
            "event_day": pd.array([105, 120, None, None], dtype="Int64"),
        }
    )
    found = followed(moments, deals, NO_STALLS, 100 + 8 * 7)
    told = [tuple(row) for row in found[["deal_id", "weeks_ahead", "ends"]].to_numpy()]
    assert told == [
        ("later", "2-2", ""),
        ("later", "3-4", "lost_to_competitor"),
        ("open", "2-2", ""),
        ("open", "3-4", ""),
        ("open", "5-8", ""),
    ]


def test_the_flow_survives_empty_tables():
    con = duckdb.connect()
    for schema in ("core", "features", "marts"):
        con.execute(f"create schema {schema}")
    moment, day, number, word, flag = "timestamp", "integer", "double", "varchar", "boolean"
    shapes = {
        "core.outcomes": {"deal_id": word, "outcome": word, "rule": word, "event_day": day}
        | {"stalled_day": day, "is_cleanup": flag},
        "core.deals": {"deal_id": word, "source": word, "pipeline": word, "created_day": day}
        | {"closed_day": day},
        "core.commitments": {"deal_id": word, "made_by": word, "made_sec": "bigint"},
        "core.silences": {"deal_id": word, "start_day": day},
        "core.stalls": {"deal_id": word, "spell": day, "stalled_day": day, "broken_day": day},
        "core.parameters": {"as_of": moment, "as_of_day": day},
        "features.promise_weeks": {"deal_id": word}
        | dict.fromkeys(("week", "made", "due", "due_kept"), day),
        "features.snapshots": dict.fromkeys(
            ("deal_id", "seller_id", "source", "stage", "lead_source"), word
        )
        | dict.fromkeys(("is_stalled", "has_sign_of_life"), flag)
        | dict.fromkeys(("week", "snapshot_day", "age_days", "days_in_stage", "silence_days"), day)
        | dict.fromkeys(("replies_13w", "stage_order", "pushes", "contacts"), day)
        | dict.fromkeys(("amount", "seller_no_decision_rate"), number),
    }
    assert set(shapes) == commitments.READS
    for name, columns in shapes.items():
        listed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        con.execute(f"create table {name} ({listed})")
    con.execute("insert into core.parameters values (null, 100)")
    commitments.run(con, Night())
    assert tables.count(con, "marts.commitments_adjusted") == 12
    assert con.sql("select distinct verdict from marts.commitments_adjusted").fetchall() == [
        ("not_recorded",)
    ]
