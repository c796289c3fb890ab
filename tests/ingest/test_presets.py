"""Exports of well-known systems are recognised by their header, and need no mapping and no yes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import nextmove.ingest
from nextmove.tables import Kind, table

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
    "dynamics": b"""(Do Not Modify) Opportunity,(Do Not Modify) Row Checksum,(Do Not Modify) Modified On,Topic,Potential Customer,\
Est. Close Date,Est. Revenue,Status,Status Reason,Owner,Created On,Actual Close Date,Pipeline Phase
1,x,2025-03-15 10:00,a,ACME,2025-03-01,100,Won,Won,Eva,2025-01-31 09:30,2025-03-15,4-Close
2,y,2025-03-20 10:00,b,ACME,2025-03-01,50.25,Lost,Out-Sold,Eva,2025-02-01 09:30,2025-03-20,2-Develop
3,z,2025-02-02 10:00,c,Globex,2025-04-30,75,Open,In Progress,Ben,2025-02-02 09:30,,3-Propose
""",
    "dynamics-api": b"""opportunityid,name,statecode,createdon,estimatedvalue,estimatedclosedate,actualclosedate,stepname,_ownerid_value,\
modifiedon
1,a,1,2025-01-31T09:30:00Z,100,2025-03-01,2025-03-15,4-Close,U1,2025-03-15T10:00:00Z
2,b,2,2025-02-01T09:30:00Z,50.25,2025-03-01,2025-03-20,2-Develop,U1,2025-03-20T10:00:00Z
3,c,0,2025-02-02T09:30:00Z,75,2025-04-30,,3-Propose,U2,2025-02-02T10:00:00Z
""",
    "odoo": b"""ID,Opportunity,Customer,Salesperson,Stage,Probability,Active,Expected Revenue,Created on,Closed Date,\
Expected Closing,Lost Reason
1,a,ACME,Eva,Won,100,True,100,2025-01-31 09:30:00,2025-03-15 10:00:00,2025-03-01,
2,b,ACME,Eva,Proposition,0,False,50.25,2025-02-01 09:30:00,2025-03-20 10:00:00,2025-03-01,Too expensive
3,c,Globex,Ben,Proposition,40,True,75,2025-02-02 09:30:00,,2025-04-30,
""",
    "odoo-names": b"""id,name,partner_id,user_id,stage_id,probability,active,expected_revenue,create_date,date_closed
1,a,ACME,Eva,Won,100,True,100,2025-01-31 09:30:00,2025-03-15 10:00:00
2,b,ACME,Eva,Proposition,0,False,50.25,2025-02-01 09:30:00,2025-03-20 10:00:00
3,c,Globex,Ben,Proposition,40,True,75,2025-02-02 09:30:00,
""",
    "erpnext": b"""ID,Opportunity From,Party,Status,Opportunity Date,Sales Stage,Opportunity Amount,Expected Closing Date,Last Updated On
1,Customer,ACME,Converted,2025-01-31,Proposal,100,2025-03-01,2025-03-15 10:00:00
2,Customer,ACME,Lost,2025-02-01,Proposal,50.25,2025-03-01,2025-03-20 10:00:00
3,Lead,Globex,Quotation,2025-02-02,Proposal,75,2025-04-30,2025-02-03 10:00:00
""",
    "tryton": b"""Number,Party,Employee,Start Date,End Date,Amount,State,Conversion Probability,Reason for loss
1,ACME,Eva,2025-01-31,2025-03-15,100,Won,1,
2,ACME,Eva,2025-02-01,2025-03-20,50.25,Lost,0.2,price
3,Globex,Ben,2025-02-02,2025-04-30,75,Opportunity,0.5,
""",
    "tryton-names": b"""number,party.rec_name,start_date,end_date,amount,currency.code,state,conversion_probability
1,ACME,2025-01-31,2025-03-15,100,EUR,won,1
2,ACME,2025-02-01,2025-03-20,50.25,EUR,cancelled,0.2
3,Globex,2025-02-02,2025-04-30,75,EUR,opportunity,0.5
""",
    "sap-business-one": b"""OpprId,CardCode,SlpCode,OpenDate,PredDate,CloseDate,MaxSumLoc,Status,StepLast,Name
