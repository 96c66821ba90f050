-- Domains of our own mail. A seller with a free mailbox does not make every such mailbox ours.
select distinct domain
from (
    select regexp_extract(lower(email), '@([a-z0-9.-]+)', 1) as domain from raw.hubspot_owner
)
where
    domain <> ''
    and domain not in (
        'gmail.com', 'googlemail.com', 'outlook.com', 'hotmail.com', 'live.com', 'yahoo.com',
        'icloud.com', 'me.com', 'aol.com', 'proton.me', 'gmx.de', 'web.de', 'qq.com',
        'naver.com', 'daum.net', 'hanmail.net', 'kakao.com', 'nate.com'
    )
