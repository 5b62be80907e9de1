"""What the contract's schema refuses is told by the column whose value it is, whichever way the value came."""

from __future__ import annotations

import pytest

from runner.domain.outcome import Reason
from runner.mapping import Mappings, RowRefused
from tests.mapping.site import MESSAGE_ID, an_item
from tests.mapping.test_cda import ROW


@pytest.mark.parametrize(
    "change",
    [{"NEV": "Háry\r\nJános"}, {"NEV": "Háry\nJános", "SZERZO_NEV": "Háry\nJános"}],
    ids=["ends of lines as Windows writes them", "two columns that say the same"],
)
def test_a_name_of_two_lines_is_told_by_its_column(shipped: Mappings, change: dict[str, str]) -> None:
    kind = shipped.types["ehr_feltoltes"]
    with pytest.raises(RowRefused) as refused:
        kind.prepare({**ROW, **change}, an_item(kind.name, lane="background"), MESSAGE_ID)
    assert (refused.value.column, refused.value.outcome.reason_code) == ("NEV", Reason.BAD_FIELD)
