-- core.stage_changes, warn
-- Every stage in the history stands in the list of stages.
select c.to_stage as stage, count(*) as moves
from core.stage_changes c
join core.deals d on d.deal_id = c.deal_id
left join core.stages s
    on s.source = d.source and s.pipeline = d.pipeline and s.stage = c.to_stage
where s.stage is null
group by c.to_stage
order by moves desc, stage
