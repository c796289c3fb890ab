-- by: cancel_reason
select golden.month(day) as period_start, golden.known(cancel_reason) as member, sum(net) as value
from golden.lines where status = 'cancelled' group by grouping sets ((1), (1, 2))
