-- The newest day on which a sheet was worked on. A sheet holds days ahead too, so only what has
-- happened counts: creations, changes, moves, acts, and the closing of a deal that has ended.
with stamps as (
    select greatest(created_at, modified_at) as stamp from raw.sheet_deal
    union all
    select closed_on
    from raw.sheet_deal
    where
        lost_reason is not null
        or drop_reason is not null
        or regexp_matches(
            lower(concat_ws(' ', stage, status, outcome)),
            'won|lost|closed|disqual|cancel|abandon|rejected|no response|수주|실주|드[랍롭]|종료|종결|실패'
            || '|취소|무응답|두절|배드|탈락|gewonnen|verloren|gagn|perdu|ganad|perdid|受注|失注'
            || '|accepted|declined|withdr|ghost|filled|합격|포기|철회'
        )
    union all
    select changed_at from raw.sheet_stage_change
    union all
    select recorded_at from raw.sheet_activity
    union all
    select happened_at from raw.sheet_activity where lower(coalesce(status, '')) not in (
        'planned', 'scheduled', 'booked', 'to do', 'todo', '예정', '계획'
    )
)

select
    'sheet' as source,
    cast(epoch(max(try_cast(stamp as timestamp))) as bigint) as newest_sec
from stamps
having max(try_cast(stamp as timestamp)) is not null
