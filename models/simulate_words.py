"""The words of a simulated company: names, subjects, reasons, in English and Korean."""

import numpy as np

from models.simulate_course import (
    CLEANUP,
    COMPETITOR,
    DISQUALIFIED,
    SELLER_DROP,
    SILENT,
    TOLD_NO,
)
from models.simulate_dice import Dice, Ints, Texts


def _list(text: str) -> tuple[str, ...]:
    """The entries of a text, split at `|` and at line ends."""
    return tuple(part.strip() for part in text.replace("\n", "|").split("|") if part.strip())


STAGES = (
    # label, probability, closed, won
    ("Prospecting", 10, False, False),
    ("Qualification", 10, False, False),
    ("Needs Analysis", 20, False, False),
    ("Value Proposition", 50, False, False),
    ("Id. Decision Makers", 60, False, False),
    ("Perception Analysis", 70, False, False),
    ("Proposal/Price Quote", 75, False, False),
    ("Negotiation/Review", 90, False, False),
    ("Closed Won", 100, True, True),
    ("Closed Lost", 0, True, False),
    ("Closed - No Decision", 0, True, False),
)
CLOSED_WON, CLOSED_LOST, CLOSED_NO_DECISION = 8, 9, 10

REASONS: dict[int, tuple[str, ...]] = {
    COMPETITOR: _list("""
    Lost to Competitor | Lost to Competitor | Lost to Competitor | Price
    Lost to Competition - Bid | Went with another vendor | Product Fit
"""),
    TOLD_NO: _list("""
    No Budget / Lost Funding | No Budget / Lost Funding | Project cancelled
    Decision deferred to next fiscal year | Change of Priority | Priority Change
    Internal reorganisation, no owner any more | Stayed with Current Provider
    Customer - Bad Timing, Will Revisit | No Decision / Non-Responsive
"""),
    SILENT: _list("""
    No Decision / Non-Responsive | No Decision / Non-Responsive
    No Decision / Non-Responsive | No Decision / Non-Responsive | Not Responding
    Contact - Not Responsive | Went dark | Lost Momentum | ghosted us after the proposal
    Timing
"""),
    DISQUALIFIED: _list("""
    Poor Fit | Poor Fit | Unqualified Opportunity | Poor Qualification | Not Viable
    Unqualified - no compelling reason to change | Disqualified - too small for us
    Declined - Poor Fit
"""),
    SELLER_DROP: _list("We failed to follow up | Failed to follow up"),
    CLEANUP: _list("No Decision / Non-Responsive"),
}
REASONS_KO: dict[int, tuple[str, ...]] = {
    COMPETITOR: _list("타사 선정 | 타사 선정 (경쟁 패배) | 가격 열세"),
    TOLD_NO: _list("예산 삭감 | 예산 미확보 | 프로젝트 취소 | 내부 사정 | 시기 부적합"),
    SILENT: _list("연락두절 | 연락두절 | 무응답"),
    DISQUALIFIED: _list("배드핏 | 배드핏 | Poor Fit"),
    SELLER_DROP: _list("우리가 연락 못 함"),
    CLEANUP: _list("연락두절"),
}
DETAILS: dict[int, str] = {
    COMPETITOR: "They liked us, but the rival was already in two plants",
    TOLD_NO: "CFO stopped all new spending\nwill look again after the audit",
    SILENT: 'Last word: "we will get back to you"\nNothing since, four mails and two calls',
    DISQUALIFIED: "We told them why we step back, and left the door open",
    SELLER_DROP: "Handover was missed, nobody called back",
}
RIVALS = _list("Norvane | Kestrelsoft | Bluepeak | Tallgrass | Orbivia")
FIRST = _list("""
    Anna | James | Maria | Peter | Laura | Tom | Nina | David | Sara | Paul | Elena | Mark
    Julia | Simon | Clara | Hugo | Ida | Felix | Rosa | Leon
""")
LAST = _list("""
    Miller | Smith | Novak | Rossi | Weber | Larsen | Dubois | Clark | Evans | Moreau
    Jansen | Keller | Silva | Brown | Murphy | Lopez | Hughes | Ward
""")
FIRST_KO = _list("민수 | 지영 | 서준 | 하은 | 도윤 | 수빈 | 현우 | 은지 | 준호 | 유진")
LAST_KO = _list("김 | 이 | 박 | 최 | 정 | 강 | 조 | 윤 | 장 | 임")
PLACES = _list("""
    Alder | Birch | Cedar | Delta | Eagle | Falcon | Granite | Harbor | Iron | Juniper
    Keystone | Lakeside | Maple | Northern | Oakwood | Pioneer | Quarry | River | Summit
    Timber | Union | Valley | Willow | Yellowstone | Zephyr
""")
TRADES = _list("""
    Foods | Logistics | Health | Energy | Software | Retail | Plastics | Motors | Insurance
    Printing | Textiles | Farms | Robotics | Chemicals
""")
FORMS = _list("Inc. | Ltd | GmbH | LLC | AG | Group")
PLACES_KO = _list("한빛 | 대성 | 서울 | 한강 | 동아 | 미래 | 청솔 | 새한 | 우리 | 삼화 | 태평")
TRADES_KO = _list("전자 | 물류 | 화학 | 식품 | 소프트 | 건설 | 정밀 | 제약 | 통신 | 에너지")
INDUSTRIES = _list("""
    Manufacturing | Retail | Healthcare | Technology | Energy | Insurance | Transportation
    Agriculture
""")
COUNTRIES = _list("United States | United States | Germany | South Korea")
TITLES = _list("""
    CFO | VP Operations | Head of IT | Procurement Manager | Plant Manager | Project Manager
    Analyst | Director of Finance | Engineer | CEO
""")
ROLES = _list("""
    Decision Maker | Economic Buyer | Evaluator | Influencer | Technical Buyer
    Business User | Executive Sponsor
""")
PRODUCTS = _list("Planning | Scheduling | Analytics | Quality | Maintenance | Platform")
TOPICS = _list("""
    your questions on pricing | next steps | security questionnaire | the pilot
    integration with the ERP | reference call | contract terms | implementation plan | proposal
    requirements | timeline | business case | data migration | training
""")
TOPICS_KO = _list("견적 문의 | 다음 단계 | 계약 조건 | 도입 일정 | 제안서 | 기술 검토 | 보안 점검")
LATER = _list("""
    Re: maybe later this year | Re: not the right time, let us talk next quarter
    Re: we need to postpone | Re: putting this on hold for now | Re: back after summer
""")
LATER_KO = _list("Re: 내년에 다시 논의하시죠 | Re: 도입을 보류하기로 했습니다")
CHASES = _list("""
    Following up | Checking in | Just bumping this up | Any update? | Quick question
    Still interested? | Special price until month end
""")
PRESSES = _list("""
    Last chance to lock in this year's price | Offer expires Friday | 20% off if you sign this week
    Final notice before prices go up | Discount until the end of the month
""")
PRESSES_KO = _list("""
    이번 주까지 마감입니다 | 마지막 안내드립니다 | 특별 할인 제안 | 가격 인상 전 안내
""")
CHASES_KO = _list("확인 부탁드립니다 | 진행 상황 문의 | 검토 부탁드립니다")
MEETINGS = _list("""
    Discovery call | Demo | Technical deep dive | Proposal review | Steering meeting
    Site visit
""")
MEETINGS_KO = _list("제품 시연 | 기술 미팅 | 제안 설명회")
PROMISES = _list("""
    Buyer to: confirm budget | Buyer to: send requirements | Buyer to: invite the CFO
    Buyer to: return the signed NDA | Buyer to: name a decision date
""")
TODOS = _list("""
    Send pricing | Prepare business case | Update the proposal | Book reference call
""")
NEXT_STEPS = _list("""
    Call them | Send proposal | Wait for security review | Demo for the plant team
    Agree on terms
""")
NEXT_STEPS_AWKWARD = (
    'Call CFO, she said "after the board"',
    "1) resend offer\n2) call Monday",
    "Ask about budget; timeline, owner",
)
REASONS_LEAD = _list("Poor Fit | Too small | Student | No need | Not Viable | Not a decision maker")


def joined(
    dice: Dice, key: Ints, first: tuple[str, ...], second: tuple[str, ...], between: str
) -> Texts:
    """For each key one of the first words and one of the second."""
    one = dice.pick(key, "one" + between, first)
    two = dice.pick(key, "two" + between, second)
    return np.char.add(np.char.add(one, between), two)
