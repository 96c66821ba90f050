-- Changes of owner that a flow or a changelog of Pipedrive deals tells.
select
    'pipedrive' as source,
    'pipedrive:' || c.key as deal_id,
    c.moment as changed_at,
    cast(floor(epoch(c.moment)) as bigint) as changed_sec,
    'pipedrive:' || coalesce(f.id, c.old_value) as from_seller_id,
    'pipedrive:' || coalesce(t.id, c.new_value) as to_seller_id,
    'pipedrive:' || max(c.user_id) as changed_by,
    bool_or(c.is_bulk) as is_bulk
from crm.pipedrive_logged_changes as c
left join crm.pipedrive_user_words as f on lower(c.old_value) = f.word
left join crm.pipedrive_user_words as t on lower(c.new_value) = t.word
where
    c.key is not null
    and c.field in ('user_id', 'owner_id')
    and c.new_value is distinct from c.old_value
group by c.key, c.moment, f.id, c.old_value, t.id, c.new_value
