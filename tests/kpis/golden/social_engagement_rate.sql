-- by: network
select golden.month(day) as period_start, network as member, coalesce(sum(engagements), 0) / nullif(sum(reach), 0) as value
from main.social_stats where day <= date '2024-09-17' group by grouping sets ((1), (1, 2))
