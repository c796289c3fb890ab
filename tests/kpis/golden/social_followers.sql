-- by: network
with told as (
    select start, network, arg_max(followers, day) as followers
    from golden.ends join main.social_stats on day < ends
    where followers is not null group by 1, 2
)
select start as period_start, network as member, sum(followers) as value from told group by grouping sets ((1), (1, 2))
