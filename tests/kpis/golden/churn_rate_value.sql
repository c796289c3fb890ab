-- by: rep
with gone as (
    select start, rep, sum(year_net) as net from (
        select golden.month(d.departed_on) as start, d.account_id, arg_max(d.rep, d.departed_on) as rep, arg_max(year_net, d.departed_on) as year_net
        from (
            select d.departed_on, d.account_id, d.rep, sum(s.net) as year_net
            from golden.departures as d join golden.sales as s
                on s.account_id = d.account_id and s.day <= d.last_day and s.day + interval 12 month > d.last_day
            group by all
        ) as d group by 1, 2
    ) group by grouping sets ((1), (1, 2))
),
alive as (
    select b.start, b.rep, sum(s.net) as net
    from golden.base as b left join golden.sales as s
        on s.account_id = b.account_id and s.day < b.start and s.day + interval 12 month >= b.start
    group by grouping sets ((1), (1, 2))
)
select coalesce(alive.start, gone.start) as period_start, coalesce(alive.rep, gone.rep) as member, coalesce(gone.net, 0) / nullif(alive.net, 0) as value
from alive full join gone on gone.start = alive.start and gone.rep is not distinct from alive.rep
