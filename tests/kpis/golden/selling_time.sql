-- by: rep
select golden.month(day) as period_start, rep as member, sum(duration_minutes) / 60 as value
from golden.activities where kind in ('call', 'email', 'meeting', 'visit', 'demo', 'message') and duration_minutes is not null group by grouping sets ((1), (1, 2))
