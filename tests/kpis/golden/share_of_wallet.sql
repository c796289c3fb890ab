-- by: segment
with bought as (
    select golden.month(day) as start, account_id, golden.known(segment) as segment, sum(net) as net
    from golden.sales where account_id is not null group by 1, 2, 3 having sum(net) > 0
),
placed as (
    select bought.*, golden.known(industry) as industry, golden.known(company_size) as size, coalesce(country, region, '(unknown)') as place
    from bought left join main.accounts using (account_id)
),
alike as (
    select one.start, one.account_id, one.segment, one.net, steps.traits, quantile_cont(cast(other.net as double), 0.8) as potential, count(*) as members
    from placed as one
    cross join (select unnest([0, 1, 2, 3, 4]) as traits) as steps
    join placed as other
        on other.start = one.start
        and [other.segment, other.size, other.industry, other.place][:steps.traits] = [one.segment, one.size, one.industry, one.place][:steps.traits]
    group by 1, 2, 3, 4, 5
),
nearest as (select * from alike where members >= 5 or traits = 0 qualify traits = max(traits) over (partition by start, account_id))
select start as period_start, segment as member, sum(net) / sum(greatest(net, potential)) as value
from nearest group by grouping sets ((1), (1, 2))
