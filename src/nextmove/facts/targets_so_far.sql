-- One row a period and member: what its targets ask for by now, the whole of a finished period, a share of a running one. A target counts
-- for its own grain, period and dimension; none is made of others. The company's own has no member. The share goes by working days, by
-- calendar days, or by last year's shape: how much of what the company did in the same period a year before it had done after as many
-- working days (a KPI without a sum a day, or a year without any, goes by working days).
-- needs: targets.value
-- per: period
with share as (
    select
        p.id, p.end_day, p.year_ago_id,
        sum(case when c.working_day then 1 else 0 end) as worked,
        count(*) as gone,
        max(case when c.day = :as_of and c.working_day then 1 else 0 end) as on_a_working_day
    from periods as p
    join main.calendar as c on c.day >= p.start_day and c.day < p.until
    group by p.id, p.end_day, p.year_ago_id
),
year_before as (
    select
        share.id, c.day, c.working_day, share.worked, share.on_a_working_day,
        sum(case when c.working_day then 1 else 0 end) over (partition by share.id order by c.day) as worked_then
    from share
    join main.calendar as c on c.:period_id = share.year_ago_id
    where :pace = 'last_year' and share.end_day > :seen
),
done as (
    select 'net_sales' as kpi, day, net as amount from facts.sales
    union all
    select 'gross_profit', day, net - cost from facts.sales where cost is not null
    union all
    select 'units_sold', day, quantity from facts.sales
    union all
    select 'new_customers', day, 1 from facts.purchase_ends where opens_day and previous_day is null
    union all
    select 'calls', day, 1 from facts.activities where kind = 'call'
),
shape as (
    select
        year_before.id, done.kpi,
        cast(sum(case
            when year_before.worked_then < year_before.worked
                or (year_before.worked_then = year_before.worked and (year_before.working_day or year_before.on_a_working_day = 0))
            then done.amount
        end) as double) / nullif(cast(sum(done.amount) as double), 0) as done_share
    from year_before
    join done on done.day = year_before.day
    group by year_before.id, done.kpi
)
select
    p.id as period_id,
    target.kpi,
    case when :dimension = 'rep' then target.member end as rep_id,
    case when :dimension = 'team' then target.member end as team,
    case when :dimension = 'region' then target.member end as region,
    case when :dimension = 'product' then target.member end as product_id,
    cast(target.value as double) * case
        when p.end_day <= :seen then 1
        when :pace = 'calendar_days' then coalesce(share.gone, 0) / cast(date_diff('day', p.start_day, p.end_day) as double)
        else coalesce(shape.done_share, coalesce(share.worked, 0) / nullif(cast(p.working_days as double), 0))
    end as value
from periods as p
join main.targets as target
    on target.period_start = p.start_day and target.grain = :grain and coalesce(target.dimension, '') = :dimension
left join share on share.id = p.id
left join shape on shape.id = p.id and shape.kpi = target.kpi
