"""A warehouse that cannot be read any more: put aside, rebuilt from the exports, and told of.

Nothing is lost by it: everything in the warehouse comes from the exports, and the ledger of
predictions is files of its own. A file that cannot even be opened is seen at the start of a run;
one that is damaged within is seen when a step reads there, and put aside before the next run.
"""

from datetime import datetime
from pathlib import Path

from pipelines import alerts, warehouse
from pipelines.channels import Message
from pipelines.night import Night
from pipelines.warehouse import WarehouseBroken

# On a run that is made again at once where it finds the warehouse damaged.
AGAIN_TAG = "nodecision/again"


def _note(night: Night) -> Path:
    return night.places.warehouse.with_name(f"{night.places.warehouse.name}.damaged")


def is_damaged(night: Night) -> bool:
    """Whether a step has found the warehouse damaged."""
    return _note(night).exists()


def note_damage(night: Night, reason: str) -> None:
    """Remember that a step found the warehouse damaged, if that is what its error says."""
    if warehouse.is_broken(reason):
        _note(night).write_text(reason, encoding="utf-8")


def mend(night: Night, now: datetime) -> None:
    """Put a broken warehouse aside, so that this run builds it anew; a good one is left alone.

    Raises WarehouseError where it cannot be opened for another reason.
    """
    note, path = _note(night), night.places.warehouse
    is_broken = note.exists()
    if path.exists():
        try:
            # Also where damage was noted: nothing is moved while another run has it open.
            with night.open():
                pass
        except WarehouseBroken:
            is_broken = True
    if not is_broken:
        return
    if path.exists():
        warehouse.set_aside(path)
    note.unlink(missing_ok=True)
    text = (
        f"{path} could not be read and is built anew from the exports. The broken file lies beside "
        f"it as {path.name}.broken. The ledger of predictions is not part of it. If this comes "
        "again, look at the disk."
    )
    alerts.send(night, [Message("nodecision: warehouse rebuilt", text, now)])
