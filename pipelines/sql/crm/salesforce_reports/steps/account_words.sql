-- Names of accounts and the account that each tells; a name that several share tells none.
select word, case when count(distinct id) = 1 then min(id) end as id
from (
    select lower(trim(name)) as word, id from raw.salesforce_account
    union all
    select lower(trim(account_name)), account_id from raw.salesforce_reports_opportunity
)
where word <> '' and id is not null
group by word
