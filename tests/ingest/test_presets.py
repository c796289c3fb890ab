"""Exports of well-known systems are recognised by their header, and need no mapping and no yes."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("near")

DEALS = """select opportunity_id, status, strftime(created_at, '%Y-%m-%d'), strftime(closed_at, '%Y-%m-%d'), amount
           from opportunities order by 1"""
EXPECTED = [
    ("1", "won", "2025-01-31", "2025-03-15", Decimal(100)),
    ("2", "lost", "2025-02-01", "2025-03-20", Decimal("50.25")),
    ("3", "open", "2025-02-02", None, Decimal(75)),
]

EXPORTS = {
    "salesforce": b"""Id,Name,AccountId,OwnerId,StageName,Amount,CloseDate,CreatedDate,IsClosed,IsWon,LeadSource
1,a,A1,U1,Closed Won,100,2025-03-15,2025-01-31T09:30:00.000Z,true,true,Web
2,b,A1,U1,Closed Lost,50.25,2025-03-20,2025-02-01T09:30:00.000Z,true,false,Web
3,c,A2,U2,Proposal,75,2025-04-30,2025-02-02T09:30:00.000Z,false,false,
""",
    "hubspot": b"""Record ID,Deal Name,Deal Stage,Close Date,Create Date,Deal owner,Amount,Pipeline
1,a,Closed Won,2025-03-15 10:00,2025-01-31 09:30,Eva,100,Sales
2,b,Closed Lost,2025-03-20 10:00,2025-02-01 09:30,Eva,50.25,Sales
3,c,Proposal,2025-04-30 10:00,2025-02-02 09:30,Ben,75,Sales
""",
    "pipedrive": b"""Deal - ID,Deal - Title,Deal - Owner,Deal - Organization,Deal - Value,Deal - Stage,Deal - Status,Deal - Deal created,\
Deal - Won time,Deal - Lost time
1,a,Eva,ACME,100,Offer,Won,2025-01-31 09:30:00,2025-03-15 10:00:00,
2,b,Eva,ACME,50.25,Offer,Lost,2025-02-01 09:30:00,,2025-03-20 10:00:00
3,c,Ben,Globex,75,Offer,Open,2025-02-02 09:30:00,,
""",
}


@pytest.mark.parametrize("system", EXPORTS)
def test_deals(system: str, load_bytes: Callable[..., Any], rows: Callable[[str], Any]) -> None:
    result = load_bytes("export.csv", EXPORTS[system])[0]
    assert (result.table, result.loaded, result.rejected) == ("opportunities", 3, 0)
    assert rows(DEALS) == EXPECTED


def test_accounts_and_leads_of_salesforce(load_bytes: Callable[..., Any], rows: Callable[[str], Any]) -> None:
    load_bytes("export.csv", b"Id,Name,ParentId,OwnerId,BillingCountry,Industry\nA1,ACME,,U1,PL,Tools\n")
    load_bytes("export2.csv", b"Id,CreatedDate,IsConverted,ConvertedOpportunityId,LeadSource\nL1,2025-01-31T09:30:00.000Z,true,O1,Web\n")
    assert rows("select account_id, name, country, rep_id from accounts") == [("A1", "ACME", "PL", "U1")]
    assert rows("select lead_id, source, opportunity_id from leads") == [("L1", "Web", "O1")]
