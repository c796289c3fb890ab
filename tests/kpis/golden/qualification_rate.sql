-- by: response_band
-- of those answered in the month, the share that ever became SQLs, by how long they had waited
with answered as (
    select *, case when hours > 24 then 'later' when hours > 1 then 'within 24 h' when hours > 5 / 60 then 'within 1 h' else 'within 5 min' end as band
    from golden.leads where response_day <= date '2024-09-17' and hours >= 0
)
select golden.month(response_day) as period_start, band as member, count(case when sql_day <= date '2024-09-17' then 1 end) / count(*) as value
from answered group by grouping sets ((1), (1, 2))
