-- by: stage
with entered as (
    select golden.month(day) as start, stage, opportunity_id, min(entered_at) as entered_at, any_value(rank) as rank, any_value(status = 'won' and closed_day <= date '2024-09-17') as won
    from golden.stays where day <= date '2024-09-17' group by 1, 2, 3
),
judged as (
    select entered.*, coalesce(won, false) or exists (
        select 1 from golden.stays as later
        where later.opportunity_id = entered.opportunity_id and later.entered_at > entered.entered_at and later.rank > entered.rank and later.day <= date '2024-09-17'
    ) as went_on
    from entered
)
select start as period_start, stage as member, avg(case when went_on then 1.0 else 0.0 end) as value from judged group by grouping sets ((1), (1, 2))
