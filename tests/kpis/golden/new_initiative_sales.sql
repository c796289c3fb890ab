-- by: initiative
select golden.month(day) as period_start, golden.known(initiative) as member, sum(net) as value
from golden.sales
where initiative is not null or day between launched_on and launched_on + interval 6 month - interval 1 day
group by grouping sets ((1), (1, 2))
