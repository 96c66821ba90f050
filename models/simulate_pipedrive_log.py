"""What Pipedrive logs of each deal: one line a change of a field."""

import numpy as np
import pandas as pd

from models.simulate_facts import Facts
from models.simulate_pipedrive_forms import STATUS, Records, day, ids, moment, records


def last_open(saves: pd.DataFrame) -> pd.DataFrame:
    """Each deal as it last was while open: stage, expected_on, and when it was moved there."""
    rows = saves[STATUS[saves["stage"]] == "Open"]
    is_move = rows["stage"].ne(rows.groupby("deal")["stage"].shift())
    moved = rows["created"].where(is_move).groupby(rows["deal"]).ffill()
    latest = rows.assign(moved=moved).drop_duplicates("deal", keep="last").set_index("deal")
    kept: pd.DataFrame = latest[["stage", "expected_on", "moved"]]
    return kept


def changelog(facts: Facts, deals: pd.DataFrame, saves: pd.DataFrame, until_sec: int) -> Records:
    """The creation, and every change of stage, status, value, expected close date and owner."""
    is_open = STATUS[saves["stage"]] == "Open"
    # A closed deal keeps its stage and its expected close date.
    stage = saves["stage"].where(is_open).groupby(saves["deal"]).ffill()
    expected = saves["expected_on"].where(is_open).groupby(saves["deal"]).ffill()
    created = deals.set_index("number")["created"]
    first = saves.drop_duplicates("deal")
    born = pd.DataFrame(
        {
            "deal": first["deal"],
            "field_key": "add_time",
            "old_value": None,
            "new_value": moment(created.reindex(first["deal"])).to_numpy(),
            "sec": first["created"],
            "by": first["by"],
            "order": 0,
        }
    )
    values = {
        "stage_id": ids("stage", stage.astype(np.int64)),
        "status": np.char.lower(STATUS.astype(str))[saves["stage"]],
        "value": saves["amount"].map("{:.0f}".format),
        "expected_close_date": day(expected),
    }
    every = [born]
    for order, (field, told) in enumerate(values.items(), start=1):
        value = pd.Series(told, saves.index).astype(str)
        before = value.groupby(saves["deal"]).shift()
        changed = before.notna() & before.ne(value)
        every.append(
            pd.DataFrame(
                {
                    "deal": saves["deal"][changed],
                    "field_key": field,
                    "old_value": before[changed],
                    "new_value": value[changed],
                    "sec": saves["created"][changed],
                    "by": saves["by"][changed],
                    "order": order,
                }
            )
        )
    given = facts.owners[facts.owners["deal"].isin(saves["deal"])]
    given = given[given["since"] <= until_sec]
    every.append(
        pd.DataFrame(
            {
                "deal": given["deal"],
                "field_key": "user_id",
                "old_value": ids("user", given["before"]).astype(str),
                "new_value": ids("user", given["seller"]).astype(str),
                "sec": given["since"],
                "by": given["by"],
                "order": len(every),
            }
        )
    )
    rows = pd.concat(every, ignore_index=True)
    rows = rows.sort_values(["deal", "sec", "order"], kind="stable", ignore_index=True)
    operations = int(facts.users.loc[~facts.users["is_automatic"].astype(bool), "number"].max())
    return records(
        id=ids("change", rows.index),
        deal_id=ids("deal", rows["deal"]),
        field_key=rows["field_key"],
        old_value=rows["old_value"],
        new_value=rows["new_value"],
        actor_user_id=ids("user", rows["by"]),
        time=moment(rows["sec"]),
        change_source=["app"] * len(rows),
        is_bulk_update_flag=rows["by"] == operations,
    )
