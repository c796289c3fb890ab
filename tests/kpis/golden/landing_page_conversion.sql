-- by: landing_page
select golden.month(golden.local_day(started_at)) as period_start, landing_page as member,
    count(case when cta_clicked then 1 end) / count(*) as value
from main.web_sessions where golden.local_day(started_at) <= date '2024-09-17' and landing_page is not null group by grouping sets ((1), (1, 2))
