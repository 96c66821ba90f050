"""What follows a walk-away: objections within days, returns within the year, what becomes of them.

Returns are followed to the end of the data and no longer: the share within the year is one less
Kaplan-Meier, errors clustered by seller. Whether a return date or a reason goes with more returns
is asked among endings beside equal amount, age, lead source, pipeline and quarter, within sellers
(models.alike).
"""

import numpy as np
import pandas as pd
from scipy.stats import t as student

from models.alike import Alike, seen_by, verdict
from models.description import share_interval
from models.followup import curve_table, incidence
from models.propensity import Flags, codes
from models.trial import Rules, flags, numbers, sampled

GROUPS = (
    *("all", "with_date", "without_date", "with_reason", "without_reason"),
    *("ending", "parking", "lead"),
)
CURVES = ("all", "with_date", "without_date")
CONTRASTS = {"date": "has_date", "reason": "has_reason"}
LEAST_SHOWN = 10
BECAME = {
    "won": ("won",),
    "no_decision": ("no_decision",),
    "lost": ("lost_to_competitor", "unknown_loss", "seller_drop"),
    "let_go": ("disqualified",),
    "open": ("open",),
}
COLUMNS = {
    "group": "str",
    **dict.fromkeys(("walk_aways", "with_account", "sellers"), "int64"),
    **dict.fromkeys(("bristle_followed", "bristled"), "int64"),
    **dict.fromkeys(("bristle_share", "bristle_low", "bristle_high"), "float64"),
    **dict.fromkeys(("followed", "returned"), "int64"),
    **dict.fromkeys(("return_share", "return_low", "return_high", "median_days"), "float64"),
    **dict.fromkeys(BECAME, "int64"),
    **dict.fromkeys(("won_share", "won_low", "won_high"), "float64"),
    **dict.fromkeys(("bristle_verdict", "verdict"), "str"),
}
CURVE_COLUMNS = {
    **{"group": "str", "day": "int64"},
    **dict.fromkeys(("incidence", "low", "high"), "float64"),
    "n_at_risk": "int64",
}
CONTRAST_COLUMNS = {
    **dict.fromkeys(("contrast", "outcome"), "str"),
    "within_days": "int64",
    **dict.fromkeys(("share", "other_share", "difference"), "float64"),
    **dict.fromkeys(("estimate", "low", "high"), "float64"),
    **dict.fromkeys(("n", "other_n", "events", "sellers"), "int64"),
    "verdict": "str",
}


def _on_deals(walks: pd.DataFrame) -> Flags:
    found: Flags = (walks["act"] != "lead").to_numpy(dtype=np.bool_)
    return found


def belongs(walks: pd.DataFrame, group: str) -> Flags:
    """Which rows (n,) are of a group of GROUPS; dates and reasons are asked of deals alone."""
    if group == "all":
        return np.ones(len(walks), dtype=np.bool_)
    if group.startswith("with"):
        side, _, what = group.partition("_")
        is_so = flags(walks, f"has_{what}")
        return _on_deals(walks) & (is_so if side == "with" else ~is_so)
    found: Flags = (walks["act"] == group).to_numpy(dtype=np.bool_)
    return found


