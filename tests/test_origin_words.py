"""The rules on origins, asked as the flow asks them: what words say, and what they do not."""

import pytest

from pipelines import seeds, tables
from pipelines.night import RULES
from pipelines.settings import Settings
from pipelines.warehouse import in_memory

CAME_BY = {
    "borrowed": """
        Partner | Partner Referral | Channel Partner | Reseller | Distributor | Word of mouth
        Employee Referral | External Referral | Referred by customer | Customer refer | Channel
        Channel - Sales | Introduced by bank | 소개 | 지인 추천 | 파트너사 | 대리점 | 협력사 소개
    """,
    "unknown": "Other | other. | Unknown | N/A | - | Not specified | None | 기타 | 미상",
    "": """
        Web | Trade Show | Preferred vendor list | YouTube channel | Other event | Cold call
        Purchased List | Online channels campaign | 전시회 | 홈페이지
    """,
}
SUPPLIER = {
    "nobody": "None | No incumbent | nobody | Greenfield | no current vendor | 없음",
    "unknown": "Unknown | n/a | TBD | - | ? | Other | 확인중",
    "": "Norvane | Nobody Ltd | None Such Co | In-house | Other World Inc | 대성전자",
}
ENDED = {
    "stays": """
        Second source | Dual sourcing | 2nd vendor | Chosen as additional supplier
        Alongside the incumbent | In addition to their current provider | Split award
        Complements existing supplier | Backup vendor | 이원화 | 복수 벤더 | 병행 도입
    """,
    "leaves": """
        Competitive displacement | Rip and replace | Replaced the incumbent | Replacing legacy
        Switched from Norvane | Migrated away from competitor | 경쟁사 제품 교체 | 윈백
    """,
    "": """
        New Customer | Existing Customer - Replacement | Price | Best product | liked us
        Existing Business | Multi-year | 신규 | 가격
    """,
}
FIELDS = {"came_by": CAME_BY, "supplier": SUPPLIER, "ended": ENDED}
WORDINGS = [
    (field, " ".join(wording.split()), says)
    for field, classes in FIELDS.items()
    for says, told in classes.items()
    for line in told.strip().splitlines()
    for wording in line.split("|")
]


@pytest.fixture(scope="module")
def told():
    by_field = {field: [text for f, text, _ in WORDINGS if f == field] for field in FIELDS}
    with in_memory() as con:
        settings = Settings()
        seeds.write(con, RULES, settings.parameters(None), settings.mappings())
        con.execute(
            "create table crm.deals (lead_source varchar, deal_type varchar, won_reason varchar, "
            "lost_reason varchar, is_won boolean)"
        )
        con.execute("create table crm.accounts (incumbent varchar)")
        for text in by_field["came_by"]:
            con.execute("insert into crm.deals (lead_source) values ($1)", [text])
        for text in by_field["ended"]:
            con.execute("insert into crm.deals (won_reason) values ($1)", [text])
        for text in by_field["supplier"]:
            con.execute("insert into crm.accounts values ($1)", [text])
        rows = con.sql(tables.queries()["core.origin_words"].sql).fetchall()
    return {(field, text): says for field, text, says in rows}


@pytest.mark.parametrize(("field", "text", "says"), WORDINGS)
def test_words_say_what_they_say(told, field, text, says):
    assert told.get((field, text.lower()), "") == says
