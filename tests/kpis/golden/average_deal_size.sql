-- by: rep
select golden.month(closed_day) as period_start, rep as member, avg(closed_amount) as value
from golden.decided where status = 'won' and amount is not null group by grouping sets ((1), (1, 2))
