"""What goes with answers: the one that matters is found among others, late answers are not."""

import duckdb
import numpy as np
import pandas as pd
import pytest

from models import frameworks as method
from models.frameworks import ADJUSTED, COUNT, adjusted
from models.frameworks import _directions as directions_of
from models.multiplicity import holm
from pipelines import frameworks, tables
from pipelines.night import Night

NAMES = ("buyer", "champion", "criteria", "pain")
NO_STALLS = pd.DataFrame(
    {
        "deal_id": pd.Series(dtype="str"),
        "stalled_day": pd.Series(dtype="int64"),
        "broken_day": pd.Series(dtype="Int64"),
    }
)
DAYS, SELLERS = 700, 25
ELEMENTS = pd.DataFrame(
    {
        "place": range(1, 5),
        "framework": "meddpicc",
        "element": NAMES,
        "source": "crm",
        "since_day": 0,
    }
)


def company(seed, effect=0.0, deals=900):
    """Deals that move on, are answered the more the further they are, and end the more so."""
    r = np.random.default_rng(seed)
    rows, told, ends = [], [], []
    for number in range(deals):
        created, stage, known = int(r.integers(0, 500)), 0, np.zeros(4, dtype=bool)
        name, outcome, closed = f"d{number:05}", "open", None
        since = np.zeros(4, dtype=np.int64)
        for week in range(40):
            day = created + 7 * week
            if day > DAYS:
                break
            rows.append((name, 1_000 - week, f"s{number % SELLERS}", day, str(stage), 7 * week))
            told += [
                (name, 1_000 - week, place + 1, since[place]) for place in np.flatnonzero(known)
            ]
            draw = r.random()
            if draw < 0.008 * np.exp(0.5 * stage + effect * known[0]):
                outcome, closed = ("won" if draw < 0.01 else "lost_to_competitor"), day + 3
                break
            if draw > 0.99:
                outcome, closed = "no_decision", day + 3
                break
            stage = min(stage + (r.random() < 0.25), 4)
            new = ~known & (r.random(4) < 0.05 + 0.05 * stage)
            known, since = known | new, np.where(new, 999 - week, since)
        ends.append((name, outcome, closed, closed))
    weeks = pd.DataFrame(
        rows, columns=["deal_id", "week", "seller_id", "snapshot_day", "stage", "age_days"]
    )
    weeks = weeks.assign(is_stalled=False, source="crm")
    answered = pd.DataFrame(told, columns=["deal_id", "week", "place", "from_week"])
    known = pd.DataFrame(ends, columns=["deal_id", "outcome", "closed_day", "event_day"])
    return weeks, answered, known.astype({"closed_day": "Int64", "event_day": "Int64"})


def estimated(company, elements=ELEMENTS):
    weeks, answered, deals = company
    return adjusted(weeks, elements, answered, deals, NO_STALLS, DAYS)


def decided(found):
    return found[found["ending"] == "decided"].set_index("element")


def test_the_element_that_matters_is_named_and_no_other():
    rows = decided(estimated(company(1, effect=1.0)))
    assert rows.loc["buyer", "goes_with"] == "more"
    assert rows.loc["buyer", "low"] < np.exp(1.0) < rows.loc["buyer", "high"]
    assert set(rows.loc[list(NAMES[1:]), "goes_with"]) == {"level"}
    # Four elements and their number, each for two endings.
    assert (rows["asked"] == 10).all()


def test_late_answers_alone_are_no_finding():
    told = [decided(estimated(company(seed))) for seed in range(3)]
    assert all(set(rows["goes_with"]) == {"level"} for rows in told)
    # Any answer against none, with nothing held equal, is another matter.
    assert all(rows.loc[COUNT, "plain"] > 1.5 for rows in told)


