-- by: source
select golden.month(golden.local_day(started_at)) as period_start, golden.known(source) as member, count(*) as value
from main.web_sessions where golden.local_day(started_at) <= date '2024-09-17' group by grouping sets ((1), (1, 2))
