"""The leak alarm: canaries are named, honest features are not."""

import numpy as np
import pandas as pd
import pytest

from models import leaks, leaks_table
from models.features import FEATURES
from pipelines import leak_alarm, warehouse

ENDINGS = ("won", "lost_to_competitor", "disqualified", "no_decision")
HONEST = ("silence", "stage", "amount", "expected", "age", "channel", "skill", "framework")


def company(seed, deals=900, weeks=80):
    """Weekly rows of deals whose features hint at their ending the more the nearer it is."""
    rng = np.random.default_rng(seed)
    ending = rng.choice(ENDINGS, deals, p=[0.25, 0.15, 0.15, 0.45])
    born = rng.integers(0, weeks * 7, deals)
    life = 20 + rng.gamma(2.0, 40.0, deals).astype(int)
    channel = rng.choice(["web", "fair", None], deals)
    channel[ending == "won"] = rng.choice(["web", "fair", "fair"], (ending == "won").sum())
    skill = rng.normal(0, 1, deals) + (ending == "won")
    rows = []
    for n in range(deals):
        today, silence, stage, amount = weeks * 7, 0, 1, float(rng.integers(1, 99) * 100)
        expected = born[n] + life[n] * rng.uniform(0.5, 1.5)
        for day in range(born[n] + 6 - born[n] % 7, min(born[n] + life[n], today + 1), 7):
            left = born[n] + life[n] - day
            goes_quiet = ending[n] == "no_decision" and left < 50
            silence = silence + 7 if goes_quiet or rng.random() < 0.4 else 0
            stage += rng.random() < (0.3 if ending[n] == "won" and left < 40 else 0.1)
            amount *= rng.choice([1.0, 1.0, 1.0, 0.9])
            expected += 30 * (rng.random() < 0.05)
            has_ended = born[n] + life[n] <= today
            rows.append(
                {
                    "deal_id": f"d{n:04}",
                    "snapshot_day": day,
                    "outcome": ending[n] if has_ended else None,
                    "days_to_outcome": left if has_ended else np.nan,
                    "silence": silence,
                    "stage": str(min(stage, 6)),
                    "moves": stage,
                    "amount": amount,
                    "expected": expected - day,
                    "age": day - born[n],
                    "channel": channel[n],
                    "skill": skill[n],
                    # A framework that the company took up half-way through its history.
                    "framework": 1.0 if day > weeks * 3.5 and rng.random() < 0.5 else None,
                }
            )
    return pd.DataFrame(rows)


def canaries(rows, seed=0, noise=0.12):
    """Columns that an honest table cannot hold, and which kinds of evidence may name each."""
    rng = np.random.default_rng(seed)
    deals = rows.groupby("deal_id")
    last = deals.tail(1).set_index("deal_id")
    key = rows["deal_id"]
    flipped = pd.Series(
        np.where(rng.random(len(last)) < noise, "no_decision", last["outcome"]), last.index
    ).where(last["outcome"].notna())
    reason = pd.Series(rng.choice(["budget", "no answer", "fit"], len(last)), last.index)
    reason = reason.where(last["outcome"].notna() & (rng.random(len(last)) < 0.6))
    closing = last["snapshot_day"].where(last["outcome"].notna())
    found = {
        "copy": (rows["outcome"], {"outcome"}),
        "is_won": ((rows["outcome"] == "won") * 1.0, {"early"}),
        "noisy_copy": (key.map(flipped), {"early", "outcome", "filled"}),
        "noisy_flag": (
            (
                (rows["outcome"] == "won")
                ^ (key.map(pd.Series(rng.random(len(last)), last.index)) < noise)
            )
            * 1.0,
            {"early"},
        ),
        "reason": (key.map(reason), {"filled"}),
        "days_to_end": (rows["days_to_outcome"], {"foresight", "filled"}),
        "closing_day": (key.map(closing), {"foresight", "filled"}),
        "final_amount": (key.map(last["amount"]), {"foresight"}),
        "final_moves": (key.map(last["moves"]) + 1, {"foresight"}),
        "life": (key.map(last["age"] + rng.integers(0, 7, len(last))), {"foresight"}),
    }
    table = pd.concat([rows, pd.DataFrame({name: c for name, (c, _) in found.items()})], axis=1)
    return table, {name: kinds for name, (_, kinds) in found.items()}


@pytest.mark.parametrize("seed", range(3))
def test_honest_features_raise_nothing(seed):
    rows = company(seed)
    near = rows[(rows["days_to_outcome"] > 0) & (rows["days_to_outcome"] <= 7)]
    area, _ = leaks.auc(
        near["silence"].to_numpy(float), (near["outcome"] == "no_decision").to_numpy()
    )
    # Silence tells the ending well in its last week: that is news, and no leak.
    assert area > 0.9
    assert leaks.weekly_findings(rows, [*HONEST, "moves"]) == []