def test_a_ratio_near_one_is_no_finding_however_sure():
    found = pd.DataFrame(
        [
            (1.05, 1e-9, "level"),
            (1.2, 1e-9, "more"),
            (1.2, 0.2, "level"),
            (0.95, 1e-9, "level"),
            (0.8, 1e-9, "less"),
            (0.8, 0.2, "level"),
            (np.nan, np.nan, ""),
        ],
        columns=["ratio", "p_holm", "said"],
    )
    assert directions_of(found).tolist() == found["said"].tolist()


def test_many_are_held_to_account_together():
    p = np.array([0.01, np.nan, 0.04, 0.03, 0.6])
    assert holm(p)[[0, 2, 3, 4]] == pytest.approx([0.04, 0.09, 0.09, 0.6])
    assert np.isnan(holm(p)[1])
    found = estimated(company(2, deals=400))
    assert (found["p"].notna().groupby(found["ending"]).sum() >= 4).all()
    # Both endings stand side by side, so all of their ratios are looked at together.
    assert found["p_holm"].to_numpy() == pytest.approx(holm(found["p"].to_numpy()), nan_ok=True)
    assert set(found["asked"]) == {found["p"].notna().sum()}


def at_it(seed, deals=900):
    """Buyers who are at it for a while, answer and decide then, and never after; no reply tells."""
    r = np.random.default_rng(seed)
    rows, told, ends = [], [], []
    for number in range(deals):
        created, known = int(r.integers(0, 500)), {}
        name, outcome, closed = f"d{number:05}", "open", None
        lasts = r.geometric(0.08)
        for week in range(30):
            day = created + 7 * week
            if day > DAYS:
                break
            rows.append((name, 1_000 - week, f"s{number % SELLERS}", day, "0", 7 * week))
            told += [(name, 1_000 - week, place, since) for place, since in known.items()]
            is_engaged = week < lasts
            if r.random() < (0.04 if is_engaged else 0.001):
                outcome, closed = "won", day + 3
                break
            if r.random() < (0.005 if is_engaged else 0.04):
                outcome, closed = "no_decision", day + 3
                break
            for place in range(1, 5):
                if place not in known and is_engaged and r.random() < 0.05:
                    known[place] = 999 - week
        ends.append((name, outcome, closed, closed))
    weeks = pd.DataFrame(
        rows, columns=["deal_id", "week", "seller_id", "snapshot_day", "stage", "age_days"]
    )
    answered = pd.DataFrame(told, columns=["deal_id", "week", "place", "from_week"])
    known = pd.DataFrame(ends, columns=["deal_id", "outcome", "closed_day", "event_day"])
    return (
        weeks.assign(is_stalled=False, source="crm"),
        answered,
        known.astype({"closed_day": "Int64", "event_day": "Int64"}),
    )


def test_an_answer_as_news_of_a_buyer_who_is_at_it_is_no_effect(monkeypatch):
    companies = [at_it(seed) for seed in range(1, 4)]
    beside = [decided(estimated(each)).loc[COUNT] for each in companies]
    monkeypatch.setattr(method, "APART", ())
    alone = [decided(estimated(each)).loc[COUNT] for each in companies]
    assert {row["goes_with"] for row in alone} == {"more"}
    assert {row["goes_with"] for row in beside} == {"level"}
    left, crude = (np.mean([np.log(row["ratio"]) for row in rows]) for rows in (beside, alone))
    assert left < crude / 2


def test_the_order_of_rows_is_nothing():
    weeks, answered, deals = company(3, deals=300)
    one = estimated((weeks, answered, deals))
    two = estimated(
        (
            weeks.sample(frac=1, random_state=1),
            answered.sample(frac=1, random_state=2),
            deals.iloc[::-1],
        ),
        ELEMENTS.iloc[::-1],
    )
    pd.testing.assert_frame_equal(one, two, rtol=1e-6)


def test_empty_and_full_elements_are_told_apart_from_no_effect():
    weeks, answered, deals = company(4, deals=300)
    always = weeks[["deal_id", "week"]].assign(place=2, from_week=1_000)
    own = pd.concat([answered[answered["place"] > 2], always], ignore_index=True)
    rows = decided(estimated((weeks, own, deals)))
    assert rows.loc["buyer", "verdict"] == "empty"
    assert rows.loc["champion", "verdict"] == "always"
    assert rows.loc[["buyer", "champion"], "ratio"].isna().all()


