"""Korean particles after names of every kind."""

import pytest

from reports.particles import PAIRS, with_particle


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # Hangul: by the final consonant.
        ("한빛", "한빛은 한빛이 한빛을 한빛과 한빛으로"),
        ("나라전자", "나라전자는 나라전자가 나라전자를 나라전자와 나라전자로"),
        ("서울", "서울은 서울이 서울을 서울과 서울로"),  # ㄹ: 로
        ("힣", "힣은 힣이 힣을 힣과 힣으로"),
        ("가", "가는 가가 가를 가와 가로"),
        # Digits, as Sino-Korean numbers: 영 일 이 삼 사 오 육 칠 팔 구.
        ("동아 0", "동아 0은 동아 0이 동아 0을 동아 0과 동아 0으로"),
        ("동아 1", "동아 1은 동아 1이 동아 1을 동아 1과 동아 1로"),
        ("동아 2", "동아 2는 동아 2가 동아 2를 동아 2와 동아 2로"),
        ("동아 3", "동아 3은 동아 3이 동아 3을 동아 3과 동아 3으로"),
        ("동아 4", "동아 4는 동아 4가 동아 4를 동아 4와 동아 4로"),
        ("동아 5", "동아 5는 동아 5가 동아 5를 동아 5와 동아 5로"),
        ("동아 6", "동아 6은 동아 6이 동아 6을 동아 6과 동아 6으로"),
        ("동아 7", "동아 7은 동아 7이 동아 7을 동아 7과 동아 7로"),
        ("동아 8", "동아 8은 동아 8이 동아 8을 동아 8과 동아 8로"),
        ("동아 9", "동아 9는 동아 9가 동아 9를 동아 9와 동아 9로"),
        ("10", "10은 10이 10을 10과 10으로"),
        ("24,000", "24,000은 24,000이 24,000을 24,000과 24,000으로"),
        ("2.05", "2.05는 2.05가 2.05를 2.05와 2.05로"),
        # Capitals letter by letter: 엘 엠 엔 알 end in a consonant.
        ("IBM", "IBM은 IBM이 IBM을 IBM과 IBM으로"),
        ("KT", "KT는 KT가 KT를 KT와 KT로"),
        ("SDL", "SDL은 SDL이 SDL을 SDL과 SDL로"),
        ("3M", "3M은 3M이 3M을 3M과 3M으로"),
        # Latin words as loan words.
        ("Google", "Google은 Google이 Google을 Google과 Google로"),
        ("Samsung", "Samsung은 Samsung이 Samsung을 Samsung과 Samsung으로"),
        ("Microsoft", "Microsoft는 Microsoft가 Microsoft를 Microsoft와 Microsoft로"),
        ("Slack", "Slack은 Slack이 Slack을 Slack과 Slack으로"),
        ("Toss", "Toss는 Toss가 Toss를 Toss와 Toss로"),
        # What stands in brackets, and marks, are not read.
        ("한빛 (주)", "한빛 (주)은 한빛 (주)이 한빛 (주)을 한빛 (주)과 한빛 (주)으로"),
        ('"나라"', '"나라"는 "나라"가 "나라"를 "나라"와 "나라"로'),
        # No plain reading: both forms.
        ("Acme", "Acme은(는) Acme이(가) Acme을(를) Acme과(와) Acme(으)로"),
        ("Web", "Web은(는) Web이(가) Web을(를) Web과(와) Web(으)로"),
        ("NAVER", "NAVER은(는) NAVER이(가) NAVER을(를) NAVER과(와) NAVER(으)로"),
        ("三菱", "三菱은(는) 三菱이(가) 三菱을(를) 三菱과(와) 三菱(으)로"),
        ("Café", "Café은(는) Café이(가) Café을(를) Café과(와) Café(으)로"),
        ("…", "…은(는) …이(가) …을(를) …과(와) …(으)로"),
    ],
)
def test_particles(name, expected):
    assert " ".join(with_particle(name, pair) for pair in PAIRS) == expected


def test_a_pair_that_is_none_is_an_error():
    with pytest.raises(KeyError):
        with_particle("한빛", "은")