def table(walks: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """A row a group of walk-aways, as COLUMNS. `walks` is features.walk_aways.

    `followed` are those with an account, at risk of returning; `returned` those seen within the
    year. `won`, `lost` and so on are what the deals of these returns came to, and `won_share` is of
    those that ended. A share is null and its verdict "no_account" where no account is known,
    "too_few" below 10 rows or 2 sellers, and "not_followed" where fewer than 10 were still
    followed at its end.
    """
    ordered = walks.sort_values("walk_id", kind="stable")
    rows = [_group(name, ordered[belongs(ordered, name)], rules) for name in GROUPS]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def _group(name: str, walks: pd.DataFrame, rules: Rules) -> dict[str, object]:
    deals = walks[_on_deals(walks) & flags(walks, "has_account")]
    seen = deals[deals["followed_days"] >= rules.bristle_days]
    with_account = walks[flags(walks, "has_account")]
    back = with_account[numbers(with_account, "days_to_return") <= rules.return_days]
    ended = back[~back["returned_outcome"].isin(["open", "excluded"])]
    bristled = numbers(seen, "days_to_bristle") <= rules.bristle_days
    days = numbers(back, "days_to_return")
    told = _shares("bristle", seen, bristled) | _shares(
        "won", ended, (ended["returned_outcome"] == "won").to_numpy(dtype=np.bool_)
    )
    told.pop("won_verdict")
    if deals.empty:
        told["bristle_verdict"] = "no_account"
    return {
        "group": name,
        "walk_aways": len(walks),
        "with_account": len(with_account),
        "sellers": walks["seller_id"].nunique(),
        "bristle_followed": len(seen),
        "bristled": int(bristled.sum()),
        "followed": len(with_account),
        "returned": len(back),
        "median_days": float(np.median(days)) if len(days) >= LEAST_SHOWN else np.nan,
        **{to: int(back["returned_outcome"].isin(of).sum()) for to, of in BECAME.items()},
        **told,
        **_returned(with_account, rules.return_days),
    }


def _shares(name: str, rows: pd.DataFrame, happened: Flags) -> dict[str, object]:
    known = rows["seller_id"].notna().to_numpy(dtype=np.bool_)
    few = int(known.sum()) < LEAST_SHOWN or rows["seller_id"].nunique() < 2
    found = (
        (np.nan, np.nan, np.nan, np.nan)
        if few
        else share_interval(
            happened[known].astype(np.float64), codes(rows["seller_id"][known].astype(str))
        )
    )
    share = dict(zip((f"{name}_share", f"{name}_low", f"{name}_high"), found[:3], strict=True))
    return {**share, f"{name}_verdict": "too_few" if few else "ok"}


def _returned(walks: pd.DataFrame, horizon: int) -> dict[str, object]:
    """The share back by `horizon`, with its interval: Wilson's where nobody came back."""
    known = walks[walks["seller_id"].notna()]
    nothing = dict.fromkeys(("return_share", "return_low", "return_high"), np.nan)
    if walks.empty:
        return {**nothing, "verdict": "no_account"}
    if len(known) < LEAST_SHOWN or known["seller_id"].nunique() < 2:
        return {**nothing, "verdict": "too_few"}
    sellers = codes(known["seller_id"].astype(str))
    days, followed = numbers(known, "days_to_return"), numbers(known, "followed_days")
    is_followed = followed >= horizon
    if int(is_followed.sum()) < LEAST_SHOWN:
        return {**nothing, "verdict": "not_followed"}
    found = incidence(days, followed, sellers, horizon)
    share, error = float(found.incidence[-1]), float(found.error[-1])
    reach = float(student.ppf(0.975, max(found.n_clusters - 1, 1))) * error
    low, high = max(share - reach, 0.0), min(share + reach, 1.0)
    if not error > 0:
        _, low, high, _ = share_interval(
            np.full(int(is_followed.sum()), share), sellers[is_followed]
        )
    return {"return_share": share, "return_low": low, "return_high": high, "verdict": "ok"}


def curves(walks: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Share back by each day after the walk-away, as CURVE_COLUMNS, without groups too small."""
    ordered = walks.sort_values("walk_id", kind="stable")
    parts = []
    for name in CURVES:
        rows = ordered[belongs(ordered, name) & flags(ordered, "has_account")]
        rows = rows[rows["seller_id"].notna()]
        if len(rows) < LEAST_SHOWN or rows["seller_id"].nunique() < 2:
            continue
        found = incidence(
            numbers(rows, "days_to_return"),
            numbers(rows, "followed_days"),
            codes(rows["seller_id"].astype(str)),
            rules.return_days,
        )
        parts.append(curve_table(name, found).rename(columns={"strategy": "group"}))
    if not parts:
        return pd.DataFrame(columns=list(CURVE_COLUMNS)).astype(CURVE_COLUMNS)
    return pd.concat(parts, ignore_index=True).astype(CURVE_COLUMNS)


def contrasts(walks: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Endings with a date, or a reason, against those without, as CONTRAST_COLUMNS.

    `share` and `other_share` are what was seen (Kaplan-Meier), `estimate` holds all else equal. A
    row is "too_few" as models.alike has it; "not_recorded" where one side is empty;
    "not_followed" where fewer than 10 of a side were followed to the end; "constant" where no
    seller has both in a quarter.
    """
    rows = []
    endings = walks[(walks["act"] == "ending") & flags(walks, "has_account")]
    known = endings[endings["seller_id"].notna()]
    pool = sampled(known, rules).sort_values("walk_id", kind="stable")
    followed = numbers(pool, "followed_days")
    for name, column in CONTRASTS.items():
        is_one = flags(pool, column)
        for outcome, horizon in (("return", rules.return_days), ("bristle", rules.bristle_days)):
            days = numbers(pool, f"days_to_{outcome}")
            event = days <= np.minimum(followed, horizon)
            row: dict[str, object] = {
                **dict.fromkeys(CONTRAST_COLUMNS, np.nan),
                **{"contrast": name, "outcome": outcome, "within_days": horizon},
                **{"n": int(is_one.sum()), "other_n": int((~is_one).sum())},
                **{"events": int(event.sum()), "sellers": pool["seller_id"].nunique()},
                "verdict": verdict(is_one, event, pool["seller_id"].nunique()),
            }
            sides = (is_one, ~is_one)
            if not is_one.any() or is_one.all():
                row["verdict"] = "not_recorded"
            elif min(int((followed[side] >= horizon).sum()) for side in sides) < LEAST_SHOWN:
                row["verdict"] = "not_followed"
            else:
                shares = [
                    incidence(days[side], followed[side], np.arange(side.sum()), horizon).incidence
                    for side in sides
                ]
                row["share"], row["other_share"] = (float(share[-1]) for share in shares)
                row["difference"] = float(shares[0][-1] - shares[1][-1])
            if row["verdict"] == "ok":
                levels = ("lead_source", "pipeline", "source")
                alike = Alike.of(pool, is_one, ("amount_base", "age_days"), levels)
                found = alike.difference(seen_by(days, followed, horizon))
                row |= dict(zip(("estimate", "low", "high"), found, strict=True))
                row["verdict"] = "ok" if np.isfinite(found[0]) else "constant"
            rows.append(row)
    return pd.DataFrame(rows, columns=list(CONTRAST_COLUMNS)).astype(CONTRAST_COLUMNS)
