-- by: segment
select golden.month(golden.local_day(responded_at)) as period_start, golden.known(segment) as member,
    100.0 * (count(case when score >= 9 then 1 end) - count(case when score <= 6 then 1 end)) / count(*) as value
from main.surveys left join main.accounts using (account_id)
where kind = 'nps' and golden.local_day(responded_at) <= date '2024-09-17' group by grouping sets ((1), (1, 2))
