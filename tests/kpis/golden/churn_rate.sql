-- by: rep
with gone as (
    select start, rep, count(*) as n from (
        select golden.month(departed_on) as start, account_id, arg_max(rep, departed_on) as rep from golden.departures group by 1, 2
    ) group by grouping sets ((1), (1, 2))
),
alive as (select start, rep, count(*) as n from golden.base group by grouping sets ((1), (1, 2)))
select coalesce(alive.start, gone.start) as period_start, coalesce(alive.rep, gone.rep) as member, coalesce(gone.n, 0) / alive.n as value
from alive full join gone on gone.start = alive.start and gone.rep is not distinct from alive.rep
