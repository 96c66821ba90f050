"""Files whose lines repeat two columns, each as often as it needs: a row for every pair."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipelines.contracts import fixed_columns
from pipelines.textfiles import CELL_SHOWN, Head, Misfit, parsed


def unfolded(head: Head, pair: Sequence[str], temp: Path) -> tuple[Head, tuple[Misfit, ...]]:
    """The file with a record for each pair, and what of it is no pair.

    A header such as `id, name, value1, timestamp1, value2, timestamp2` says where the pairs
    begin; a line may hold more of them than the header names.
    """
    fixed = fixed_columns(head.header, pair)
    place = temp / "unfolded.csv"
    numbers = [0]
    misfits = []
    with place.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, quoting=csv.QUOTE_ALL, lineterminator="\n")
        header = (*head.header[:fixed], *pair)
        writer.writerow(header)
        for n, (line, cells, _) in enumerate(parsed(head.path, head.delimiter, head.skipped_lines)):
            if n == 0:
                continue
            number = line if head.numbers is None else int(head.numbers[head.place + n])
            told = cells[fixed:]
            pairs = [(told[k], told[k + 1]) for k in range(0, len(told) - 1, 2)]
            filled = [values for values in pairs if any(values)]
            for values in filled:
                numbers.append(number)
                writer.writerow((*cells[:fixed], *values))
            if len(told) % 2 and told[-1]:
                misfits.append(
                    Misfit(
                        number, number, told[-1][:CELL_SHOWN], f"a {pair[0]} without a {pair[1]}"
                    )
                )
            elif not filled:
                misfits.append(
                    Misfit(number, number, "".join(cells[:1])[:CELL_SHOWN], f"no {pair[0]} in it")
                )
    made = Head(
        place,
        head.encoding,
        ",",
        ((1, header),),
        numbers=np.asarray(numbers, dtype=np.int64),
    )
    return made, (*head.above, *misfits)
