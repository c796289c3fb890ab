-- by: rep
select golden.month(promised_on) as period_start, rep as member,
    avg(case when delivered_on is not null and delivered_on <= promised_on and (delivered_quantity is null or delivered_quantity >= quantity)
        then 1.0 else 0.0 end) as value
from golden.lines where status = 'completed' and promised_on <= date '2024-09-17' group by grouping sets ((1), (1, 2))
