-- by: source
-- persona: segment=retail; country=PL,DE
select golden.month(day) as period_start, source as member,
    avg((case when segment = 'retail' then 1 else 0 end + case when country in ('PL', 'DE') then 1 else 0 end) / 2) as value
from golden.leads group by grouping sets ((1), (1, 2))