@pytest.mark.parametrize("seed", range(2))
def test_each_canary_is_named_and_nothing_else(seed):
    table, planted = canaries(company(seed), seed)
    found = leaks.weekly_findings(table, [*HONEST, *planted])
    kinds = {}
    for one in found:
        kinds.setdefault(one.feature, set()).add(one.kind)
    assert set(kinds) == set(planted)
    for name, wanted in planted.items():
        assert kinds[name] & wanted, (name, kinds[name])
    assert all(one.sentence.startswith(one.feature) for one in found)


def test_few_deals_say_nothing():
    table, planted = canaries(company(1, deals=40))
    assert leaks.weekly_findings(table, list(planted)) == []


def test_findings_depend_on_no_order_of_rows_and_the_first_and_last_landmark_are_enough():
    table, planted = canaries(company(2, deals=500))
    whole = leaks.weekly_findings(table, [*HONEST, *planted])
    assert leaks.weekly_findings(table.sample(frac=1, random_state=1), [*HONEST, *planted]) == whole
    alive = table[table["outcome"].isna() | (table["days_to_outcome"] > 0)]
    grouped = alive.sort_values(["deal_id", "snapshot_day"]).groupby("deal_id")
    ends = pd.concat([grouped.head(1), grouped.tail(1)]).drop_duplicates()
    assert leaks.weekly_findings(ends, [*HONEST, *planted]) == whole


def test_the_standard_error_is_that_of_repetition():
    rng = np.random.default_rng(3)
    is_case = np.arange(400) < 120
    drawn = []
    for _ in range(300):
        score = rng.normal(is_case * 0.8, 1)
        drawn.append(leaks.auc(score, is_case))
    areas, errors = np.array(drawn).T
    assert areas.std() == pytest.approx(errors.mean(), rel=0.12)
    score = np.array([0.1, 0.4, 0.4, 0.8, 0.9])
    assert leaks.auc(score, np.array([False, True, False, False, True]))[0] == 4.5 / 6


@pytest.fixture(scope="module")
def sample(built_warehouse):
    """The snapshots of the sample, in memory; `features.snapshots` is theirs to spoil."""
    with warehouse.in_memory() as con:
        con.execute(f"attach '{built_warehouse}' as built (read_only)")
        con.execute("create schema if not exists features")
        con.execute("create table honest as from built.features.snapshots")
        con.execute("detach built")
        yield con


KINDS = ("early", "filled", "foresight")


def test_the_sample_raises_no_alarm(sample):
    sample.execute("create or replace view features.snapshots as from honest")
    assert leak_alarm.check(sample, ("outcome",))[0]
    passed, words = leak_alarm.check(sample, KINDS)
    assert passed, words
    assert words.startswith(f"{len(FEATURES)} columns")


@pytest.mark.parametrize(
    ("kinds", "column"),
    [
        (("outcome",), "case when outcome is not null then hash(outcome) % 97 end"),
        (KINDS, "case when outcome is not null then days_to_outcome end"),
        (KINDS, "first_value(amount) over (partition by deal_id order by snapshot_day desc)"),
        (KINDS, "max(stage_moves) over (partition by deal_id)"),
        (KINDS, "case when outcome in ('lost_to_competitor', 'no_decision') then 'a word' end"),
    ],
)
def test_a_canary_in_the_sample_is_named(sample, kinds, column):
    sample.execute(
        f"create or replace view features.snapshots as select *, {column} as canary from honest"
    )
    passed, words = leak_alarm.check(sample, kinds)
    assert not passed
    assert words.startswith("canary ")
    assert words.count("; ") <= 1


def test_a_table_without_dates_names_what_adds_too_much():
    rng = np.random.default_rng(5)
    n = 3_000
    fit = rng.normal(size=n)
    is_case = rng.random(n) < 1 / (1 + np.exp(-fit))
    table = pd.DataFrame(
        {
            "fit": fit + rng.normal(0, 0.5, n),
            "region": rng.choice(["north", "south"], n),
            "noise": rng.normal(size=n),
            "elapsed": rng.normal(size=n) + 1.5 * is_case,
            "closing code": np.where(is_case, "signed", "gone"),
        }
    )
    reading = leaks_table.table_findings(table, is_case, list(table), ["fit", "region"])
    assert [one.feature for one in reading.findings] == ["closing code", "elapsed"]
    assert reading.everything[0] == 1.0
    low, high = reading.at_start[1:]
    assert low < reading.at_start[0] < high < 0.85
    with pytest.raises(ValueError, match="fewer than 30 deals"):
        leaks_table.table_findings(table[:20], is_case[:20], list(table), ["fit"])
