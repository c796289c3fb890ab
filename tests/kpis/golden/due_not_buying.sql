-- by: rep
with days as (
    select account_id, day, arg_max_null(rep, (ordered_at, order_id, line_no)) as rep from golden.purchases group by account_id, day
),
gaps as (
    select later.account_id, later.day, later.day - max(earlier.day) as gap
    from days as later join days as earlier on earlier.account_id = later.account_id and earlier.day < later.day
    group by later.account_id, later.day
),
due as (
    select days.account_id, rep, days.day, days.day + cast(ceil(median(gap)) as integer) as due_on
    from days join gaps on gaps.account_id = days.account_id and gaps.day <= days.day
    group by days.account_id, days.day, rep
    having count(*) >= 2
),
waiting as (
    select golden.month(due_on) as start, due.rep, due.account_id
    from due
    left join days as again
        on again.account_id = due.account_id and again.day > due.day and again.day < golden.month(due_on) + interval 1 month
    where due_on <= date '2024-09-17' and again.day is null
)
select start as period_start, rep as member, count(distinct account_id) as value from waiting group by grouping sets ((1), (1, 2))
