-- by: rep
with now as (
    select golden.month(day) as start, account_id, arg_min_null(rep, (ordered_at, order_id, line_no)) as rep
    from golden.purchases group by 1, 2
)
select start as period_start, rep as member, count(*) as value
from now
where exists (select 1 from golden.purchases as p where p.account_id = now.account_id and p.day < now.start)
    and not exists (
        select 1 from golden.purchases as p
        where p.account_id = now.account_id and p.day < now.start and cast(p.day + interval 6 month as date) >= now.start
    )
group by grouping sets ((1), (1, 2))