def test_elements_that_always_go_together_share_what_they_go_with():
    weeks, answered, deals = company(5, effect=1.0)
    first = answered[answered["place"] == 1]
    twins = pd.concat([first, first.assign(place=2)], ignore_index=True)
    rows = decided(estimated((weeks, twins, deals), ELEMENTS.head(2)))
    assert np.isfinite(rows.loc[["buyer", "champion"], "ratio"]).all()
    assert rows.loc["buyer", "ratio"] == pytest.approx(rows.loc["champion", "ratio"], rel=0.05)


def test_weeks_before_a_source_answered_anything_do_not_count():
    weeks, answered, deals = company(6, deals=300)
    late = estimated((weeks, answered, deals), ELEMENTS.assign(since_day=350))
    assert (late["weeks"] < 0.7 * len(weeks)).all()
    other = estimated((weeks, answered, deals), ELEMENTS.assign(source="another"))
    assert (other["weeks"] == 0).all() and other["ratio"].isna().all()


@pytest.mark.parametrize("many", [0, 1, 30])
def test_little_says_little(many):
    weeks, answered, deals = company(7, deals=60)
    few = deals["deal_id"].head(many)
    weeks = weeks[weeks["deal_id"].isin(few)]
    found = estimated((weeks, answered, deals[deals["deal_id"].isin(few)]))
    assert list(found.columns) == ADJUSTED
    assert found["ratio"].isna().all() and set(found["goes_with"]) == {""}


def test_the_flow_survives_empty_tables():
    con = duckdb.connect()
    for schema in ("core", "features", "marts"):
        con.execute(f"create schema {schema}")
    day, number, word, flag = "integer", "double", "varchar", "boolean"
    shapes = {
        "core.outcomes": {"deal_id": word, "outcome": word, "rule": word, "event_day": day}
        | {"stalled_day": day, "is_cleanup": flag},
        "core.deals": {"deal_id": word, "source": word, "pipeline": word, "created_day": day}
        | {"closed_day": day},
        "core.qualification": {"deal_id": word, "source": word, "framework": word}
        | {"element": word, "answered_sec": "bigint", "is_answered": flag},
        "core.qualification_fields": {"field": word, "framework": word, "element": word}
        | {"is_dated": flag},
        "core.silences": {"deal_id": word, "start_day": day},
        "core.stalls": {"deal_id": word, "spell": day, "stalled_day": day, "broken_day": day},
        "core.parameters": {"as_of_day": day},
        "features.element_spells": {"deal_id": word, "framework": word, "element": word}
        | {"from_week": day, "until_week": day},
        "features.snapshots": dict.fromkeys(
            ("deal_id", "seller_id", "source", "stage", "lead_source"), word
        )
        | {"is_stalled": flag}
        | dict.fromkeys(("week", "snapshot_day", "age_days", "days_in_stage", "silence_days"), day)
        | dict.fromkeys(("replies_13w", "replies_all", "meetings_held", "stage_order"), day)
        | dict.fromkeys(("pushes", "contacts"), day)
        | dict.fromkeys(("amount", "seller_no_decision_rate"), number),
    }
    assert set(shapes) == frameworks.READS
    for name, columns in shapes.items():
        listed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        con.execute(f"create table {name} ({listed})")
    con.execute("insert into core.parameters values (100)")
    frameworks.run(con, Night())
    assert tables.count(con, "marts.frameworks_adjusted") == 0
    con.execute("insert into core.qualification_fields values ('F', 'own', 'fit', true)")
    con.execute("insert into core.qualification values ('d', 'crm', 'own', 'fit', 5, true)")
    frameworks.run(con, Night())
    found = con.sql("select distinct verdict from marts.frameworks_adjusted").fetchall()
    assert found == [("too_few",)]
