-- One row a stay in a stage that began in the period, as known at the end of `as_of`: its days, and whether it has ended.
-- needs: stage_changes.to_stage
-- per: period
-- ages: select day from facts.stage_stays where left_at is null
select
    c.:period_id as period_id, stay.stage, stay.rep_id, stay.team, stay.source,
    coalesce(stay.left_at < now.moment, false) as ended,
    extract(epoch from case when stay.left_at < now.moment then stay.left_at else now.moment end - stay.entered_at) / 86400 as days
from facts.stage_stays as stay
join main.calendar as c on c.day = stay.day
join periods as p on p.id = c.:period_id
cross join (select min(turns_at) as moment from main.calendar where local_day_after = :seen) as now
where stay.day < :seen
