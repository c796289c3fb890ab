-- One row a period and member: what its targets ask for by now, the whole of a finished period, the share of a running one by its working
-- days. A target counts for its own grain, period and dimension; none is made of others. The company's own has no member.
-- needs: targets.value
-- per: period
select
    p.id as period_id,
    target.kpi,
    case when :dimension = 'rep' then target.member end as rep_id,
    case when :dimension = 'team' then target.member end as team,
    case when :dimension = 'region' then target.member end as region,
    case when :dimension = 'product' then target.member end as product_id,
    cast(target.value as double) * case when p.end_day <= :seen then 1 else coalesce(worked.days, 0) / nullif(cast(p.working_days as double), 0) end as value
from periods as p
join main.targets as target
    on target.period_start = p.start_day and target.grain = :grain and coalesce(target.dimension, '') = :dimension
left join (
    select p.id, count(*) as days
    from periods as p
    join main.calendar as c on c.day >= p.start_day and c.day < p.until
    where c.working_day
    group by p.id
) as worked on worked.id = p.id
