-- One row a period and member: the net sales target of the period that follows. The company's own has no member.
-- needs: targets.value
-- per: period
select
    p.id as period_id,
    case when :dimension = 'rep' then target.member end as rep_id,
    case when :dimension = 'team' then target.member end as team,
    case when :dimension = 'region' then target.member end as region,
    target.value
from periods as p
join main.periods as following on following.previous_id = p.id and following.calendar = :calendar and following.grain = :grain
join main.targets as target
    on target.period_start = following.start_day and target.grain = following.grain and target.kpi = 'net_sales'
    and coalesce(target.dimension, '') = :dimension
