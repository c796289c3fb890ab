-- by: source
-- options: start=opportunity
select golden.month(closed_day) as period_start, source as member, median(epoch(closed_at - created_at) / 86400) as value
from golden.decided where status = 'won' and closed_at >= created_at group by grouping sets ((1), (1, 2))
