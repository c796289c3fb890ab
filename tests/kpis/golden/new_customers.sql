-- by: source
with firsts as (
    select account_id, min(ordered_at) as at, min(day) as day from golden.purchases group by account_id
),
sourced as (
    select firsts.*, golden.known((
        select source from main.leads
        where leads.account_id = firsts.account_id and source is not null and created_at <= firsts.at
        order by created_at, lead_id limit 1
    )) as source
    from firsts
)
select golden.month(day) as period_start, source as member, count(*) as value from sourced group by grouping sets ((1), (1, 2))
