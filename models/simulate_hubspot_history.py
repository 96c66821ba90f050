"""What the properties of HubSpot deals were, revision by revision."""

import numpy as np
import pandas as pd

from models.simulate_company import DAY
from models.simulate_facts import Facts
from models.simulate_hubspot_forms import (
    PIPELINE,
    STAGE_IDS,
    STAGES,
    Table,
    ids,
    instant,
    minute,
    number,
)

REVISIONS = 20  # of each property of a deal that are kept
DATED_BACK_AFTER = 60


def history(facts: Facts, deals: pd.DataFrame, until_sec: int) -> pd.DataFrame:
    """Every revision up to a moment by deal and time: deal, property, value, sec, source, by."""
    saves = facts.saves[(facts.saves["created"] <= until_sec) & ~facts.saves["is_deleted"]]
    saves = saves[saves["deal"].isin(deals["number"])].reset_index(drop=True)
    closes = STAGES["is_closed"].to_numpy()[saves["stage"]]
    is_first = saves["deal"].ne(saves["deal"].shift()).to_numpy()
    was_closed = ~is_first & np.append(False, closes[:-1])
    first = facts.owners.drop_duplicates("deal").set_index("deal")["before"]
    owner = deals.set_index("number")["seller"].astype(np.int64)
    owner.update(first)
    given = facts.owners[facts.owners["deal"].isin(deals["number"])].rename(
        columns={"since": "created"}
    )

    def changed(column: str) -> np.ndarray:
        return is_first | saves[column].ne(saves[column].shift()).to_numpy()

    # Closing sets the close date to now, and opening again leaves it until somebody sets it.
    is_set = ~closes & (changed("expected_on") | was_closed)
    is_closing = closes & ~was_closed
    on = instant(saves["expected_on"] * DAY)
    dated_back = is_closing & (saves["expected_on"] < saves["created"] // DAY).to_numpy()
    later = saves.assign(created=saves["created"] + DATED_BACK_AFTER)
    parts = [
        _revisions(saves, changed("stage"), "dealstage", STAGE_IDS[saves["stage"]]),
        _revisions(saves, changed("amount"), "amount", number(saves["amount"])),
        _revisions(saves, is_set, "closedate", on),
        _revisions(saves, is_closing, "closedate", instant(saves["created"])),
        _revisions(later, dated_back, "closedate", on),
        _revisions(saves, is_first, "hubspot_owner_id", ids("owner", owner.reindex(saves["deal"]))),
        _revisions(
            given,
            np.ones(len(given), dtype=bool),
            "hubspot_owner_id",
            ids("owner", given["seller"]),
        ),
    ]
    every = pd.concat(parts, ignore_index=True)
    # One hand that changes many deals in a list does so at once.
    operations = int(facts.users.loc[~facts.users["is_automatic"].astype(bool), "number"].max())
    every["source"] = np.where(every["by"] == operations, "CRM_UI_BULK_ACTION", "CRM_UI")
    every = every[every["sec"] <= until_sec]
    return every.sort_values(["deal", "sec", "property"], kind="stable", ignore_index=True)


def _revisions(
    saves: pd.DataFrame, where: np.ndarray, name: str, values: np.ndarray | pd.Series
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "deal": saves["deal"][where],
            "property": name,
            "value": np.asarray(values, dtype=object)[where],
            "sec": saves["created"][where],
            "by": saves["by"][where],
        }
    )


def stage_entries(changes: pd.DataFrame, deals: pd.DataFrame) -> Table:
    """One column a stage: when each deal last entered it."""
    moves = changes[changes["property"] == "dealstage"]
    latest = moves.groupby(["value", "deal"])["sec"].last()
    columns: Table = []
    for place, stage in enumerate(STAGE_IDS):
        head = f'Date entered "{STAGES["label"][place]} ({PIPELINE})"'
        told = latest[stage] if stage in latest.index.get_level_values(0) else pd.Series(dtype="f8")
        entered = told.reindex(deals["number"]).reset_index(drop=True)
        columns.append((f"hs_v2_date_entered_{stage}", head, minute(entered)))
    return columns
