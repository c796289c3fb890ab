-- by: rep
select start as period_start, rep as member, count(*) as value
from golden.open_deals where expected_close_on >= start and expected_close_on < ends group by grouping sets ((1), (1, 2))
