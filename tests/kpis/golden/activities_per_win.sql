-- by: rep
with sides as (
    select golden.month(closed_day) as start, rep, 0 as done, 1 as wins from golden.decided where status = 'won'
    union all
    select golden.month(closed_day), d.rep, 1, 0
    from golden.decided as d join main.activities as a on a.opportunity_id = d.opportunity_id and a.started_at <= d.closed_at where status = 'won'
)
select start as period_start, rep as member, sum(done) / nullif(sum(wins), 0) as value from sides group by grouping sets ((1), (1, 2))
