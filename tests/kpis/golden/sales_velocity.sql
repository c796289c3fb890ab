-- by: rep
with begun as (
    select d.*, coalesce(
        (select created_at from main.leads where leads.lead_id = d.lead_id),
        (select min(created_at) from main.leads where leads.opportunity_id = d.opportunity_id and d.lead_id is null),
        d.created_at) as begun_at
    from golden.decided as d
),
months as (
    select golden.month(closed_day) as start, rep, count(case when status = 'won' then 1 end) / count(*) as rate,
        avg(case when status = 'won' then closed_amount end) as size,
        median(case when status = 'won' and closed_at >= begun_at then epoch(closed_at - begun_at) / 86400 end) as days
    from begun group by grouping sets ((1), (1, 2))
),
waiting as (select start, rep, count(*) as deals from golden.open_deals group by grouping sets ((1), (1, 2)))
select coalesce(w.start, m.start) as period_start, coalesce(w.rep, m.rep) as member, coalesce(deals, 0) * rate * cast(size as double) / nullif(days, 0) as value
from waiting as w full join months as m on m.start = w.start and m.rep is not distinct from w.rep