1,C1,4,20250131,20250301,20250315,100,W,3,a
2,C1,4,20250201,20250301,20250320,50.25,L,2,b
3,C2,5,20250202,20250430,,75,O,2,c
""",
}


@pytest.mark.parametrize("system", EXPORTS)
def test_deals(system: str, load_bytes: Callable[..., Any], rows: Callable[[str], Any]) -> None:
    result = load_bytes("export.csv", EXPORTS[system])[0]
    assert (result.table, result.loaded, result.rejected) == ("opportunities", 3, 0)
    assert rows(DEALS) == EXPECTED


PRESETS = sorted((Path(nextmove.ingest.__file__).parent / "presets").glob("*.toml"))
CELLS: dict[Kind, str] = {
    Kind.MONEY: "12.50",
    Kind.DAY: "2025-01-31",
    Kind.MOMENT: "2025-01-31T09:30:00",
    Kind.COUNT: "1",
    Kind.NUMBER: "2",
}
TOLD = {  # what a formula or a closed set reads
    **dict.fromkeys(("IsWon", "IsClosed", "active", "Active"), "true"),
    **dict.fromkeys(("Status", "State", "state", "Deal - Status"), "Won"),
    **dict.fromkeys(("Probability", "probability"), "100"),
    **dict.fromkeys(("actualclosedate", "CloseDate", "Deal - Won time"), "2025-02-15"),
    **dict(zip(("statecode", "ORDSTATUSDES", "ICODE", "CANCELED", "Deal Stage"), ("1", "Confirmed", "$", "N", "Closed won"), strict=True)),
    "Deal - Lost time": "",
}
STATES = {
    "odoo order_lines": "sale",
    "erpnext opportunities": "Converted",
    "erpnext order_lines": "Completed",
    "sap-business-one opportunities": "W",
}


EXPORTS_NAMED = [(path.stem, export) for path in PRESETS for export in tomllib.loads(path.read_text(encoding="utf-8"))["export"]]


@pytest.mark.parametrize(("system", "export"), EXPORTS_NAMED, ids=lambda one: one if isinstance(one, str) else one["table"])
def test_an_export_with_every_column_is_mapped_whole(
    system: str, export: dict[str, Any], load_bytes: Callable[..., Any], rows: Callable[[str], Any]
) -> None:
    """Every column that a preset names is one of ours and is filled; what a formula reads is in the header."""
    into, formulas = table(export["table"]), export.get("formulas", {})
    kinds = {column.name: column.kind for column in into.columns}
    cells = {
        theirs: TOLD.get(theirs, "EUR" if ours == "currency" else CELLS.get(kinds[ours], f"a {ours}"))
        for ours, theirs in export["columns"].items()
    }
    cells |= {sign: TOLD.get(sign, "a sign") for sign in export["signs"] if sign not in cells}
    state = STATES.get(f"{system} {into.name}")
    cells |= {name: state for name in ("Status", "state") if state and name in cells}
    assert {word for formula in formulas.values() for word in re.findall(r'"([^"]+)"', formula)} <= set(cells)
    content = ",".join(f'"{name}"' for name in cells) + "\n" + ",".join(f'"{cell}"' for cell in cells.values()) + "\n"
    result = load_bytes("export.csv", content.encode())[0]
    assert (result.table, result.loaded, result.rejected) == (into.name, 1, 0)
    filled = [*export["columns"], *formulas]
    (row,) = rows(f"select {', '.join(filled)} from {into.name}")
    assert [name for name, cell in zip(filled, row, strict=True) if cell is None] == []


def test_a_closing_day_that_a_formula_cannot_read_rejects_the_row(load_bytes: Callable[..., Any], rows: Callable[[str], Any]) -> None:
    export = EXPORTS["sap-business-one"].replace(b"20250320", b"in spring")
    result = load_bytes("export.csv", export)[0]
    assert (result.loaded, result.rejected) == (2, 1)
    assert rows("select opportunity_id from opportunities order by 1") == [("1",), ("3",)]
    assert "CloseDate is not a day between 1900 and 2200" in Path(result.rejects_file).read_text(encoding="utf-8")


def test_lines_of_odoo_whose_id_is_text_are_numbered(load_bytes: Callable[..., Any], rows: Callable[[str], Any]) -> None:
    export = """id,order_id,order_id/date_order,order_partner_id,product_id,product_uom_qty,price_subtotal,state
