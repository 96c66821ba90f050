"""A company whose true weekly hazards are written down here, and a model that knows them."""

import numpy as np
import pandas as pd

from models.features import CATEGORIES, FEATURES
from models.incidence import ENDINGS, cumulative
from models.landmarks import BIN_ENDS

AS_OF = 20_000
STAGES = np.array(["Qualify", "Proposal", "Legal"])
WEEKS = 80
TRUTH = ("silence_days", "pushes", "stage", "age_days")


def hazards(silence, pushes, stage, week):
    """True P(ends so in week `week` of a deal's life | not before), shape (..., endings)."""
    stuck = 1 / (1 + np.exp(-(silence - 25) / 5))
    stalls = 0.006 + 0.075 * stuck * (0.35 + 0.65 * (pushes >= 2))
    fit = np.select([stage == "Legal", stage == "Proposal"], [1.8, 1.0], 0.4)
    wins = 0.06 * fit * np.exp(-silence / 25) * np.exp(-(((week - 9) / 12) ** 2))
    lost = np.full(np.shape(wins), 0.01)
    let_go = 0.006 + 0.02 * (stage == "Qualify") + 0 * wins
    other = np.full(np.shape(wins), 0.003)
    by_name = {
        "won": wins,
        "lost_to_competitor": lost,
        "disqualified": let_go,
        "no_decision": stalls + 0 * wins,
        "other": other,
    }
    return np.stack([by_name[name] for name in ENDINGS], axis=-1)


class Oracle:
    """The true hazards by bin; they are those of the weeks after the landmark."""

    name = "oracle"

    def weekly(self, rows):
        """Cumulative incidence by the end of each of 26 weeks ahead; (n, 26, endings)."""
        ahead = np.arange(1, BIN_ENDS[-1] + 1)[None, :]
        silence, pushes = (rows[name].to_numpy(dtype=float)[:, None] for name in TRUTH[:2])
        stage = rows["stage"].to_numpy(dtype=str)[:, None]
        week = rows["age_days"].to_numpy(dtype=float)[:, None] // 7 + ahead
        return cumulative(hazards(silence, pushes, stage, week))

    def hazards(self, rows):
        whole = self.weekly(rows)
        by_end = np.concatenate([np.zeros_like(whole[:, :1]), whole[:, BIN_ENDS - 1]], axis=1)
        alive = 1 - by_end[:, :-1].sum(axis=-1, keepdims=True)
        return np.diff(by_end, axis=1) / alive

    def no_decision(self, rows, days):
        """True P(no decision within some days); ends are spread evenly over a week."""
        whole = self.weekly(rows)[..., ENDINGS.index("no_decision")]
        weeks, rest = divmod(days, 7)
        before = whole[:, weeks - 1]
        return before + rest / 7 * (whole[:, weeks] - before)


def company(deals, seed, weeks=WEEKS):
    """Snapshots, deals and stalls of a company that goes by these hazards."""
    rng = np.random.default_rng(seed)
    start = AS_OF - 7 * rng.integers(1, weeks, deals)
    silence = np.round(rng.gamma(3.0, 8.0, deals), 1)
    pushes = rng.poisson(1.3, deals).astype(float)
    stage = STAGES[rng.integers(0, 3, deals)]
    outcome = np.full(deals, "open", dtype=object)
    end = np.full(deals, np.nan)
    lived = (AS_OF - start) // 7
    for week in range(1, weeks + 1):
        rows = np.flatnonzero((outcome == "open") & (week <= lived))
        h = hazards(silence[rows], pushes[rows], stage[rows], np.full(len(rows), week))
        which = (rng.random(len(rows))[:, None] > np.cumsum(h, axis=1)).sum(axis=1)
        ends = which < len(ENDINGS)
        day = start[rows] + 7 * (week - 1) + rng.integers(1, 8, len(rows))
        outcome[rows[ends]] = np.array(ENDINGS, dtype=object)[which[ends]]
        end[rows[ends]] = day[ends]
    outcome[outcome == "other"] = "unknown_loss"
    last = np.where(np.isnan(end), AS_OF + 1, end)
    many = np.minimum(np.ceil((last - start) / 7), lived + 1).astype(int)
    deal = np.repeat(np.arange(deals), many)
    age = 7 * (np.arange(len(deal)) - np.repeat(np.cumsum(many) - many, many))
    names = np.array([f"d{number:05}" for number in range(deals)])
    told = {"silence_days": silence[deal], "pushes": pushes[deal], "stage": stage[deal]}
    rows = pd.DataFrame(
        {
            "deal_id": names[deal],
            "snapshot_day": start[deal] + age,
            "snapshot_at": pd.to_datetime(start[deal] + age + 1, unit="D"),
            "week": (AS_OF - start[deal] - age) // 7,
            "is_stalled": False,
            "crm_probability": np.nan,
            **{
                name: told.get(name, "same" if name in CATEGORIES else 0.0)
                for name in FEATURES
                if name != "age_days"
            },
            "age_days": age.astype(float),
        }
    )
    for name in ("amount", "touches_4w", "days_in_stage"):
        rows[name] = rng.normal(size=len(rows))
    table = pd.DataFrame(
        {"deal_id": names, "outcome": outcome, "rule": "reason", "event_day": end}
    ).assign(closed_day=end)
    stalls = pd.DataFrame(
        {
            "deal_id": pd.Series(dtype="str"),
            "stalled_day": pd.Series(dtype="int64"),
            "broken_day": pd.Series(dtype="float64"),
        }
    )
    return rows, table, stalls


def judged(deals, seed):
    """The fit of such a company with the oracle judged beside it, and tonight's open deals."""
    from models import stall

    def also_oracle(train, seed):
        return {**models(train, seed), "oracle": Oracle()}

    rows, table, stalls = company(deals, seed)
    models, stall._models = stall._models, also_oracle
    try:
        fit = stall.fit(rows, table, stalls, as_of_day=AS_OF, seed=seed)
    finally:
        stall._models = models
    open_deals = table.loc[table["outcome"] == "open", "deal_id"]
    tonight = rows[(rows["week"] == 0) & rows["deal_id"].isin(open_deals)]
    return fit, tonight.reset_index(drop=True)


def at_90(fit, metric, model):
    """A score of no decision at 90 days on the whole test."""
    found = fit.evaluation
    row = found[
        (found["metric"] == metric)
        & (found["model"] == model)
        & (found["cause"] == "no_decision")
        & (found["horizon_days"] == 90)
        & (found["slice"] == "all")
    ]
    return float(row["value"].iloc[0])