__export__.sale_order_line_7_1c,SO1,2025-01-31 09:30:00,1011,P1,2,20,sale
__export__.sale_order_line_8_2f,SO1,2025-01-31 09:30:00,1011,P2,1,10,sale
"""
    result = load_bytes("export.csv", export.encode())[0]
    assert (result.loaded, result.rejected) == (2, 0)
    assert rows("select line_no, product_id from order_lines order by 1") == [(1, "P1"), (2, "P2")]


def test_accounts_and_leads_of_salesforce(load_bytes: Callable[..., Any], rows: Callable[[str], Any]) -> None:
    load_bytes("export.csv", b"Id,Name,ParentId,OwnerId,BillingCountry,Industry\nA1,ACME,,U1,PL,Tools\n")
    load_bytes("export2.csv", b"Id,CreatedDate,IsConverted,ConvertedOpportunityId,LeadSource\nL1,2025-01-31T09:30:00.000Z,true,O1,Web\n")
    assert rows("select account_id, name, country, rep_id from accounts") == [("A1", "ACME", "PL", "U1")]
    assert rows("select lead_id, source, opportunity_id from leads") == [("L1", "Web", "O1")]


LINES = {
    "priority": """ORDNAME,CUSTNAME,CURDATE,AGENTCODE,ORDSTATUSDES,PARTNAME,KLINE,TQUANT,QPRICE,ICODE
SO1,1011,2025-01-31T00:00:00+02:00,7,Confirmed,P1,1,2,20,$
SO2,1011,2025-02-01T00:00:00+02:00,7,בוטלה,P1,1,1,10,"ש""ח"
""",
    "sap-business-one": """DocEntry,DocNum,DocDate,CardCode,SlpCode,LineNum,ItemCode,Quantity,LineTotal,CANCELED
SO1,1,20250131,1011,7,0,P1,2,20,N
SO2,2,20250201,1011,7,0,P1,1,10,Y
""",
    "odoo": """order_id,order_id/date_order,order_partner_id,product_id,product_uom_qty,price_subtotal,state
SO1,2025-01-31 09:30:00,1011,P1,2,20,sale
SO2,2025-02-01 09:30:00,1011,P1,1,10,cancel
SO3,2025-02-02 09:30:00,1011,P1,5,50,draft
""",
    "erpnext": """ID,Customer,Date,Status,Item Code (Sales Order Item),Quantity (Sales Order Item),Net Amount (Sales Order Item)
SO1,1011,2025-01-31,To Deliver and Bill,P1,2,20
SO2,1011,2025-02-01,Cancelled,P1,1,10
SO3,1011,2025-02-02,Draft,P1,5,50
""",
}


@pytest.mark.parametrize("system", LINES)
def test_order_lines(system: str, load_bytes: Callable[..., Any], rows: Callable[[str], Any]) -> None:
    """A quotation or a draft is no order: it is rejected and says so."""
    result = load_bytes("export.csv", LINES[system].encode())[0]
    assert (result.table, result.loaded, result.rejected) == ("order_lines", 2, LINES[system].count("SO3"))
    told = rows("select order_id, account_id, product_id, quantity::int, net_amount::int, status from order_lines order by 1")
    assert told == [("SO1", "1011", "P1", 2, 20, "completed"), ("SO2", "1011", "P1", 1, 10, "cancelled")]


@pytest.mark.parametrize(
    ("content", "table"),
    [
        ("CUSTNAME,CUSTDES,AGENTCODE\n1,ACME,7\n", "accounts"),
        ("CardCode,CardName,CardType,SlpCode\n1,ACME,C,7\n", "accounts"),
        ("accountid,name,industrycode,_ownerid_value\n1,ACME,4,7\n", "accounts"),
        ("PARTNAME,PARTDES,FAMILYNAME\n1,Tart,Cakes\n", "products"),
        ("ItemCode,ItemName,ItmsGrpCod,AvgPrice\n1,Tart,100,2.50\n", "products"),
    ],
)
def test_master_data(content: str, table: str, load_bytes: Callable[..., Any]) -> None:
    result = load_bytes("export.csv", content.encode())[0]
    assert (result.table, result.loaded, result.rejected) == (table, 1, 0)


def test_deals_of_tryton_that_are_open_are_expected_to_end(load_bytes: Callable[..., Any], rows: Callable[[str], Any]) -> None:
    load_bytes("export.csv", EXPORTS["tryton"])
    assert rows("select opportunity_id, expected_close_on::varchar from opportunities where status = 'open'") == [("3", "2025-04-30")]
